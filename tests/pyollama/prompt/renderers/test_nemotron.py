"""The prompts of Nemotron 3 Nano and 3.5 Nano."""

import pytest
from conversations import answer, call, result, system, tool, user

from pyollama.api import Message
from pyollama.prompt.renderers import find_renderer
from pyollama.prompt.renderers.base import Think

EMPTY_SYSTEM = "<|im_start|>system\n<|im_end|>\n"
ON, OFF = "<|im_start|>assistant\n<think>\n", "<|im_start|>assistant\n<think></think>"
V3, V35 = "nemotron-3-nano", "nemotron-3.5-nano"


def rendered(
    *messages: Message,
    tools: tuple[dict[str, object], ...] = (),
    think: Think = True,
    name: str = V3,
) -> str:
    """The prompt for a conversation."""
    return find_renderer(name).render(messages, tools, think)


@pytest.mark.parametrize("name", [V3, V35])
@pytest.mark.parametrize(("think", "ending"), [(None, ON), (True, ON), ("low", ON), (False, OFF)])
def test_a_system_turn_is_always_there(name: str, think: Think, ending: str) -> None:
    assert rendered(user("q"), think=think, name=name) == (
        f"{EMPTY_SYSTEM}<|im_start|>user\nq<|im_end|>\n{ending}"
    )


@pytest.mark.parametrize(
    ("texts", "think", "thinks"),
    [
        (["q /no_think"], True, False),
        (["/think q"], False, True),
        (["/no_think", "/think"], True, True),
        (["/think", "/no_think"], True, False),
        (["what does </think> mean?"], False, False),
    ],
)
def test_marks_in_texts_switch_thinking_in_version_3(
    texts: list[str], think: bool, thinks: bool
) -> None:
    assert rendered(*map(user, texts), think=think).endswith(ON if thinks else OFF)


def test_marks_are_taken_out_of_texts_in_version_3_alone() -> None:
    messages = (system(" S /think"), user("a /no_think </think>b\n"))
    assert rendered(*messages) == (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\na  </think>b<|im_end|>\n" + OFF
    )
    assert rendered(*messages, name=V35) == (
        "<|im_start|>system\n S /think<|im_end|>\n"
        "<|im_start|>user\na /no_think </think>b\n<|im_end|>\n" + ON
    )


def test_tools_are_shown_as_python_shows_them() -> None:
    schema = {
        "type": ["string", "null"],
        "description": " where ",
        "enum": ["<a>", None],
        "items": True,
    }
    prompt = rendered(system("S"), user("q"), tools=(tool("f", "F ", properties={"p": schema}),))
    assert prompt.startswith(
        "<|im_start|>system\nS\n\n# Tools\n\nYou have access to the following functions:\n\n<tools>"
        "\n<function>\n<name>f</name>\n<description>F</description>\n<parameters>"
        "\n<parameter>\n<name>p</name>\n<type>['string', 'null']</type>"
        '\n<description>where</description>\n<enum>["<a>", null]</enum>\n<items>True</items>'
        "\n</parameter>\n</parameters>\n</function>\n</tools>\n\nIf you choose"
    )
    assert rendered(user("q"), tools=(tool("f"),)).startswith("<|im_start|>system\n# Tools")


@pytest.mark.parametrize(
    ("name", "thought"),
    [(V3, "<think>\nHm\n</think>\nA"), (V35, "<think>\nHm</think>A")],
)
def test_thinking_is_shown_since_the_last_question(name: str, thought: str) -> None:
    assert f"assistant\n{thought}<|im_end|>" in rendered(
        user("q"), answer("A ", thinking="Hm"), name=name
    )
    assert "assistant\n<think></think>A<|im_end|>" in rendered(user("q"), answer("A"), name=name)
    assert "assistant\nx</think>A<|im_end|>" in rendered(user("q"), answer("x</think>A"), name=name)


@pytest.mark.parametrize(
    ("name", "last", "text"),
    [
        (V3, answer("A", thinking="Hm"), "<think></think>\nA"),
        (V35, answer("A", thinking="Hm"), "<think></think>A"),
        (V3, answer("<think>x</think>A"), "<think></think>A"),
        (V3, answer("<think>x"), "<think>x"),
        (V3, answer("<think>x</think>", thinking="Hm"), "<think></think>"),
        (V3, answer("A<think>x", call("f")), "<think></think>A\n<tool_call>"),
        (V3, answer("A", call("f"), thinking="Hm"), "<think></think>A\n<tool_call>"),
    ],
)
def test_earlier_thinking_is_cut_down_to_an_empty_block(
    name: str, last: Message, text: str
) -> None:
    assert f"<|im_start|>assistant\n{text}" in rendered(user("q"), last, user("r"), name=name)


def test_calls_and_results_each_end_their_lines() -> None:
    calls = (call("f", b=True, a={"z": "<", "y": 1}, c="s", d=1000000, e=None), call("g"))
    assert rendered(user("q"), answer("Wait.", *calls), result("1"), result("2")).endswith(
        "<|im_start|>assistant\n<think></think>Wait.\n"
        "<tool_call>\n<function=f>\n<parameter=b>\nTrue\n</parameter>\n"
        '<parameter=a>\n{"y": 1, "z": "<"}\n</parameter>\n<parameter=c>\ns\n</parameter>\n'
        "<parameter=d>\n1e+06\n</parameter>\n<parameter=e>\nNone\n</parameter>\n</function>\n"
        "</tool_call>\n<tool_call>\n<function=g>\n</function>\n</tool_call>\n<|im_end|>\n"
        "<|im_start|>user\n<tool_response>\n1\n</tool_response>\n"
        "<tool_response>\n2\n</tool_response>\n<|im_end|>\n" + ON
    )


def test_a_result_at_the_very_start_does_not_open_a_turn() -> None:
    assert rendered(result("1")).startswith(EMPTY_SYSTEM + "<tool_response>\n1\n")


def test_medium_effort_is_told_at_the_end_of_the_last_question_in_version_35() -> None:
    effort = "\n\n{reasoning effort: efficient}"
    messages = (user("a"), answer("b"), user("q"))
    prompt = rendered(*messages, think="medium", name=V35)
    assert f"user\nq{effort}<|im_end|>" in prompt
    assert prompt.count(effort) == 1
    assert effort not in rendered(*messages, think="medium")
    assert effort not in rendered(*messages, think=True, name=V35)
    assert effort not in rendered(answer("b"), think="medium", name=V35)


def test_images_are_tagged() -> None:
    assert "user\n[img-0] q<|im_end|>" in rendered(user("q", n_images=1))
