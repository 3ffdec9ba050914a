"""The prompts of Laguna and Poolside's first version."""

import pytest
from conversations import user

from pyollama.api import Message, ToolCall, ToolCallFunction
from pyollama.prompt.renderers import find_renderer
from pyollama.prompt.renderers.base import Think
from pyollama.prompt.renderers.poolside import WHO

CALL = ToolCall(function=ToolCallFunction(name="f", arguments={"a": "x", "l": [1, {"k": "<"}]}))
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
SYSTEM = Message(role="system", content="S \n")


def laguna(*messages: Message, think: Think = None) -> str:
    return find_renderer("laguna").render(messages, [], think)


def first(*messages: Message, think: Think = None) -> str:
    return find_renderer("poolside-v1").render(messages, [], think)


def test_thinking_is_on_only_if_asked_for() -> None:
    assert laguna(user("x"), think=True).endswith("<user>\nx\n</user>\n<assistant>\n<think>")
    assert laguna(user("x")).endswith("<assistant>\n</think>")
    assert first(user("x"), think="max").endswith("<user>x</user>\n<assistant><think>")
    assert first(user("x")).endswith("<user>x</user>\n<assistant></think>")


def test_the_first_system_message_takes_the_place_of_the_default() -> None:
    assert laguna(user("x")).startswith(f"〈|EOS|〉<system>\n\n{WHO}\n</system>\n<user>")
    assert laguna(SYSTEM).startswith("〈|EOS|〉<system>\n\nS\n</system>\n<assistant>")
    assert first(user("x")).startswith(f"〈|EOS|〉<system>{WHO}</system>\n<user>")
    assert first(SYSTEM, SYSTEM).startswith(
        "〈|EOS|〉<system>S</system>\n<system>S \n</system>\n<assistant>"
    )


def test_laguna_shows_past_thinking_even_when_it_is_off() -> None:
    thought = Message(role="assistant", content="A", thinking="t")
    plain = Message(role="assistant", content="B")
    assert laguna(SYSTEM, thought, plain, user("x"), think=False) == (
        "〈|EOS|〉<system>\n\nS\n</system>\n<assistant>\n<think>\nt\n</think>\nA\n</assistant>\n"
        "<assistant>\n</think>\nB\n</assistant>\n<user>\nx\n</user>\n<assistant>\n</think>"
    )


def test_the_first_version_shows_thinking_only_while_it_is_on() -> None:
    thought = Message(role="assistant", content="A", thinking="t")
    plain = Message(role="assistant", content="B")
    begun = "〈|EOS|〉<system>S</system>\n<assistant>"
    assert first(SYSTEM, thought, plain, think=True) == (
        f"{begun}<think>t</think>A</assistant>\n<assistant><think></think>B</assistant>\n"
        "<assistant><think>"
    )
    assert first(SYSTEM, thought, think=False) == (
        f"{begun}</think>A</assistant>\n<assistant></think>"
    )


def test_only_laguna_goes_on_with_a_last_answer() -> None:
    answer = Message(role="assistant", content="Once")
    assert laguna(SYSTEM, answer).endswith("<assistant>\n</think>\nOnce\n")
    assert first(SYSTEM, answer).endswith("Once</assistant>\n<assistant></think>")


def test_calls_and_results_are_elements() -> None:
    called = Message(role="assistant", content="see", tool_calls=[CALL])
    result = Message(role="tool", content="42")
    assert laguna(SYSTEM, called, result).endswith(
        "<assistant>\n</think>\nsee\n<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>x</arg_value>\n"
        '<arg_key>l</arg_key>\n<arg_value>[1, {"k": "\\u003c"}]</arg_value>\n</tool_call>\n'
        "</assistant>\n<tool_response>\n42\n</tool_response>\n<assistant>\n</think>"
    )
    assert first(SYSTEM, called, result).endswith(
        "<assistant></think>see<tool_call>f<arg_key>a</arg_key><arg_value>x</arg_value>"
        '<arg_key>l</arg_key><arg_value>[1, {"k": "\\u003c"}]</arg_value></tool_call>'
        "</assistant>\n<tool_response>42</tool_response>\n<assistant></think>"
    )


@pytest.mark.parametrize(
    ("name", "think", "after"),
    [
        ("laguna", True, "\n\nWrap your thinking in '<think>', '</think>' tags, followed by"),
        ("laguna", False, "\n\nFor each function call, return an unescaped XML-like object"),
        ("poolside-v1", True, "</system>\n<assistant><think>"),
    ],
)
def test_what_follows_the_tools(name: str, think: bool, after: str) -> None:
    text = find_renderer(name).render([SYSTEM], [TOOL], think)
    line = (
        '{"type": "function", "function": {"name": "f", "parameters": {"type": "object", '
        '"properties": null}}}\n'
    )
    assert "S\n\n### Tools\n\nYou may call" in text
    assert f"<available_tools>\n{line}</available_tools>{after}" in text


def test_laguna_is_shown_a_thought_only_when_it_thinks() -> None:
    thought = "<think> your thoughts here </think>\n<tool_call>function-name\n"
    thinking = find_renderer("laguna").render([SYSTEM], [TOOL], True)
    assert thought in thinking
    assert thinking.endswith("</tool_call>\n</system>\n<assistant>\n<think>")
    assert "your thoughts" not in find_renderer("laguna").render([SYSTEM], [TOOL], False)
