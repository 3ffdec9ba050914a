r"""The named templates on one conversation: system S, user U1, assistant A1, user U2."""

from typing import Any

import pytest

from pyollama.gotemplate.prompts import GoPrompt, Think
from pyollama.store.create.named import NAMED

TALK = [
    {"role": "system", "content": "S"},
    {"role": "user", "content": "U1"},
    {"role": "assistant", "content": "A1"},
    {"role": "user", "content": "U2"},
]
PROMPTS = {
    "alfred": "<start_system>S<end_message><start_user>U1<end_message>"
    "<start_assistant>A1<end_message><start_user>U2<end_message><start_assistant>",
    "alpaca": "S\n\n### Instruction:\nU1\n\n### Response:\nA1\n\n### Instruction:\nU2\n\n"
    "### Response:\n",
    "chatml": "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU1<|im_end|>\n"
    "<|im_start|>assistant\nA1<|im_end|>\n<|im_start|>user\nU2<|im_end|>\n"
    "<|im_start|>assistant\n",
    "chatqa": "System: S\n\nUser: U1\n\nAssistant: A1\n\nUser: U2\n\nAssistant:",
    "codellama-70b-instruct": "Source: system\n\n S <step> Source: user\n\n U1 <step> "
    "Source: assistant\n\n A1 <step> Source: user\n\n U2 <step> "
    "Source: assistant\nDestination: user\n\n ",
    "command-r": "<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>S<|END_OF_TURN_TOKEN|>"
    "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>U1<|END_OF_TURN_TOKEN|>"
    "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>A1<|END_OF_TURN_TOKEN|>"
    "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>U2<|END_OF_TURN_TOKEN|><|END_OF_TURN_TOKEN|>"
    "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>\n",
    "falcon-instruct": "System: S\nUser:\nU1\nFalcon:\nA1\nUser:\nU2\nFalcon:\n",
    "gemma-instruct": "<start_of_turn>user\nS\nU1<end_of_turn>\n<start_of_turn>model\nA1"
    "<end_of_turn>\n<start_of_turn>user\nU2<end_of_turn>\n<start_of_turn>model\n",
    "gemma3-instruct": "<start_of_turn>user\nS\n\nU1<end_of_turn>\n<start_of_turn>model\nA1"
    "<end_of_turn>\n<start_of_turn>user\nU2<end_of_turn>\n<start_of_turn>model\n\n",
    "granite-instruct": "System:\nS\n\nQuestion:\nU1\n\nAnswer:\nA1\n\nQuestion:\nU2\n\nAnswer:\n",
    "llama2-chat": "[INST] <<SYS>>\nS\n<</SYS>>\n\nU1 [/INST] A1</s><s>"
    "[INST] <<SYS>><</SYS>>\n\nU2 [/INST]",
    "llama3-instruct": "<|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nU1<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\nA1<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nU2<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
    "magicoder": "S\n\n@@ Instruction\nU1\n\n@@ Response\nA1\n\n@@ Instruction\nU2\n\n"
    "@@ Response\n",
    "mistral-instruct": "[INST] S\n\nU1[/INST] A1</s>[INST] U2[/INST]",
    "openchat": "GPT4 Correct System: S<|end_of_turn|>GPT4 Correct User: U1<|end_of_turn|>"
    "GPT4 Correct Assistant: A1<|end_of_turn|>GPT4 Correct User: U2<|end_of_turn|>"
    "GPT4 Correct Assistant:",
    "phi-3": "<|system|>\nS<|end|>\n<|user|>\nU1<|end|>\n<|assistant|>\nA1<|end|>\n"
    "<|user|>\nU2<|end|>\n<|assistant|>\n",
    "solar-instruct": "### System:\nS\n\n### User:\nU1\n\n### Assistant:\nA1</s>\n\n"
    "### User:\nU2\n\n### Assistant:\n",
    "starcoder2-instruct": "S\n\n### Instruction\nU1\n\n### Response\nA1<|endoftext|>\n\n"
    "### Instruction\nU2\n\n### Response\n",
    "vicuna": "S\n\nUSER: U1\nASSISTANT: A1</s>\nUSER: U2\nASSISTANT:",
    "zephyr": "<|system|>\nS</s>\n<|user|>\nU1</s>\n<|assistant|>\nA1</s>\n"
    "<|user|>\nU2</s>\n<|assistant|>\n",
}


@pytest.mark.parametrize("name", NAMED)
def test_a_named_template_writes_its_format(name: str) -> None:
    assert GoPrompt(NAMED[name].template).render(TALK, [], Think()) == PROMPTS[name]


def test_there_are_no_others() -> None:
    assert set(NAMED) == set(PROMPTS)


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        ("mistral-instruct", "[INST] Q[/INST]later\n\n"),
        ("gemma-instruct", "<start_of_turn>user\nQ<end_of_turn>\n<start_of_turn>model\n"),
        ("gemma3-instruct", "<start_of_turn>user\nQ<end_of_turn>\n<start_of_turn>model\n\n"),
        ("vicuna", "USER: Q\nASSISTANT:"),
        ("granite-instruct", "Question:\nQ\n\nSystem:\nlater\n\nAnswer:\n"),
    ],
)
def test_a_system_message_at_the_end_is_written_or_left_out(name: str, prompt: str) -> None:
    talk = [{"role": "user", "content": "Q"}, {"role": "system", "content": "later"}]
    assert GoPrompt(NAMED[name].template).render(talk, [], Think()) == prompt


def test_command_r_is_told_of_tools_and_shown_its_calls() -> None:
    properties = {"city": {"type": "string", "description": "where"}, "days": {"type": "integer"}}
    function = {
        "name": "forecast",
        "description": "the weather",
        "parameters": {"type": "object", "properties": properties},
    }
    bare = {"name": "now", "description": "the time", "parameters": {"type": "object"}}
    call = {"function": {"name": "forecast", "arguments": {"city": "Oslo"}}}
    talk: list[dict[str, Any]] = [
        {"role": "user", "content": "Q"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "sun"},
    ]
    tools: list[dict[str, Any]] = [
        {"type": "function", "function": each} for each in (function, bare)
    ]
    prompt = GoPrompt(NAMED["command-r"].template).render(talk, tools, Think())
    for piece in (
        "```python\ndef forecast(city: string, days: integer, ) -> List[Dict]:\n"
        "    '''the weather\n\n    Args:\n        city (string): where\n"
        "        days (integer): \n    '''\n    pass\n```\n\n"
        "```python\ndef now() -> List[Dict]:\n    '''the time\n    '''\n    pass\n```"
        "<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>Q",
        '<|CHATBOT_TOKEN|>\nAction: ```json\n[\n    {\n        "tool_name": "forecast",\n'
        '        "parameters": {"city":"Oslo"}\n    }\n]```<|END_OF_TURN_TOKEN|>',
        "<results>\nconsole_output: sun\n</results><|END_OF_TURN_TOKEN|>",
    ):
        assert prompt.count(piece) == 1
