"""Gemma 4's prompts."""

import time
from typing import Any

import pytest

from pyollama.api import Message, ToolCall, ToolCallFunction
from pyollama.prompt.renderers import find_renderer
from pyollama.prompt.renderers.base import Think, Tool
from pyollama.prompt.renderers.registry import sized_renderer

USER, MODEL = "<|turn>user\nx<turn|>\n", "<|turn>model\n"
NO_THOUGHT = "<|channel>thought\n<channel|>"


def small(*messages: Message, think: Think = False, tools: tuple[Tool, ...] = ()) -> str:
    return find_renderer("gemma4-small").render(messages, tools, think)


def large(*messages: Message, think: Think = False) -> str:
    return find_renderer("gemma4-large").render(messages, [], think)


def user(text: str = "x") -> Message:
    return Message(role="user", content=text)


def call(name: str, id: str = "", **arguments: Any) -> ToolCall:
    return ToolCall(id=id, function=ToolCallFunction(name=name, arguments=arguments))


def called(name: str, arguments: str = "") -> str:
    return f"<|tool_call>call:{name}{{{arguments}}}<tool_call|>"


def response(name: str, text: str) -> str:
    return f'<|tool_response>response:{name}{{value:<|"|>{text}<|"|>}}<tool_response|>'


@pytest.mark.parametrize(
    ("model", "n_params", "size"),
    [
        ("gemma4:e4b", 40_000_000_000, "small"),
        ("me/Gemma-E2B", 0, "small"),
        ("gemma4:31b", 0, "large"),
        ("gemma4:26B-q4", 0, "large"),
        ("mine", 11_999_999_999, "small"),
        ("mine", 12_000_000_000, "large"),
    ],
)
def test_the_size_is_told_by_name_and_else_by_parameters(
    model: str, n_params: int, size: str
) -> None:
    assert sized_renderer("gemma4", model, n_params) == f"gemma4-{size}"
    assert sized_renderer("gemma4-small", model, n_params) == "gemma4-small"
    assert sized_renderer("laguna", model, n_params) == "laguna"


def test_only_the_larger_models_are_told_not_to_think() -> None:
    assert small(user()) == f"<bos>{USER}{MODEL}"
    assert large(user()) == f"<bos>{USER}{MODEL}{NO_THOUGHT}"
    thinking = f"<bos><|turn>system\n<|think|>\n<turn|>\n{USER}{MODEL}"
    assert small(user(), think=True) == large(user(), think="low") == thinking


def test_a_first_system_message_joins_what_else_is_told() -> None:
    for role in ("system", "developer"):
        first = Message(role=role, content=" S\n")
        assert small(first, user()) == f"<bos><|turn>system\nS<turn|>\n{USER}{MODEL}"
    late = Message(role="system", content=" late ")
    assert small(user(), late) == f"<bos>{USER}<|turn>system\nlate<turn|>\n{MODEL}"


def test_texts_are_trimmed_and_lose_their_channels() -> None:
    answer = Message(role="assistant", content=" a<|channel>t<channel|>b<channel|>c<|channel>d ")
    assert small(user(" x\n"), answer, user()) == (f"<bos>{USER}{MODEL}abc<turn|>\n{USER}{MODEL}")


def test_thinking_is_shown_after_the_last_message_of_the_user() -> None:
    answer = Message(role="assistant", content="A", thinking="t")
    thought = "<|channel>thought\nt\n<channel|>"
    assert small(user(), answer, user()) == f"<bos>{USER}{MODEL}A<turn|>\n{USER}{MODEL}"
    assert small(user(), answer) == f"<bos>{USER}{MODEL}{thought}A<turn|>\n{MODEL}"


def test_answers_in_a_row_share_a_turn() -> None:
    answers = [Message(role="assistant", content=text) for text in "AB"]
    assert small(user(), *answers) == f"<bos>{USER}{MODEL}AB<turn|>\n{MODEL}"


def test_results_belong_to_the_turn_of_the_calls() -> None:
    spoken = Message(role="assistant", tool_calls=[call("f", "1", b=2, a="q"), call("g", "2")])
    results = [Message(role="tool", content=id, tool_call_id=id) for id in "21"]
    arguments = 'a:<|"|>q<|"|>,b:2'
    shared = (
        f"<bos>{USER}{MODEL}{called('f', arguments)}{called('g')}"
        f"{response('g', '2')}{response('f', '1')}"
    )
    assert small(user(), spoken, *results) == large(user(), spoken, *results) == shared
    told = shared.replace("<bos>", "<bos><|turn>system\n<|think|>\n<turn|>\n")
    assert small(user(), spoken, *results, think=True) == told + "<|channel>thought\n"
    answer = Message(role="assistant", content="A")
    assert small(user(), spoken, *results, answer) == f"{shared}A<turn|>\n{MODEL}"
    assert small(user(), spoken, *results, user()) == f"{shared}<turn|>\n{USER}{MODEL}"


def test_text_beside_calls_comes_after_their_results() -> None:
    spoken = Message(role="assistant", content="see", tool_calls=[call("f")])
    result = Message(role="tool", content="1", tool_name="f")
    begun = f"<bos>{USER}{MODEL}{called('f')}{response('f', '1')}see"
    assert small(user(), spoken, result) == f"{begun}<turn|>\n"
    assert small(user(), spoken, result, Message(role="assistant", content="A")) == (
        f"{begun}A<turn|>\n{MODEL}"
    )


def test_calls_without_results_wait_for_them() -> None:
    spoken = Message(role="assistant", content="see", tool_calls=[call("f")])
    assert large(user(), spoken) == f"<bos>{USER}{MODEL}{called('f')}see<|tool_response>"


def test_a_result_is_named_by_its_call_or_itself_or_not_at_all() -> None:
    spoken = Message(role="assistant", tool_calls=[call("f", "1"), call("g")])
    results = [
        Message(role="tool", content="a", tool_name="own", tool_call_id="1"),
        Message(role="tool", content="b", tool_name="own", tool_call_id="9"),
        Message(role="tool", content="c", tool_call_id="9"),
        Message(role="tool", content="d"),
    ]
    names = ["f", "own", "unknown", "unknown"]
    text = small(user(), spoken, *results)
    assert text.endswith("".join(map(response, names, "abcd")))


def test_a_result_without_a_call_is_lost() -> None:
    orphan = Message(role="tool", content="1")
    assert small(orphan, user(), orphan) == f"<bos>{USER}{MODEL}"


def test_images_are_tagged() -> None:
    picture = Message(role="user", content="x", images=[b"png"])
    assert small(picture) == f"<bos><|turn>user\n[img-0] x<turn|>\n{MODEL}"


def test_tools_are_declared_behind_the_system_text() -> None:
    tool = {"function": {"name": "f", "description": "D"}}
    assert small(Message(role="system", content="S"), tools=(tool,)) == (
        '<bos><|turn>system\nS<|tool>declaration:f{description:<|"|>D<|"|>}<tool|><turn|>\n' + MODEL
    )


def test_thousands_of_calls_and_results_of_one_turn_are_paired_at_once() -> None:
    ids = [f"id{n}" for n in range(5000)]
    calls = Message(role="assistant", tool_calls=[call("f", id) for id in ids])
    results = [Message(role="tool", content="r", tool_call_id=id) for id in ids]
    begin = time.process_time()
    assert small(user(), calls, *results).count(response("f", "r")) == len(ids)
    assert time.process_time() - begin < 2.0
