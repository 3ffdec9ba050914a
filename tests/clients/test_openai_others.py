"""OpenAI's Python package: completions, embeddings, models, recordings, mistakes."""

import pytest
from clients import Seen, run_python
from stocked_server import Ollama

from pyollama_conformance.embedding_model import vector

pytestmark = [pytest.mark.client, pytest.mark.slow]
VECTORS = [vector("hello", "world"), vector("blue", "sky")]
MISSING = ["NotFoundError", 404, "not_found_error", "model 'nobody' not found"]
NO_ROUTE = ["NotFoundError", 404, None, "404 page not found"]


@pytest.fixture(scope="module")
def seen(ollama: Ollama) -> Seen:
    return run_python("openai", "use_openai_others.py", ollama.url)


def test_a_completion_has_text_usage_and_a_reason(seen: Seen) -> None:
    told = seen["completion"]
    assert "light" in told["text"]
    assert told["reason"] == "stop"
    assert all(count > 0 for count in told["usage"])
    assert seen["completion_awaited"] == told


@pytest.mark.parametrize("call", ["completion_streamed", "completion_streamed_awaited"])
def test_a_streamed_completion_is_the_same(seen: Seen, call: str) -> None:
    told = seen[call]
    assert len(told["pieces"]) > 5
    assert "".join(told["pieces"]) == seen["completion"]["text"]
    assert (told["last"], told["reason"]) == (0, "stop")
    assert told["usage"] == seen["completion"]["usage"]


def test_a_gap_is_filled_in(seen: Seen) -> None:
    assert seen["filled_in"]["text"]


def test_several_answers_differ_and_have_log_probabilities(seen: Seen) -> None:
    (one, other), tokens = seen["several"]
    assert one != other
    assert tokens == one


def test_embeddings_are_alike_as_base64_and_as_numbers(seen: Seen) -> None:
    told = seen["embeddings"]
    assert told["usual"] == told["numbers"] == VECTORS
    assert told["sent"] == VECTORS[0]
    assert (told["indices"], told["usage"]) == ([0, 1], [8, 8])
    assert seen["embeddings_awaited"] == VECTORS[0]


def test_fewer_dimensions_are_normalised(seen: Seen) -> None:
    assert seen["fewer_dimensions"] == [1.0, 0.0]


def test_models_are_listed_and_retrieved(seen: Seen) -> None:
    models, one = seen["models"]
    assert ["tiny:latest", "model", "library"] in models
    assert {model[0] for model in models} == set(seen["models_awaited"])
    assert one == ["tiny", "model", True]


def test_a_recording_is_heard_by_no_model(seen: Seen) -> None:
    *deaf, missing, empty = seen["recording"]
    assert [each[:3] for each in deaf] == [["InternalServerError", 500, "api_error"]] * 2
    assert missing == MISSING
    assert empty == ["BadRequestError", 400, "invalid_request_error", "audio file is empty"]


@pytest.mark.parametrize("call", ["missing", "missing_streamed", "missing_completion"])
def test_a_missing_model_is_not_found(seen: Seen, call: str) -> None:
    assert seen["mistakes"][call] == MISSING


@pytest.mark.parametrize("call", ["no_messages", "a_wrong_type", "mute", "mute_streamed"])
def test_what_cannot_be_answered_is_a_bad_request(seen: Seen, call: str) -> None:
    assert seen["mistakes"][call][:3] == ["BadRequestError", 400, "invalid_request_error"]


def test_a_model_that_makes_no_embeddings_is_a_fault_of_the_server(seen: Seen) -> None:
    assert seen["mistakes"]["no_embeddings"][:3] == ["InternalServerError", 501, "api_error"]


def test_a_missing_embedder_and_a_missing_entry_are_not_found(seen: Seen) -> None:
    mistakes = seen["mistakes"]
    assert mistakes["missing_embedder"][:3] == MISSING[:3]
    assert mistakes["no_model"] == [*MISSING[:3], "model 'nobody:latest' not found"]


def test_what_is_no_route_is_not_found(seen: Seen) -> None:
    assert seen["mistakes"]["a_namespace"] == seen["mistakes"]["no_route"] == NO_ROUTE


def test_a_model_of_the_cloud_is_refused(seen: Seen) -> None:
    message = "ollama cloud is disabled: remote model is unavailable"
    assert seen["mistakes"]["a_cloud"] == ["PermissionDeniedError", 403, None, message]
