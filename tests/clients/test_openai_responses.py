"""OpenAI's Python package and its newer API: responses, streams, tools, thoughts, searches."""

import hashlib

import httpx2
import pytest
from clients import Seen, run_python
from stocked_server import CALL, CHANGES, Ollama, post

from pyollama_conformance.chain_model import chain_model

pytestmark = [pytest.mark.client, pytest.mark.slow]
CALLED = ["function_call", '{"city":"Paris"}']
NOBODY = ["NotFoundError", "not_found_error", "model 'nobody' not found"]


@pytest.fixture(scope="module")
def seen(ollama: Ollama) -> Seen:
    add_talker(ollama)
    return run_python("openai", "use_openai_responses.py", ollama.url)


def add_talker(ollama: Ollama) -> None:
    """Make a model that says something before it calls a tool."""
    data = chain_model(pieces=("Wait", ".", " ", *CALL))
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    with httpx2.Client(base_url=ollama.url, timeout=120) as client:
        client.post(f"/api/blobs/{digest}", content=data).raise_for_status()
        files = {"talker.gguf": digest}
        post(client, "/api/create", model="talks_and_calls", files=files, **CHANGES["calls"])


def test_a_response_has_text_and_usage(seen: Seen) -> None:
    told = seen["response"]
    ((kind, text),) = told["items"]
    assert (kind, told["status"]) == ("message", "completed")
    assert "light" in text
    assert all(count > 0 for count in told["usage"])
    assert seen["response_awaited"] == told


@pytest.mark.parametrize("call", ["response_streamed", "response_streamed_awaited"])
def test_a_streamed_response_is_the_same(seen: Seen, call: str) -> None:
    pieces, final = seen[call]
    assert len(pieces) > 5
    assert final == seen["response"]
    assert final["items"] == [["message", "".join(pieces)]]


def test_the_events_are_numbered(seen: Seen) -> None:
    kinds, numbers = seen["raw_events"]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    assert numbers == list(range(len(kinds)))


def test_thoughts_and_text_are_items_of_a_stream(seen: Seen) -> None:
    kinds, final = seen["thoughts_and_text_streamed"]
    assert [kind for kind, _ in final["items"]] == ["reasoning", "message"]
    assert all(text for _, text in final["items"])
    assert {"reasoning_summary_text.delta", "output_text.delta"} <= set(kinds)


def test_thoughts_and_a_call_are_items_of_a_stream(seen: Seen) -> None:
    kinds, final = seen["thoughts_and_a_call_streamed"]
    (thought, _), call = final["items"]
    assert (thought, call) == ("reasoning", CALLED)
    assert "function_call_arguments.done" in kinds


def test_text_and_a_call_have_places_of_their_own(seen: Seen) -> None:
    (kinds, final), whole = seen["text_and_a_call_streamed"]
    assert [kind for kind, _ in final["items"]] == ["message", "function_call"]
    assert kinds.count("output_item.done") == 2
    assert whole["items"] == final["items"]


def test_a_tool_is_called_and_told_of(seen: Seen) -> None:
    (called, told), (called_after_thoughts, told_after_thoughts) = seen["tool_loop"]
    assert called["items"] == [CALLED]
    assert called_after_thoughts["items"][1:] == [CALLED]
    assert "18" in told
    assert "18" in told_after_thoughts


def test_structured_output_is_an_instance(seen: Seen) -> None:
    for liking in seen["structured"]:
        assert liking["color"] in ("red", "green", "blue")
        assert 1 <= liking["count"] <= 9


def test_a_choice_of_tools_is_obeyed(seen: Seen) -> None:
    kinds = [[kind for kind, _ in told["items"]] for told in seen["choices"]]
    assert kinds == [["function_call"], ["function_call"], ["message"]]


def test_a_search_is_unavailable(seen: Seen) -> None:
    refused, failed = seen["search"]
    message = "ollama cloud is disabled: web search is unavailable"
    assert refused == ["PermissionDeniedError", "api_error", message]
    assert failed == ["response.failed", message]


def test_mistakes_are_exceptions(seen: Seen) -> None:
    missing, streamed, unknown, mute = seen["mistakes"]
    assert missing == streamed == NOBODY
    assert unknown[:2] == mute[:2] == ["BadRequestError", "invalid_request_error"]
