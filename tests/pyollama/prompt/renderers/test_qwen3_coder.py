"""Qwen3-Coder's prompts."""

from conversations import answer, call, result, system, tool, user

from pyollama.api import Message
from pyollama.prompt.renderers import find_renderer


def rendered(*messages: Message, tools: tuple[dict[str, object], ...] = ()) -> str:
    """The prompt for a conversation."""
    return find_renderer("qwen3-coder").render(messages, tools, None)


def test_turns_are_named_and_closed_and_the_model_goes_on() -> None:
    assert rendered(user("Sort it"), answer("How?"), user("Up")) == (
        "<|im_start|>user\nSort it<|im_end|>\n"
        "<|im_start|>assistant\nHow?<|im_end|>\n"
        "<|im_start|>user\nUp<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_a_last_answer_is_gone_on_with() -> None:
    assert rendered(user("Hi"), answer("He")).endswith("<|im_start|>assistant\nHe")


def test_the_first_system_message_that_says_something_counts() -> None:
    assert rendered(system(""), user("a"), system("Be brief"), system("Be long")) == (
        "<|im_start|>system\nBe brief<|im_end|>\n"
        "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n"
    )


def test_tools_come_after_the_systems_text_or_a_default() -> None:
    prompt = rendered(user("a"), tools=(tool("f"),))
    assert prompt.startswith(
        "<|im_start|>system\nYou are Qwen, a helpful AI assistant that can interact with a "
        "computer to solve tasks.\n\n# Tools\n\n"
    )
    assert "\n</IMPORTANT><|im_end|>\n<|im_start|>user\n" in prompt
    assert rendered(system("S"), user("a"), tools=(tool("f"),)).startswith(
        "<|im_start|>system\nS\n\n# Tools\n\n"
    )


def test_calls_are_written_in_elements_and_their_turn_is_closed() -> None:
    first = call("f", b="<x>\n&", a=1000000)
    assert rendered(user("q"), answer("Wait.", first, call("g"))) == (
        "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nWait.\n"
        "\n<tool_call>\n<function=f>"
        "\n<parameter=b>\n<x>\n&\n</parameter>\n<parameter=a>\n1e+06\n</parameter>"
        "\n</function>\n</tool_call>"
        "\n<tool_call>\n<function=g>\n</function>\n</tool_call><|im_end|>\n"
    )


def test_results_in_a_row_share_a_turn_of_the_user() -> None:
    prompt = rendered(user("q"), answer("", call("f")), result("1"), result("2"), answer("x"))
    assert prompt.endswith(
        "</tool_call><|im_end|>\n<|im_start|>user"
        "\n<tool_response>\n1\n</tool_response>\n<tool_response>\n2\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\nx"
    )


def test_a_role_of_the_clients_own_has_a_turn() -> None:
    assert rendered(Message(role="critic", content="no")).startswith(
        "<|im_start|>critic\nno<|im_end|>\n"
    )
