"""Cohere's prompts."""

from conversations import user

from pyollama.api import Message, ToolCall, ToolCallFunction
from pyollama.prompt.renderers import find_renderer
from pyollama.prompt.renderers.base import Think

START, END = "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>"
NO_TOOLS = "# Available Tools\n```json\n[\n\n\n\n]\n```"
ANSWER = f"{START}<|CHATBOT_TOKEN|><|START_THINKING|>"


def prompt(*messages: Message, think: Think = None) -> str:
    return find_renderer("cohere").render(messages, [], think)


def turn(role: str, text: str) -> str:
    return f"{START}<|{role}_TOKEN|><|START_TEXT|>{text}<|END_TEXT|>{END}"


def call(name: str, id: str = "") -> ToolCall:
    return ToolCall(id=id, function=ToolCallFunction(name=name, arguments={"a": "<"}))


def result(id: str, text: str) -> str:
    """One result as the prompt lays it out."""
    lines = [
        "",
        "    {",
        f'        "tool_call_id": "{id}",',
        '        "results": {',
        "",
        "            ",
        f'            "0": {{"content": "{text}"}}',
        "",
        "        },",
        '        "is_error": null',
        "    }",
    ]
    return "\n".join(lines)


def test_the_list_of_tools_is_there_even_if_empty() -> None:
    assert prompt(user("hi")) == turn("SYSTEM", NO_TOOLS) + turn("USER", "hi") + ANSWER
    assert prompt(user("hi"), think=False).endswith(f"{ANSWER}<|END_THINKING|>")


def test_the_first_system_message_stands_before_the_tools() -> None:
    first, late = Message(role="system", content="S"), Message(role="system", content="late")
    assert prompt(first, user("x"), late) == (
        turn("SYSTEM", f"S\n\n\n\n{NO_TOOLS}") + turn("USER", "x") + turn("SYSTEM", "late") + ANSWER
    )


def test_tools_are_objects_between_blank_lines() -> None:
    tools = [{"function": {"name": name, "parameters": {"type": "object"}}} for name in ("f", "g")]
    text = find_renderer("cohere").render([user("x")], tools, None)
    f, g = (
        f'    {{"name": "{name}", "description": "", "parameters": '
        '{"type": "object", "properties": null}, "responses": null}'
        for name in ("f", "g")
    )
    assert f"```json\n[\n\n{f},\n\n\n{g}\n\n\n]\n```<|END_TEXT|>" in text


def test_calls_are_numbered_over_the_conversation_and_hide_the_text() -> None:
    first = Message(
        role="assistant",
        content="unseen",
        thinking="t",
        tool_calls=[call("f", "x"), call("g", "y")],
    )
    second = Message(role="assistant", tool_calls=[call("h", "x")])
    results = [Message(role="tool", content=id, tool_call_id=id) for id in ("y", "x")]
    text = prompt(first, *results, second, results[1])
    f, g, h = (
        f'\n\n    {{"tool_call_id": "{i}", "tool_name": "{name}", "parameters": '
        '{"a": "\\u003c"}}'
        for i, name in enumerate("fgh")
    )
    before = f"{START}<|CHATBOT_TOKEN|>\n            \n                "
    outputs = f"{START}<|SYSTEM_TOKEN|><|START_TOOL_RESULT|>["
    close = f"\n\n]<|END_TOOL_RESULT|>{END}"
    assert text == (
        f"{turn('SYSTEM', NO_TOOLS)}{before}<|START_THINKING|>t<|END_THINKING|>"
        f"<|START_ACTION|>[{f},{g}\n\n]<|END_ACTION|>{END}"
        f"{outputs}{result('1', 'y')},{result('0', 'x')}{close}"
        f"{before}<|START_ACTION|>[{h}\n\n]<|END_ACTION|>{END}"
        f"{outputs}{result('2', 'x')}{close}{ANSWER}"
    )


def test_a_result_of_an_unknown_call_has_no_number() -> None:
    called = Message(role="assistant", tool_calls=[call("f")])
    text = prompt(called, Message(role="tool", content="1"))
    assert f"[{result('', '1')}\n\n]" in text


def test_a_last_answer_is_left_open() -> None:
    answer = Message(role="assistant", content="Once", thinking="t")
    open_turn = f"{START}<|CHATBOT_TOKEN|><|START_THINKING|>t<|END_THINKING|><|START_TEXT|>Once"
    assert prompt(user("x"), answer).endswith(open_turn)
    assert f"{open_turn}<|END_TEXT|>{END}{START}<|USER_TOKEN|>" in prompt(answer, user("x"))
    assert prompt(Message(role="assistant", tool_calls=[call("f")])).endswith(ANSWER)
