"""langchain-openai: chat, streams, bound tools, structured output, responses, embeddings."""

import pytest
from clients import Seen, run_python
from stocked_server import Ollama

from pyollama_conformance.embedding_model import vector

pytestmark = [pytest.mark.client, pytest.mark.slow]
CALL = {"name": "get_weather", "args": {"city": "Paris"}}


@pytest.fixture(scope="module")
def seen(ollama: Ollama) -> Seen:
    return run_python("langchain", "use_langchain_openai.py", ollama.url)


@pytest.mark.parametrize(
    "call", ["chat", "chat_streamed", "chat_awaited", "chat_streamed_and_awaited"]
)
def test_chat_answers_with_usage_and_a_reason(seen: Seen, call: str) -> None:
    told = seen[call]
    assert "light" in told["content"]
    assert told["reason"] == "stop"
    assert all(count > 0 for count in told["usage"])
    assert {key: told[key] for key in seen["chat"]} == seen["chat"]


def test_a_stream_comes_in_pieces(seen: Seen) -> None:
    assert seen["chat_streamed"]["parts"] > 5


def test_several_are_answered_at_once(seen: Seen) -> None:
    assert seen["several_at_once"] == [seen["chat"]["content"]] * 3


def test_a_bound_tool_is_called_and_told_of(seen: Seen) -> None:
    called, told = seen["chat_with_a_tool"]
    assert (called["calls"], called["reason"]) == ([CALL], "tool_calls")
    assert "18" in told["content"]
    assert seen["chat_with_a_tool_streamed"]["calls"] == [CALL]


def test_a_choice_of_tools_is_obeyed(seen: Seen) -> None:
    *forced, free = seen["choices"]
    assert [[call["name"] for call in told["calls"]] for told in forced] == [["get_weather"]] * 3
    assert free["calls"] == []


def test_structured_output_is_an_object_of_the_class(seen: Seen) -> None:
    answer = seen["structured_output"]
    assert answer["color"] in ("red", "green", "blue")
    assert 1 <= answer["count"] <= 9


def test_structured_output_may_be_a_call(seen: Seen) -> None:
    assert seen["structured_output_by_a_tool"]["color"] in ("red", "green", "blue")


def test_the_tokens_of_log_probabilities_are_the_content(seen: Seen) -> None:
    content, joined = seen["log_probabilities"]
    assert content == joined


def test_responses_are_asked_too(seen: Seen) -> None:
    told, called = seen["response"]
    assert told["content"] == seen["chat"]["content"]
    assert told["usage"] == seen["chat"]["usage"]
    assert called["calls"] == [CALL]


def test_a_streamed_response_has_thoughts_and_text(seen: Seen) -> None:
    assert seen["response_streamed"] == ["reasoning", "text"]


def test_a_prompt_in_a_list_is_refused(seen: Seen) -> None:
    status, words = seen["a_prompt_in_a_list"]
    assert status == 400
    assert "CompletionRequest.prompt of type string" in words


def test_embeddings_are_vectors(seen: Seen) -> None:
    assert seen["embeddings"] == [vector("hello", "world"), [vector("blue", "sky")]]
    assert seen["embeddings_awaited"] == vector("hello", "world")


def test_a_model_that_is_not_there_is_not_found(seen: Seen) -> None:
    status, words = seen["a_model_that_is_not_there"]
    assert status == 404
    assert "model 'nobody' not found" in words
