"""The prompts of Qwen3.5, Ornith and Qwen3.8."""

import pytest
from conversations import answer, call, image_of, result, system, tool, user

from pyollama.api import Message
from pyollama.prompt.renderers import RenderError, find_renderer
from pyollama.prompt.renderers.base import Think

ASKED = "<|im_start|>user\nq<|im_end|>\n"
XHIGH = "Reasoning effort is set to xhigh. "


def rendered(
    name: str,
    *messages: Message,
    tools: tuple[dict[str, object], ...] = (),
    think: Think = True,
) -> str:
    """The prompt for a conversation."""
    return find_renderer(name).render(messages, tools, think)


@pytest.mark.parametrize("name", ["qwen3.5", "ornith", "qwen3.8"])
def test_thinking_is_opened_or_closed_at_once(name: str) -> None:
    assert rendered(name, user(" q\n")) == ASKED + "<|im_start|>assistant\n<think>\n"
    assert rendered(name, user("q"), think=False) == (
        ASKED + "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )


@pytest.mark.parametrize("name", ["qwen3.5", "ornith", "qwen3.8"])
def test_tools_come_before_the_systems_text(name: str) -> None:
    prompt = rendered(name, system(" S "), user("q"), tools=(tool("f"), tool("g")))
    assert prompt.startswith(
        "<|im_start|>system\n# Tools\n\nYou have access to the following functions:\n\n<tools>\n"
        '{"type": "function", "function": {"name": "f", "parameters": {"type": "object", '
        '"properties": {}}}}\n{"type": "function", "function": {"name": "g", '
    )
    assert "\n</tools>\n\nIf you choose to call a function ONLY" in prompt
    assert "\n</IMPORTANT>\n\nS<|im_end|>\n" in prompt
    assert "\n</IMPORTANT><|im_end|>\n" in rendered(name, user("q"), tools=(tool("f"),))


def test_a_later_system_message_has_a_turn_of_its_own() -> None:
    assert rendered("qwen3.5", system("A"), system("B"), user("q")).startswith(
        "<|im_start|>system\nA<|im_end|>\n<|im_start|>system\nB<|im_end|>\n" + ASKED
    )


@pytest.mark.parametrize(
    ("name", "think", "shown"),
    [
        ("qwen3.5", True, False),
        ("ornith", True, True),
        ("ornith", False, True),
        ("qwen3.8", False, True),
    ],
)
def test_whether_old_thinking_is_shown_again(name: str, think: Think, shown: bool) -> None:
    block = "<think>\nold\n</think>\n\n" if shown else ""
    messages = (user("q"), answer("A", thinking=" old "), user("r"))
    assert f"<|im_start|>assistant\n{block}A<|im_end|>\n" in rendered(name, *messages, think=think)


def test_thinking_since_the_last_question_is_shown_while_thinking() -> None:
    messages = (user("q"), answer("A", call("f"), thinking="new"), result(" 1 "))
    assert "assistant\n<think>\nnew\n</think>\n\nA\n\n<tool_call>" in rendered("qwen3.5", *messages)
    assert "assistant\nA\n\n<tool_call>" in rendered("qwen3.5", *messages, think=False)


def test_thinking_in_the_content_is_found_and_taken_out() -> None:
    mixed = answer("x<think>\nold\n</think>\n\nA")
    assert "assistant\nA<|im_end|>" in rendered("qwen3.5", user("q"), mixed, user("r"))
    assert "<think>\nold\n</think>\n\nA<|im_end|>" in rendered(
        "ornith", user("q"), mixed, user("r")
    )
    assert "<think>\n\n</think>\n\nx<think>\nold\n</think>\n\nA<|im_end|>" in rendered(
        "qwen3.8", user("q"), mixed, user("r")
    )


def test_calls_are_written_in_elements() -> None:
    calls = (call("f", b=["<"], a=None), call("g"))
    written = (
        "<tool_call>\n<function=f>\n<parameter=b>\n"
        '["\\u003c"]\n</parameter>\n<parameter=a>\nnull\n</parameter>\n</function>\n</tool_call>'
        "\n<tool_call>\n<function=g>\n</function>\n</tool_call><|im_end|>\n"
    )
    assert f"assistant\n{written}" in rendered("qwen3.5", user("q"), answer(" ", *calls), user("r"))
    assert f"Wait.\n\n{written}" in rendered(
        "qwen3.5", user("q"), answer("Wait.", *calls), user("r")
    )


def test_results_in_a_row_share_a_turn() -> None:
    prompt = rendered("qwen3.5", user("q"), answer("", call("f")), result(" 1\n"), result("2"))
    assert prompt.endswith(
        "<|im_start|>user\n<tool_response>\n1\n</tool_response>\n<tool_response>\n2\n"
        "</tool_response><|im_end|>\n<|im_start|>assistant\n<think>\n"
    )


def test_a_last_answer_is_gone_on_with() -> None:
    assert rendered("qwen3.5", user("q"), answer("So", thinking="Hm")).endswith(
        "<think>\nHm\n</think>\n\nSo"
    )
    assert rendered("qwen3.5", user("q"), answer("So"), think=False).endswith("assistant\nSo")


def test_qwen38_gathers_what_the_system_and_the_developer_say() -> None:
    developer = Message(role="developer", content="D")
    assert rendered("qwen3.8", user("q"), system(" A "), system(" "), developer).startswith(
        "<|im_start|>system\nA\n\nD<|im_end|>\n" + ASKED
    )


@pytest.mark.parametrize(
    ("think", "text"),
    [
        (None, XHIGH),
        ("high", XHIGH),
        ("max", XHIGH),
        ("low", "Reasoning effort is set to low. Keep your thinking brief"),
        ("medium", "S<|im_end|>"),
        (True, "S<|im_end|>"),
        (False, "S<|im_end|>"),
    ],
)
def test_qwen38_is_told_first_how_hard_to_think(think: Think, text: str) -> None:
    prompt = rendered("qwen3.8", system("S"), user("q"), think=think)
    assert prompt.startswith(f"<|im_start|>system\n{text}")
    assert "\n\nS<|im_end|>\n" in prompt or text.startswith("S")


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([], "no messages provided"),
        ([system("S")], "no user query found in messages"),
        ([user("<tool_response>1</tool_response>")], "no user query found in messages"),
        ([user("q"), image_of("system")], "system message cannot contain images"),
        ([user("q"), image_of("assistant")], "assistant message cannot contain images"),
    ],
)
def test_qwen38_wants_a_question_and_images_of_the_user_only(
    messages: list[Message], error: str
) -> None:
    with pytest.raises(RenderError, match=f"^{error}$"):
        rendered("qwen3.8", *messages)


def test_images_are_tagged() -> None:
    assert "user\n[img-0] q<|im_end|>" in rendered("qwen3.5", user("q", n_images=1))
