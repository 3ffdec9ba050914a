"""langchain-ollama: chat, streams, bound tools, structured output, embeddings."""

import json
from typing import Any

import pytest
from clients import Seen, run_python
from stocked_server import Ollama

from pyollama_conformance.embedding_model import vector

pytestmark = [pytest.mark.client, pytest.mark.slow]
CALL = {"name": "get_weather", "args": {"city": "Paris"}}
COUNTS = (
    "total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration", "eval_count",
    "eval_duration",
)  # fmt: skip


@pytest.fixture(scope="module")
def seen(ollama: Ollama) -> Seen:
    return run_python("langchain", "use_langchain.py", ollama.url)


def require_counts(told: dict[str, Any]) -> None:
    """Usage and metadata are taken from the last record."""
    usage, metadata = told["usage"], told["metadata"]
    assert usage["input_tokens"] == metadata["prompt_eval_count"]
    assert usage["output_tokens"] == metadata["eval_count"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert all(metadata[name] > 0 for name in COUNTS)
    assert (metadata["model"], metadata["done_reason"]) == ("tiny", "stop")


@pytest.mark.parametrize(
    "call", ["chat", "chat_streamed", "chat_awaited", "chat_streamed_and_awaited"]
)
def test_chat_answers_with_usage(seen: Seen, call: str) -> None:
    told = seen[call]
    assert "light" in told["content"]
    assert told["content"] == seen["chat"]["content"]
    require_counts(told)


def test_a_stream_comes_in_pieces(seen: Seen) -> None:
    assert seen["chat_streamed"]["parts"] > 5


def test_several_are_answered_at_once(seen: Seen) -> None:
    assert seen["several_at_once"] == [seen["chat"]["content"]] * 3


def test_a_bound_tool_is_called_and_told_of(seen: Seen) -> None:
    called, told = seen["chat_with_a_tool"]
    assert called["calls"] == [CALL]
    assert "18" in told["content"]
    require_counts(called)


def test_a_bound_tool_is_called_in_a_stream(seen: Seen) -> None:
    assert seen["chat_with_a_tool_streamed"] == [CALL]


def test_structured_output_is_an_object_of_the_class(seen: Seen) -> None:
    answer = seen["structured_output"]
    assert answer["color"] in ("red", "green", "blue")
    assert 1 <= answer["count"] <= 9


def test_json_mode_gives_json(seen: Seen) -> None:
    assert isinstance(json.loads(seen["structured_output_by_json"]["content"]), dict)


def test_reasoning_is_apart_from_the_answer(seen: Seen) -> None:
    told = seen["chat_in_thoughts"]
    assert told["reasoning"]
    assert told["content"]
    assert "think>" not in told["content"] + told["reasoning"]


def test_a_completion_is_made_whole_and_in_pieces(seen: Seen) -> None:
    whole, parts = seen["completion"]
    assert "light" in whole
    assert "".join(parts) == whole


def test_embeddings_are_vectors(seen: Seen) -> None:
    assert seen["embeddings"] == [vector("hello", "world"), [vector("blue", "sky")]]
    assert seen["embeddings_awaited"] == vector("hello", "world")


def test_a_model_that_is_not_listed_is_refused(seen: Seen) -> None:
    assert "Model `nobody` not found" in seen["a_model_that_is_not_there"]
    assert "tiny:latest" in seen["a_model_that_is_not_there"]
