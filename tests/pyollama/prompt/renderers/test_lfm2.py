"""The prompts of the LFM2 models."""

import pytest
from conversations import answer, call, result, system, tool, user

from pyollama.api import Message
from pyollama.prompt.renderers import find_renderer

BEGIN = "<|startoftext|>"


def rendered(
    *messages: Message,
    tools: tuple[dict[str, object], ...] = (),
    think: bool | None = None,
    name: str = "lfm2-thinking",
) -> str:
    """The prompt for a conversation, without its first token."""
    renderer = find_renderer(name)
    prompt = renderer.render(messages, tools, think)
    assert renderer.bos == BEGIN
    assert prompt.startswith(BEGIN)
    return prompt.removeprefix(BEGIN)


def test_a_system_turn_is_there_if_it_says_something() -> None:
    asked = "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n"
    assert rendered(user("q")) == rendered(system(""), user("q")) == asked
    assert rendered(system("A"), system("B"), user("q")) == (
        "<|im_start|>system\nA<|im_end|>\n<|im_start|>system\nB<|im_end|>\n" + asked
    )


def test_the_functions_of_tools_are_listed_behind_the_systems_text() -> None:
    listed = (
        'List of tools: <|tool_list_start|>[{"name": "f", "description": "<F>", "parameters": '
        '{"type": "object", "properties": {}}}, {"name": "g", "parameters": {"type": "object", '
        '"properties": {}}}]<|tool_list_end|><|im_end|>\n'
    )
    tools = (tool("f", "<F>"), tool("g"))
    assert rendered(user("q"), tools=tools).startswith(f"<|im_start|>system\n{listed}")
    assert rendered(system("S"), tools=tools).startswith(f"<|im_start|>system\nS\n{listed}")


def test_calls_stand_before_the_text() -> None:
    calls = (call("f", b="<", a=[1, {"d": 1, "c": 2}]), call("g"))
    written = '<|tool_call_start|>[f(a=[1, {"c": 2, "d": 1}],b="<"),g()]<|tool_call_end|>'
    assert f"assistant\n{written}<|im_end|>" in rendered(user("q"), answer(" ", *calls), user("r"))
    assert f"assistant\n{written}\nWait.<|im_end|>" in rendered(
        user("q"), answer("Wait.", *calls), user("r")
    )


def test_results_are_wrapped_once() -> None:
    wrapped = "<|tool_response_start|>1<|tool_response_end|>"
    assert rendered(result("1"), result(wrapped)) == (
        f"<|im_start|>tool\n{wrapped}<|im_end|>\n" * 2 + "<|im_start|>assistant\n"
    )


@pytest.mark.parametrize(
    ("think", "first", "second"),
    [
        (True, "<think>one</think>A", "<think>two</think>B"),
        (False, "A", "<think>two</think>B"),
        (None, "A", "<think>two</think>B"),
    ],
)
def test_thinking_of_earlier_answers_is_shown_only_when_asked(
    think: bool | None, first: str, second: str
) -> None:
    messages = [user("q"), answer("A", thinking="one"), user("r"), answer("B", thinking="two")]
    prompt = rendered(*messages, user("s"), think=think)
    assert f"assistant\n{first}<|im_end|>" in prompt
    assert f"assistant\n{second}<|im_end|>" in prompt


def test_thinking_in_the_text_goes_from_earlier_answers_too() -> None:
    messages = [user("q"), answer("x</think>y</think>\n A", call("f")), answer("z</think>B")]
    called = "<|tool_call_start|>[f()]<|tool_call_end|>"
    assert f"assistant\n{called}\nA<|im_end|>" in rendered(*messages)
    assert rendered(*messages).endswith("assistant\nz</think>B")


def test_the_variant_that_does_not_think_shows_no_thinking() -> None:
    assert rendered(user("q"), answer("A", thinking="t"), user("r"), name="lfm2").startswith(
        "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
    )


def test_a_last_answer_is_gone_on_with() -> None:
    assert rendered(user("q"), answer("So")).endswith("<|im_start|>assistant\nSo")


def test_images_are_tagged() -> None:
    assert "user\n[img-0] q<|im_end|>" in rendered(user("q", n_images=1))
