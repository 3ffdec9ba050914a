"""The prompts of the Olmo 3 models."""

import pytest
from conversations import answer, call, result, system, tool, user

from pyollama.api import Message
from pyollama.prompt.renderers import find_renderer

NO_FUNCTIONS = "You do not currently have access to any functions. <functions></functions>"


def rendered(
    name: str, *messages: Message, tools: tuple[dict[str, object], ...] = (), think: bool = True
) -> str:
    """The prompt for a conversation."""
    return find_renderer(name).render(messages, tools, think)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("olmo3", f"You are a helpful function-calling AI assistant. {NO_FUNCTIONS}"),
        ("olmo3.1", f"https://huggingface.co/allenai. {NO_FUNCTIONS}"),
        ("olmo3-think", "https://huggingface.co/allenai."),
        ("olmo3-32b-think", "system\nYou are a helpful AI assistant."),
    ],
)
def test_each_variant_has_a_system_text_of_its_own(name: str, text: str) -> None:
    prompt = rendered(name, user("q"))
    assert prompt.startswith("<|im_start|>system\n")
    assert f"{text}<|im_end|>\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n" in prompt


def test_the_first_system_message_counts_wherever_it_stands() -> None:
    assert rendered("olmo3", user("q"), system("A"), system("B")) == (
        "<|im_start|>system\nA<|im_end|>\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n"
    )
    assert rendered("olmo3-think", user("q"), system("A")).startswith(
        f"<|im_start|>system\nA {NO_FUNCTIONS}<|im_end|>\n"
    )


def test_how_to_call_tools_is_told_in_the_default_text_only() -> None:
    functions = (
        '<functions>[{"type": "function", "function": {"name": "f", "parameters": {"type": '
        '"object", "properties": {}}}}]</functions><|im_end|>\n'
    )
    assert rendered("olmo3", system("S"), tools=(tool("f"),)).startswith(
        f"<|im_start|>system\nS{functions}"
    )
    prompt = rendered("olmo3", user("q"), tools=(tool("f"),))
    assert "assistant. You are provided with function signatures within" in prompt
    assert f"what values to plug into functions.{functions}" in prompt


def test_calls_look_like_pythons_and_results_come_from_the_environment() -> None:
    calls = (call("f", b="<", a=[1, {"d": 1, "c": 2}]), call("g"))
    assert rendered("olmo3", user("q"), answer("Wait.", *calls), result("1")).endswith(
        "<|im_start|>assistant\nWait.<function_calls>"
        'f(a=[1,{"c":2,"d":1}], b="\\u003c")\ng()</function_calls><|im_end|>\n'
        "<|im_start|>environment\n1<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.parametrize(
    ("last", "ending"),
    [
        (answer("So"), "<|im_start|>assistant\nSo"),
        (answer(""), "<|im_start|>assistant\n<|im_start|>assistant\n"),
        (
            answer("So", call("f")),
            "So<function_calls>f()</function_calls><|im_end|>\n<|im_start|>assistant\n",
        ),
    ],
)
def test_only_a_last_answer_of_words_alone_is_gone_on_with(last: Message, ending: str) -> None:
    assert rendered("olmo3", user("q"), last).endswith(ending)


@pytest.mark.parametrize("think", [True, False])
def test_the_variants_that_think_always_begin_an_answer_and_know_no_tools(think: bool) -> None:
    messages = (user("q"), answer("A", call("f"), thinking="t"), result("1"))
    assert rendered("olmo3-32b-think", *messages, tools=(tool("f"),), think=think) == (
        "<|im_start|>system\nYou are a helpful AI assistant.<|im_end|>\n"
        "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
        "<|im_start|>assistant\n<think>"
    )
