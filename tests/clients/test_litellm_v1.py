"""litellm: its providers openai/ and anthropic/, pointed at this server."""

import json

import pytest
from clients import Seen, run_python
from stocked_server import Ollama

from pyollama_conformance.embedding_model import vector

pytestmark = [pytest.mark.client, pytest.mark.slow]
CALL = ["get_weather", {"city": "Paris"}]


@pytest.fixture(scope="module")
def seen(ollama: Ollama) -> Seen:
    return run_python("litellm", "use_litellm_v1.py", ollama.url)


def read(calls: list[list[str]]) -> list[object]:
    """Calls with their arguments, which are JSON here."""
    return [[name, json.loads(arguments)] for name, arguments in calls]


def test_both_providers_give_the_same_chat(seen: Seen) -> None:
    openai, anthropic = seen["chat"]
    assert openai == anthropic
    assert "light" in openai["content"]
    assert openai["reason"] == "stop"
    assert all(count > 0 for count in openai["usage"])
    assert seen["chat_awaited"] == seen["chat"]


def test_a_streamed_chat_is_the_same(seen: Seen) -> None:
    for told, (content, pieces, usage) in zip(seen["chat"], seen["chat_streamed"], strict=True):
        assert content == told["content"]
        assert pieces > 5
        assert usage == [told["usage"]]
    contents = [content for content, _, _ in seen["chat_streamed_and_awaited"]]
    assert contents == [told["content"] for told in seen["chat"]]


def test_a_tool_is_called_and_told_of(seen: Seen) -> None:
    for called, told in seen["with_a_tool"]:
        assert read(called["calls"]) == [CALL]
        assert called["reason"] == "tool_calls"
        assert "18" in told["content"]


def test_a_tool_is_called_in_a_stream(seen: Seen) -> None:
    assert [read(calls) for calls in seen["with_a_tool_streamed"]] == [[CALL]] * 2


def test_a_call_can_be_required(seen: Seen) -> None:
    names = [[name for name, _ in told["calls"]] for told in seen["required"]]
    assert names == [["get_weather"]] * 2


def test_an_answer_keeps_to_a_schema(seen: Seen) -> None:
    """Anthropic's provider has a tool made of the schema, and its call is the answer."""
    for content in seen["within_a_schema"]:
        answer = json.loads(content)
        assert answer["color"] in ("red", "green", "blue")
        assert isinstance(answer["count"], int)


def test_thoughts_are_apart_from_the_answer(seen: Seen) -> None:
    for told in seen["in_thoughts"]:
        assert told["content"]
        assert told["thoughts"].strip()
        assert "think>" not in told["content"] + told["thoughts"]


def test_a_prompt_is_completed(seen: Seen) -> None:
    assert "light" in seen["text_completion"]


def test_embeddings_are_vectors(seen: Seen) -> None:
    assert seen["embedding"] == [[vector("hello", "world"), vector("blue", "sky")], 8]


def test_responses_are_asked_too(seen: Seen) -> None:
    text, first, last = seen["responses"]
    assert "light" in text
    assert (first, last) == ("response.created", "response.completed")


def test_messages_are_asked_too(seen: Seen) -> None:
    text, reason = seen["messages"]
    assert "light" in text
    assert reason == "end_turn"


def test_a_model_that_is_not_there_is_not_found(seen: Seen) -> None:
    statuses, texts = zip(*seen["a_model_that_is_not_there"], strict=True)
    assert statuses == (404, 404)
    assert all("model 'nobody' not found" in text for text in texts)
