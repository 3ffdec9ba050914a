"""Qwen3-VL's prompts."""

import pytest
from conversations import answer, call, result, system, tool, user

from pyollama.api import Message
from pyollama.prompt.renderers import find_renderer
from pyollama.prompt.renderers.base import Think


def rendered(
    *messages: Message,
    tools: tuple[dict[str, object], ...] = (),
    think: Think = None,
    name: str = "qwen3-vl-thinking",
) -> str:
    """The prompt for a conversation."""
    return find_renderer(name).render(messages, tools, think)


@pytest.mark.parametrize(
    ("name", "think", "thinks"),
    [
        ("qwen3-vl-instruct", None, False),
        ("qwen3-vl-thinking", None, True),
        ("qwen3-vl-thinking", False, False),
        ("qwen3-vl-thinking", "low", True),
        ("qwen3-vl-instruct", True, True),
    ],
)
def test_thinking_is_opened_as_asked_or_as_the_variant_does(
    name: str, think: Think, thinks: bool
) -> None:
    prompt = rendered(user("Hi"), think=think, name=name)
    assert prompt == (
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n" + ("<think>\n" if thinks else "")
    )


def test_only_a_first_system_message_shares_its_turn_with_the_tools() -> None:
    prompt = rendered(system("Look."), user("a"), system("Late."), tools=(tool("f", "F"),))
    assert prompt == (
        "<|im_start|>system\nLook.\n\n# Tools\n\nYou may call one or more functions to assist with "
        "the user query.\n\nYou are provided with function signatures within <tools></tools> XML "
        'tags:\n<tools>\n{"type": "function", "function": {"name": "f", "description": "F", '
        '"parameters": {"type": "object", "properties": {}}}}\n</tools>\n\nFor each function call, '
        "return a json object with function name and arguments within <tool_call></tool_call> XML "
        'tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n'
        "</tool_call><|im_end|>\n"
        "<|im_start|>user\na<|im_end|>\n<|im_start|>system\nLate.<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n"
    )


def test_calls_are_json_and_stand_on_lines_of_their_own() -> None:
    calls = (call("f", b={"d": 1, "c": "<"}, a=1000000), call("g"))
    written = (
        '<tool_call>\n{"name": "f", "arguments": {"b": {"c": "\\u003c", "d": 1}, "a": 1000000}}\n'
        '</tool_call>\n<tool_call>\n{"name": "g", "arguments": {}}\n</tool_call><|im_end|>\n'
    )
    assert f"assistant\n{written}" in rendered(user("q"), answer("", *calls), user("r"))
    assert f"assistant\nWait.\n{written}" in rendered(user("q"), answer("Wait.", *calls), user("r"))


def test_thinking_is_shown_after_the_last_question_only() -> None:
    past = [user("q"), answer("A", thinking="old")]
    prompt = rendered(*past, user("r"), answer("\nB", call("f"), thinking="\nnew\n"), result("1"))
    assert "<|im_start|>assistant\nA<|im_end|>\n" in prompt
    assert "<|im_start|>assistant\n<think>\nnew\n</think>\n\nB\n<tool_call>" in prompt
    assert "<think>\nnew" not in rendered(user("r"), answer("B", thinking="new"), think=False)


def test_a_users_tool_response_is_no_question() -> None:
    wrapped = user("<tool_response>1</tool_response>")
    assert "<think>\nnew\n</think>\n\nB" in rendered(
        user("q"), answer("B", thinking="new"), wrapped
    )


def test_a_last_answer_is_gone_on_with_inside_its_thinking_or_after_it() -> None:
    assert rendered(user("q"), answer("", thinking="Hm")).endswith("assistant\n<think>\nHm")
    assert rendered(user("q"), answer("So")).endswith("assistant\n<think>\n\n</think>\n\nSo")
    assert rendered(user("q"), answer("So"), think=False).endswith("assistant\nSo")
    assert rendered(answer("So", thinking="Hm")).endswith("assistant\nSo")  # nobody asked


def test_images_are_tagged() -> None:
    assert rendered(user("hi", n_images=1), user("[img]!", n_images=1)).startswith(
        "<|im_start|>user\n[img-0] hi<|im_end|>\n<|im_start|>user\n[img-1]!<|im_end|>\n"
    )
