"""Glimmer's prompts."""

from datetime import date

import pytest
from conversations import user

from pyollama.api import Message, ToolCall, ToolCallFunction
from pyollama.prompt.renderers.base import Think, Tool
from pyollama.prompt.renderers.glimmer import Glimmer

BOS = "<|begin_of_text|>"
NOBODY = '\n\n# Valid recipients: "self", "user".'
SYSTEM = Message(role="system", content="S")


def prompt(*messages: Message, think: Think = None, tools: tuple[Tool, ...] = ()) -> str:
    return Glimmer(today=lambda: date(2025, 2, 3)).render(messages, tools, think)


def message(header: str, body: str, end: str = "<|eot|>") -> str:
    return f"<|start|>{header}<|message|>{body}{end}"


def system(text: str, strength: str = "\n\nReasoning strength: high.") -> str:
    return message("system", f"{text}{strength}{NOBODY}")


def test_the_default_system_message_tells_the_date() -> None:
    told = (
        "You are a helpful AI assistant.\nKnowledge cutoff: 2026-01-04.\nCurrent date: 2025-02-03."
    )
    assert prompt(user("hi")) == (f"{BOS}{system(told)}{message('user', 'hi')}<|start|>assistant")


def test_a_system_message_anywhere_takes_the_place_of_the_default() -> None:
    assert prompt(user("hi"), SYSTEM) == (
        f"{BOS}{message('user', 'hi')}{system('S')}<|start|>assistant"
    )


@pytest.mark.parametrize(
    ("think", "strength"),
    [(None, "high"), (True, "high"), (False, "none"), ("low", "low"), ("max", "max")],
)
def test_thinking_has_a_strength(think: Think, strength: str) -> None:
    line = f"\n\nReasoning strength: {strength}."
    assert prompt(SYSTEM, think=think) == f"{BOS}{system('S', line)}<|start|>assistant"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Reasoning effort: low", "Reasoning strength: low"),
        ("my reasoning effort", "my reasoning strength"),
        ("Reasoning Effort", "Reasoning Strength"),
        ("REASONING EFFORT", "REASONING STRENGTH"),
        ("reasoning STRENGTH", "reasoning STRENGTH"),
    ],
)
def test_a_system_message_may_tell_the_strength_itself(text: str, shown: str) -> None:
    told = prompt(Message(role="system", content=text))
    assert told == f"{BOS}{system(shown, '')}<|start|>assistant"


def test_an_assistant_speaks_to_itself_the_user_and_tools() -> None:
    calls = [
        ToolCall(
            id="1", function=ToolCallFunction(name="a.f", arguments={"t": "x y", "n": [1, 2]})
        ),
        ToolCall(id="2", function=ToolCallFunction(name="g", arguments={})),
    ]
    spoken = Message(role="assistant", content="see", thinking="hm", tool_calls=calls)
    f = (
        '<atem:function_calls>\n<atem:invoke name="a.f">\n<atem:parameter name="t">x y'
        '</atem:parameter>\n<atem:parameter name="n">[1,2]</atem:parameter>\n'
        "</atem:invoke>\n</atem:function_calls>"
    )
    g = '<atem:function_calls>\n<atem:invoke name="g">\n</atem:invoke>\n</atem:function_calls>'
    assert prompt(SYSTEM, spoken) == (
        BOS
        + system("S")
        + message("assistant to=self", "hm", "<|eom|>")
        + message("assistant to=user", "see")
        + message("assistant to=a.f", f, "<|eom|>")
        + message("assistant to=g", g)
        + "<|start|>assistant"
    )


def test_results_are_named_by_tool_or_call_or_id() -> None:
    call = ToolCall(id="1", function=ToolCallFunction(name="f", arguments={}))
    results = [
        Message(role="tool", content="a", tool_name="own", tool_call_id="1"),
        Message(role="tool", content="b", tool_call_id="1"),
        Message(role="tool", content="c", tool_call_id="2"),
        Message(role="tool", content="d"),
    ]
    text = prompt(SYSTEM, Message(role="assistant", tool_calls=[call]), *results)
    for name, content in (("own", "a"), ("f", "b"), ("2", "c"), ("", "d")):
        body = f'<tool_output name="{name}">\n{content}\n</tool_output>'
        assert message(f"tool {name}", body) in text


def test_tools_are_grouped_by_what_stands_before_the_first_dot() -> None:
    tools = tuple(
        {"function": {"name": name, "description": "<d>", "parameters": {"type": "object"}}}
        for name in ("a.f", "a.g.h", "plain")
    )
    text = prompt(SYSTEM, tools=tools)
    schemas = "".join(
        f'{{"name": "{name}", "description": "<d>", "parameters": '
        '{"type": "object", "properties": null}}\n'
        for name in ("a.f", "a.g.h", "plain")
    )
    assert (
        '// Tool metadata\n{"name": "a", "description": ""}\n{"name": "plain", "description": ""}\n'
        f"// Function schemas\n{schemas}\nHere's an example"
    ) in text
    assert "\n</atem:function_calls>\n\n# Valid recipients" in text
    assert '# Valid recipients: "self", "a.*", "plain.*", "user".<|eot|>' in text


def test_images_are_tagged() -> None:
    picture = Message(role="user", content="what?", images=[b"png"])
    assert message("user", "[img-0] what?") in prompt(SYSTEM, picture)
