"""/v1/messages without a stream: what becomes of an answer, and of what goes wrong."""

import re
from typing import Any

import pytest
from anthropic_requests import HI, SEARCH, TIDE, URL, ask, called, say
from fake_serving import FakeServing
from starlette.testclient import TestClient

from pyollama.api import ChatResponse, Time
from pyollama.errors import EngineError, NotFound, PyollamaError, ServerBusy, refused_by_engine


def test_an_answer_has_the_form_of_anthropic(client: TestClient, serving: FakeServing) -> None:
    serving.prompt_eval_count = 11
    answer = ask(client)
    assert answer.headers["content-type"] == "application/json"
    assert re.sub("msg_[0-9a-f]{24}", "ID", answer.text) == (
        '{"id":"ID","type":"message","role":"assistant","model":"m",'
        '"content":[{"type":"text","text":"Hello you"}],"stop_reason":"end_turn",'
        '"usage":{"input_tokens":11,"output_tokens":2}}\n'
    )


def test_blocks_come_in_the_order_thoughts_text_calls(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = [
        say("A.", "T"),
        say("", "", called(port="<Brest>"), called("call_2", z=1, a=2)),
    ]
    answer = ask(client, tools=[TIDE])
    assert answer.json()["content"] == [
        {"type": "thinking", "thinking": "T"},
        {"type": "text", "text": "A."},
        {"type": "tool_use", "id": "call_1", "name": "tide", "input": {"port": "<Brest>"}},
        {"type": "tool_use", "id": "call_2", "name": "tide", "input": {"z": 1, "a": 2}},
    ]
    assert r'"input":{"port":"\u003cBrest\u003e"}' in answer.text
    assert '"input":{"z":1,"a":2}' in answer.text


@pytest.mark.parametrize(
    ("native", "reason"),
    [("stop", "end_turn"), ("length", "max_tokens"), ("load", "stop_sequence"), ("", None)],
)
def test_why_it_ended_is_said_in_other_words(
    client: TestClient, serving: FakeServing, native: str, reason: str | None
) -> None:
    serving.done_reason = native
    assert ask(client).json().get("stop_reason") == reason


def test_a_call_is_the_reason_even_where_the_limit_was_hit(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = [say("", "", called())]
    serving.done_reason = "length"
    assert ask(client, tools=[TIDE]).json()["stop_reason"] == "tool_use"


def test_an_empty_answer_has_no_blocks(
    client: TestClient, strict: TestClient, serving: FakeServing
) -> None:
    serving.script = []
    assert ask(client).json()["content"] == []
    assert ask(strict).json()["content"] is None


def test_a_conversation_of_nothing_only_loads_the_model(
    client: TestClient, serving: FakeServing
) -> None:
    serving.single = ChatResponse(
        model="m", created_at=Time(0), message=say(), done=True, done_reason="load"
    )
    body = ask(client, messages=[{"role": "user", "content": [{"type": "document"}]}]).json()
    assert serving.calls[-1].messages == []  # type: ignore[union-attr]
    assert body["stop_reason"] == "stop_sequence"
    assert body["usage"] == {"input_tokens": 0, "output_tokens": 0}


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (NotFound("model 'm' not found"), 404, "not_found_error"),
        (ServerBusy("server busy"), 503, "overloaded_error"),
        (EngineError("it broke"), 500, "api_error"),
        (refused_by_engine("no <images>"), 400, "invalid_request_error"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_serving_refuses_has_the_envelope_and_a_newline(
    client: TestClient,
    serving: FakeServing,
    error: PyollamaError,
    status: int,
    kind: str,
    stream: bool,
) -> None:
    serving.refusal = error
    answer = ask(client, stream=stream)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers.get("cache-control") == ("no-cache" if stream else None)
    assert answer.text.endswith("}\n")
    body = answer.json()
    assert re.fullmatch("req_[0-9a-f]{24}", body.pop("request_id"))
    assert body == {"type": "error", "error": {"type": kind, "message": str(error)}}


def test_a_failure_before_the_first_piece_is_an_answer_too(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = [EngineError("it broke")]
    for stream in (False, True):
        answer = ask(client, stream=stream)
        assert (answer.status_code, answer.json()["error"]["type"]) == (500, "api_error")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "EOF"),
        (b'{"model":', "unexpected EOF"),
        (b"{}", "model is required"),
        (b"null", "model is required"),
        (b'{"model":"m"}', "max_tokens is required and must be positive"),
        (b'{"model":"m","max_tokens":-1}', "max_tokens is required and must be positive"),
        (b'{"model":"m","max_tokens":1}', "messages is required"),
        (b'{"model":"m","max_tokens":1,"messages":[]}', "messages is required"),
        (
            b"[]",
            "json: cannot unmarshal array into Go value of type anthropic.MessagesRequest",
        ),
    ],
)
def test_what_cannot_be_meant_has_the_envelope_without_a_newline(
    client: TestClient, body: bytes, message: str
) -> None:
    answer = client.post(URL, content=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.text.endswith("}")
    assert answer.json()["error"] == {"type": "invalid_request_error", "message": message}


def test_a_cloud_model_is_refused_in_the_native_form(client: TestClient) -> None:
    answer = ask(client, model="m:cloud")
    assert answer.status_code == 403
    assert answer.json() == {"error": "ollama cloud is disabled: remote model is unavailable"}


def test_headers_and_queries_of_the_client_do_not_matter(client: TestClient) -> None:
    body = {"model": "m", "max_tokens": 1, "messages": HI}
    headers = {"x-api-key": "k", "anthropic-version": "2023-06-01", "anthropic-beta": "b"}
    assert client.post(f"{URL}?beta=true", json=body, headers=headers).status_code == 200


def test_an_answer_without_any_event_is_an_error(
    client: TestClient, serving: FakeServing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(event: Any) -> Any:
        for each in list[Any]():
            yield each

    monkeypatch.setattr(serving, "_events", nothing)
    assert ask(client).status_code == 500
    assert ask(client, tools=[SEARCH]).status_code == 500
