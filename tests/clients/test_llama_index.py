"""The LLM and the embedding of llama-index for Ollama."""

import json

import pytest
from clients import Seen, run_python
from stocked_server import Ollama

from pyollama_conformance.embedding_model import vector

pytestmark = [pytest.mark.client, pytest.mark.slow]


@pytest.fixture(scope="module")
def seen(ollama: Ollama) -> Seen:
    return run_python("llama-index", "use_llama_index.py", ollama.url)


def test_the_context_window_is_read_from_show(seen: Seen) -> None:
    assert seen["metadata"] == 2048


def test_chat_answers_with_usage(seen: Seen) -> None:
    told, usage = seen["chat"], seen["chat"]["usage"]
    assert "light" in told["content"]
    assert usage["prompt_tokens"] > 0
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_streamed_chat_grows_to_the_same_answer(seen: Seen) -> None:
    told = seen["chat_streamed"]
    assert len(told["deltas"]) > 5
    assert "".join(told["deltas"]) == told["content"] == seen["chat"]["content"]
    assert told["usage"] == seen["chat"]["usage"]


@pytest.mark.parametrize("call", ["chat_awaited", "chat_streamed_and_awaited", "complete"])
def test_every_way_gives_the_same_answer(seen: Seen, call: str) -> None:
    assert seen[call] == seen["chat"]["content"]


def test_a_completion_is_made_in_pieces_and_awaited(seen: Seen) -> None:
    assert "".join(seen["complete_streamed"]) == seen["complete"]
    assert seen["complete_awaited"] == [seen["complete"]] * 2


def test_a_tool_is_called_and_told_of(seen: Seen) -> None:
    calls, told = seen["chat_with_a_tool"]
    assert calls == [["get_weather", {"city": "Paris"}]]
    assert "18" in told


def test_a_tool_is_run_for_the_caller(seen: Seen) -> None:
    assert seen["predict_and_call"] == "18 degrees and sunny"


@pytest.mark.parametrize("call", ["structured_output", "structured_output_awaited"])
def test_structured_output_is_an_object_of_the_class(seen: Seen, call: str) -> None:
    answer = seen[call]
    assert answer["color"] in ("red", "green", "blue")
    assert 1 <= answer["count"] <= 9


def test_json_mode_gives_json(seen: Seen) -> None:
    assert isinstance(json.loads(seen["json_mode"]), dict)


def test_thinking_is_a_block_of_its_own(seen: Seen) -> None:
    (thoughts,), content = seen["chat_in_thoughts"]
    assert thoughts
    assert content
    assert "think>" not in thoughts + content


def test_embeddings_are_vectors(seen: Seen) -> None:
    both = [vector("hello", "world"), vector("blue", "sky")]
    assert seen["embeddings"] == [both[0], both]
    assert seen["embeddings_awaited"] == both
