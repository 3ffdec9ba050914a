"""Answers of one object: what they take from the last event, and what from all."""

from collections.abc import AsyncIterator

import pytest
from fake_serving import FakeServing
from starlette.testclient import TestClient

from pyollama.api import (
    ChatResponse,
    GenerateRequest,
    GenerateResponse,
    Logprob,
    ResponseMessage,
    Time,
    TokenLogprob,
)
from pyollama_http import gojson
from pyollama_http.joined import joined_message, joined_text

ENTRY = Logprob(token="é<", logprob=-0.5, bytes=[195, 169, 60])
CERTAIN = Logprob(token="", logprob=0.0, top_logprobs=[TokenLogprob(token="", logprob=-1e-7)])


def test_text_and_log_probabilities_are_joined_and_come_last_in_generate() -> None:
    events = [
        GenerateResponse(model="m", created_at=Time(0), response=text, done=False, logprobs=[entry])
        for text, entry in (("a", ENTRY), ("b", CERTAIN))
    ]
    final = GenerateResponse(model="m", created_at=Time(0), response="", done=True, eval_count=2)
    joined = gojson.encode(joined_text([*events, final])).decode()
    assert '"response":"ab","done":true' in joined
    assert joined.endswith(
        '"eval_count":2,"logprobs":[{"token":"é\\u003c","logprob":-0.5,"bytes":[195,169,60]},'
        '{"token":"","logprob":0,"top_logprobs":[{"token":"","logprob":-1e-7}]}]}'
    )


def test_log_probabilities_stand_before_the_statistics_in_chat() -> None:
    message = ResponseMessage(role="assistant", content="x")
    event = ChatResponse(
        model="m", created_at=Time(0), message=message, done=False, logprobs=[ENTRY]
    )
    final = ChatResponse(
        model="m", created_at=Time(0), message=message, done=True, done_reason="stop", eval_count=2
    )
    joined = gojson.encode(joined_message([event, final], had_tools=False)).decode()
    assert '"content":"xx"' in joined
    assert joined.index('"done_reason"') < joined.index('"logprobs"') < joined.index('"eval_count"')


def test_an_answer_that_was_cut_short_is_its_last_piece_with_all_text() -> None:
    events = [
        GenerateResponse(model="m", created_at=Time(0), response="in", done=False) for _ in range(3)
    ]
    joined = gojson.encode(joined_text(events)).decode()
    assert joined == (
        '{"model":"m","created_at":"1970-01-01T00:00:00Z","response":"ininin","done":false}'
    )


def test_an_answer_without_any_event_is_an_error_or_an_empty_stream(
    client: TestClient, serving: FakeServing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(call: GenerateRequest) -> AsyncIterator[GenerateResponse]:
        async def none() -> AsyncIterator[GenerateResponse]:
            for event in list[GenerateResponse]():
                yield event

        return none()

    monkeypatch.setattr(serving, "generate", nothing)
    whole = client.post("/api/generate", json={"model": "m", "prompt": "x", "stream": False})
    assert (whole.status_code, "says nothing" in whole.text) == (500, True)
    stream = client.post("/api/generate", json={"model": "m", "prompt": "x"})
    assert (stream.status_code, stream.content) == (200, b"")
    assert stream.headers["content-type"] == "application/x-ndjson"
