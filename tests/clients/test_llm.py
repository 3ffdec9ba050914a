"""The program llm with its plugin llm-ollama."""

import json
from pathlib import Path

import pytest
from clients import Seen, run_python
from stocked_server import Ollama

from pyollama_conformance.embedding_model import vector

pytestmark = [pytest.mark.client, pytest.mark.slow]


@pytest.fixture(scope="module")
def seen(ollama: Ollama, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What the script saw, with nothing remembered of another server's models."""
    user: Path = tmp_path_factory.mktemp("llm")
    return run_python("llm", "use_llm.py", OLLAMA_HOST=ollama.url, LLM_USER_PATH=str(user))


def test_models_are_told_with_their_capabilities(seen: Seen) -> None:
    models = {name: (digest, " ".join(rest)) for name, digest, *rest in seen["models"]}
    assert models["tiny:latest"][1] == "completion, thinking, tools"
    assert models["embedder:latest"][1] == "embedding"
    assert len(models["tiny:latest"][0]) == 12


def test_the_command_answers_a_prompt(seen: Seen) -> None:
    assert "light" in seen["prompt_at_the_command_line"]


def test_the_command_embeds_a_text(seen: Seen) -> None:
    assert json.loads(seen["embed_at_the_command_line"]) == vector("hello", "world")


def test_a_prompt_is_answered_and_counted(seen: Seen) -> None:
    text, prompt_tokens, answer_tokens = seen["prompt"]
    assert "light" in text
    assert prompt_tokens > 0
    assert answer_tokens > 0


def test_a_stream_says_the_same_and_is_counted_alike(seen: Seen) -> None:
    parts, *counts = seen["prompt_streamed"]
    assert ["".join(parts), *counts] == seen["prompt"]
    assert len(parts) > 5
    assert seen["prompt_awaited"] == seen["prompt"][0]


def test_a_conversation_remembers_what_was_said(seen: Seen) -> None:
    first, second_prompt_tokens = seen["conversation"]
    assert first == seen["prompt"][0]
    assert second_prompt_tokens > sum(seen["prompt"][1:])


def test_a_chain_runs_tools_until_there_is_an_answer(seen: Seen) -> None:
    calls, text = seen["chain_of_tools"]
    assert calls == [["get_weather", {"city": "Paris"}]]
    assert "18" in text


def test_an_answer_keeps_to_a_schema(seen: Seen) -> None:
    assert json.loads(seen["within_a_schema"])["color"] in ("red", "green", "blue")


def test_json_mode_gives_json(seen: Seen) -> None:
    assert isinstance(json.loads(seen["json_object"]), dict)


def test_thoughts_are_apart_from_the_answer(seen: Seen) -> None:
    thinking, text = seen["in_thoughts"]
    assert thinking
    assert text
    assert "think>" not in thinking + text


def test_embeddings_are_vectors(seen: Seen) -> None:
    one, *both = seen["embeddings"]
    assert both == [vector("hello", "world"), vector("blue", "sky")]
    assert one == both[0]
