"""litellm: its providers ollama/, which completes prompts, and ollama_chat/."""

import json
from typing import Any

import pytest
from clients import Seen, run_python
from stocked_server import Ollama

from pyollama_conformance.embedding_model import vector

pytestmark = [pytest.mark.client, pytest.mark.slow]
CALL = ["get_weather", {"city": "Paris"}]


@pytest.fixture(scope="module")
def seen(ollama: Ollama) -> Seen:
    return run_python("litellm", "use_litellm.py", ollama.url)


def read(calls: list[list[str]]) -> list[Any]:
    """Calls with their arguments, which are JSON here."""
    return [[name, json.loads(arguments)] for name, arguments in calls]


@pytest.mark.parametrize("call", ["ollama_generate", "ollama_generate_awaited", "chat"])
def test_a_completion_has_usage_and_a_reason(seen: Seen, call: str) -> None:
    told = seen[call]
    assert "light" in told["content"]
    assert told["reason"] == "stop"
    assert all(count > 0 for count in told["usage"])


def test_a_streamed_prompt_is_answered_alike(seen: Seen) -> None:
    pieces = seen["ollama_generate_streamed"]
    assert len(pieces) > 5
    assert "".join(pieces) == seen["ollama_generate"]["content"]


def test_a_streamed_chat_is_answered_alike_and_counted(seen: Seen) -> None:
    told = seen["chat_streamed"]
    assert "".join(told["pieces"]) == seen["chat"]["content"]
    assert told["usage"] == [seen["chat"]["usage"]]


def test_an_awaited_chat_is_answered_alike(seen: Seen) -> None:
    whole, pieces = seen["chat_awaited"]
    assert whole["content"] == "".join(pieces) == seen["chat"]["content"]


def test_a_tool_is_called_and_told_of(seen: Seen) -> None:
    called, told = seen["chat_with_a_tool"]
    assert read(called["calls"]) == [CALL]
    assert called["reason"] == "tool_calls"
    assert "18" in told["content"]


def test_a_tool_is_called_in_a_stream(seen: Seen) -> None:
    assert read(seen["chat_with_a_tool_streamed"]) == [CALL]


@pytest.mark.parametrize("call", ["ollama_generate_within_a_schema", "chat_within_a_schema"])
def test_an_answer_keeps_to_a_schema(seen: Seen, call: str) -> None:
    answer = json.loads(seen[call]["content"])
    assert answer["color"] in ("red", "green", "blue")
    assert 1 <= answer["count"] <= 9


def test_thoughts_are_apart_from_the_answer(seen: Seen) -> None:
    told = seen["chat_in_thoughts"]
    assert told["thoughts"]
    assert told["content"]
    assert "think>" not in told["content"] + told["thoughts"]


def test_embeddings_are_vectors(seen: Seen) -> None:
    vectors, count = seen["embedding"]
    assert vectors == [vector("hello", "world"), vector("blue", "sky")]
    assert count == 8
    assert seen["embedding_awaited"] == vector("hello", "world")


def test_the_model_tells_its_context_and_that_it_calls_tools(seen: Seen) -> None:
    assert seen["model_info"] == [2048, True]


def test_the_models_are_listed_by_name(seen: Seen) -> None:
    assert {"ollama/tiny:latest", "ollama/embedder:latest"} <= set(seen["models"])


def test_a_model_that_is_not_there_is_not_found(seen: Seen) -> None:
    statuses, texts = zip(*seen["a_model_that_is_not_there"], strict=True)
    assert statuses == (404, 404)
    assert all("model 'nobody' not found" in text for text in texts)
