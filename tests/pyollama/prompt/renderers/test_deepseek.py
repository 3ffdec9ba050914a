"""DeepSeek V3.1's prompts."""

from conversations import user

from pyollama.api import Message, ToolCall, ToolCallFunction
from pyollama.prompt.renderers import find_renderer
from pyollama.prompt.renderers.base import Think

BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
USER, ASSISTANT = "<｜User｜>", "<｜Assistant｜>"


def prompt(*messages: Message, think: Think = None) -> str:
    return find_renderer("deepseek3.1").render(messages, [], think)


def test_thinking_is_begun_if_asked_for_and_else_ended_at_once() -> None:
    assert prompt(user("hi"), think="high") == f"{BOS}{USER}hi{ASSISTANT}<think>"
    assert prompt(user("hi"), think=False) == f"{BOS}{USER}hi{ASSISTANT}</think>"
    assert prompt(user("hi")) == f"{BOS}{USER}hi{ASSISTANT}</think>"


def test_all_system_messages_come_first() -> None:
    messages = [user("x"), Message(role="system", content="late"), Message(role="system")]
    assert prompt(*messages).startswith(f"{BOS}late\n\n{USER}x")


def test_past_thinking_is_never_shown() -> None:
    answer = Message(role="assistant", content="A", thinking="why")
    inline = Message(role="assistant", content="<think>why</think>B</think>C")
    text = prompt(user("1"), answer, user("2"), inline, user("3"), think=True)
    assert text == (
        f"{BOS}{USER}1{ASSISTANT}</think>A{EOS}{USER}2{ASSISTANT}</think>B</think>C{EOS}"
        f"{USER}3{ASSISTANT}<think>"
    )


def test_thinking_of_the_last_turn_leaves_its_opening_tag() -> None:
    answer = Message(role="assistant", content="A", thinking="why")
    assert prompt(user("1"), answer, think=True) == f"{BOS}{USER}1{ASSISTANT}<think>A{EOS}"
    assert prompt(user("1"), answer, think=False) == f"{BOS}{USER}1{ASSISTANT}</think>A{EOS}"


def test_after_a_result_the_model_goes_on_without_a_word() -> None:
    calls = [
        ToolCall(function=ToolCallFunction(name=name, arguments={"b": 1, "a": "<"}))
        for name in ("f", "g")
    ]
    messages = [user("?"), Message(role="assistant", content="see", tool_calls=calls)]
    text = prompt(*messages, Message(role="tool", content="42"))
    made = '<｜tool▁sep｜>{"b":1,"a":"\\u003c"}<｜tool▁call▁end｜>'
    assert text == (
        f"{BOS}{USER}?{ASSISTANT}</think>see<｜tool▁calls▁begin｜>"
        f"<｜tool▁call▁begin｜>f{made}<｜tool▁call▁begin｜>g{made}<｜tool▁calls▁end｜>{EOS}"
        "<｜tool▁output▁begin｜>42<｜tool▁output▁end｜>"
    )


def test_tools_are_declared_behind_the_system_text() -> None:
    tool = {"function": {"name": "f", "description": "D", "parameters": {"type": "object"}}}
    system = Message(role="system", content="S")
    text = find_renderer("deepseek3.1").render([system, user("x")], [tool], None)
    declared = '\n### f\nDescription: D\n\nParameters: {"type":"object","properties":null}\n'
    assert f"{BOS}S\n\n## Tools\nYou have access to the following tools:\n{declared}\nIMP" in text
    assert f"chain them directly without separators or spaces\n{USER}x" in text
