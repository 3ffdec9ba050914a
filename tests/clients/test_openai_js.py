"""OpenAI's package for Node: both APIs, their helpers, a tool that it runs itself, abort."""

import pytest
from clients import Seen, run_node
from stocked_server import Ollama

from pyollama_conformance.embedding_model import vector

pytestmark = [pytest.mark.client, pytest.mark.slow]
ARGUMENTS = '{"city":"Paris"}'
LEFT = {"pieces": ["The", " <b>", "kettle"], "error": None}


@pytest.fixture(scope="module")
def seen(ollama: Ollama) -> Seen:
    return run_node("openai-js", "use_openai.mjs", ollama.url)


def test_chat_answers_whole_and_in_pieces(seen: Seen) -> None:
    whole, streamed = seen["chat"], seen["chat_streamed"]
    assert "light" in whole["content"]
    assert (whole["reason"], streamed["choices"]) == ("stop", [])
    assert (streamed["text"], streamed["usage"]) == (whole["content"], whole["usage"])


def test_the_stream_helper_puts_a_call_together(seen: Seen) -> None:
    arguments, told = seen["helper"]
    assert arguments == [ARGUMENTS]
    assert (told["calls"], told["reason"]) == ([["get_weather", ARGUMENTS]], "tool_calls")


def test_a_tool_is_run_and_told_of(seen: Seen) -> None:
    told = seen["tools_run"]
    assert told["cities"] == ["Paris"]
    assert "18" in told["content"]
    assert told["roles"] == ["user", "assistant", "tool", "assistant"]


@pytest.mark.parametrize("call", ["within_a_schema", "response_parsed"])
def test_an_answer_keeps_to_a_schema(seen: Seen, call: str) -> None:
    assert seen[call]["color"] in ("red", "green", "blue")
    assert 1 <= seen[call]["count"] <= 9


def test_streams_are_aborted(seen: Seen) -> None:
    assert seen["aborted"] == [LEFT, LEFT]


def test_a_completion_is_made_whole_and_in_pieces(seen: Seen) -> None:
    whole, streamed = seen["completion"]
    assert "light" in whole
    assert streamed == whole


def test_embeddings_are_alike_as_base64_and_as_numbers(seen: Seen) -> None:
    assert seen["embeddings"] == [[vector("hello", "world"), vector("blue", "sky")]] * 2


def test_models_are_listed_and_retrieved(seen: Seen) -> None:
    models, one = seen["models"]
    assert {"tiny:latest", "embedder:latest"} <= set(models)
    assert one == "tiny"


def test_a_response_is_made_whole_and_in_pieces(seen: Seen) -> None:
    whole, streamed = seen["response"], seen["response_streamed"]
    assert "light" in whole["text"]
    assert (whole["status"], whole["items"]) == ("completed", [["message", None]])
    assert streamed["text"] == whole["text"]
    assert (streamed["first"], streamed["last"]) == ("response.created", "response.completed")


def test_the_helper_of_responses_keeps_thoughts_and_a_call(seen: Seen) -> None:
    """It looks for the part that thoughts belong to, and fails where there is none."""
    (thoughts, _), call = seen["response_helper"]["items"]
    assert (thoughts, call) == ("reasoning", ["function_call", ARGUMENTS])


def test_a_call_of_a_response_is_told_of(seen: Seen) -> None:
    called, told = seen["response_told"]
    assert called["items"] == [["function_call", ARGUMENTS]]
    assert "18" in told["text"]


def test_mistakes_are_exceptions(seen: Seen) -> None:
    missing = ["NotFoundError", 404, "not_found_error"]
    assert seen["errors"] == [
        missing, missing, ["BadRequestError", 400, "invalid_request_error"], missing,
        ["InternalServerError", 501, "api_error"],
    ]  # fmt: skip
