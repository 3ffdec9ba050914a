"""The npm package ollama under Node: every method, abort included."""

from datetime import UTC, datetime
from typing import Any

import pytest
from clients import Seen, run_node
from stocked_server import Ollama

from pyollama_conformance.embedding_model import vector

pytestmark = [pytest.mark.client, pytest.mark.slow]
BEGINNING = ["The", " <b>", "kettle"]


@pytest.fixture(scope="module")
def seen(ollama: Ollama) -> Seen:
    arguments = (ollama.url, ollama.registry, ollama.file)
    return run_node("ollama-js", "use_ollama.mjs", *arguments)


def joined(messages: list[dict[str, Any]], key: str) -> str:
    """The text of a stream."""
    return "".join(message.get(key, "") for message in messages)


def test_every_public_method_is_used(seen: Seen) -> None:
    methods, used = seen["methods"]
    assert used == methods


def test_the_version_is_of_an_ollama_that_clients_accept(seen: Seen) -> None:
    version = seen["version"]["version"].split(".")
    assert tuple(map(int, version)) >= (0, 6, 4)


def test_generate_answers_whole_and_in_pieces(seen: Seen) -> None:
    whole, (*parts, last) = seen["generate"], seen["generate_streamed"]
    assert "light" in whole["response"]
    assert joined(parts, "response") == whole["response"]
    assert (last["done"], last["eval_count"]) == (True, whole["eval_count"])


def test_chat_answers_whole_and_in_pieces(seen: Seen) -> None:
    whole, (*parts, last) = seen["chat"], seen["chat_streamed"]
    assert "light" in whole["message"]["content"]
    messages = [part["message"] for part in parts]
    assert joined(messages, "content") == whole["message"]["content"]
    assert (last["done_reason"], last["prompt_eval_count"]) == ("stop", whole["prompt_eval_count"])


def test_a_tool_is_called_and_told_of(seen: Seen) -> None:
    (call,), told = seen["chat_with_a_tool"]
    assert (call["name"], call["arguments"]) == ("get_weather", {"city": "Paris"})
    assert "18" in told


def test_an_answer_keeps_to_a_schema(seen: Seen) -> None:
    answer = seen["chat_within_a_schema"]
    assert answer["color"] in ("red", "green", "blue")
    assert 1 <= answer["count"] <= 9


def test_thoughts_are_apart_from_the_answer(seen: Seen) -> None:
    messages = seen["chat_in_thoughts"]
    assert joined(messages, "thinking")
    assert joined(messages, "content")
    assert "think>" not in joined(messages, "thinking") + joined(messages, "content")


def test_embed_and_embeddings_give_vectors(seen: Seen) -> None:
    assert seen["embed"]["embeddings"] == [vector("hello", "world"), vector("blue", "sky")]
    assert seen["embeddings"]["embedding"] == vector("hello", "world")


def test_one_stream_is_aborted(seen: Seen) -> None:
    assert seen["one_stream_aborted"] == {"parts": BEGINNING, "name": "AbortError"}


def test_all_streams_are_aborted_at_once(seen: Seen) -> None:
    assert seen["all_streams_aborted"] == [{"parts": BEGINNING, "name": "AbortError"}] * 2


def test_an_aborted_stream_frees_its_model(seen: Seen) -> None:
    assert seen["until_it_is_unloaded"]


def test_ps_tells_when_the_model_goes(seen: Seen) -> None:
    running = seen["ps"]
    assert running["name"] == running["model"] == "tiny:latest"
    assert datetime.fromisoformat(running["expires_at"]) > datetime.now(UTC)


def test_list_and_show_tell_the_models(seen: Seen) -> None:
    assert {"tiny:latest", "embedder:latest"} <= {model["name"] for model in seen["list"]}
    shown = seen["show"]
    assert shown["model_info"]["llama.context_length"] == 2048
    assert isinstance(shown["parameters"], str)
    assert set(shown["capabilities"]) == {"completion", "tools", "thinking"}


def test_a_model_is_pushed_deleted_and_pulled_again(seen: Seen) -> None:
    told = seen["copied_pushed_deleted_and_pulled"]
    assert told["statuses"] == ["success"] * 4
    assert told["pushed"][-1] == told["pulled"][-1] == {"status": "success"}
    assert any(part.get("total") for part in told["pulled"])


def test_a_file_is_uploaded_and_becomes_a_model(seen: Seen) -> None:
    told = seen["uploaded_and_created"]
    assert (told["uploaded"], told["child"], told["system"]) == (True, "success", "Be kind.")
    assert told["said"][-1] == "success"


def test_errors_have_their_status_and_words(seen: Seen) -> None:
    told = seen["errors"]
    missing = {"name": "ResponseError", "message": "model 'nobody' not found", "status": 404}
    assert told["chat"] == told["delete"] == missing
    assert (told["systemone"]["status"], told["systemone"]["message"]) == (
        404,
        "404 page not found",
    )
    assert "connection refused" in told["pull"]["message"]


def test_the_web_is_not_asked_of_this_server(seen: Seen) -> None:
    web = "https://ollama.com/api/web_"
    assert seen["the_web"] == [f"{web}search", f"{web}fetch"]


def test_an_image_is_sent_as_base64(seen: Seen) -> None:
    assert seen["encodeImage"] == "AQID"
