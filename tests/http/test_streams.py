"""Answers that come piece by piece, and clients that leave."""

import asyncio
import json

import pytest
from fake_serving import FakeServing
from starlette.requests import Request
from starlette.testclient import TestClient

from pyollama.api import DebugInfo, GenerateResponse, Time
from pyollama.errors import BadRequest, EngineError, RequestCanceled, ServerBusy
from pyollama_http.streams import unless_gone


def lines(text: str) -> list[dict[str, object]]:
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_events_go_out_as_lines_in_chunks(client: TestClient, serving: FakeServing) -> None:
    response = client.post("/api/generate", json={"model": "m", "prompt": "hi"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/x-ndjson"
    assert "content-length" not in response.headers
    events = lines(response.text)
    assert [event["response"] for event in events] == ["Hello", " you", ""]
    assert [event["done"] for event in events] == [False, False, True]
    assert serving.closed == 1


def test_without_streaming_the_texts_are_joined(client: TestClient, serving: FakeServing) -> None:
    response = client.post("/api/generate", json={"model": "m", "prompt": "hi", "stream": False})
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.content == (
        b'{"model":"m","created_at":"1970-01-01T00:00:00Z","response":"Hello you","done":true,'
        b'"done_reason":"stop","eval_count":2}'
    )
    assert int(response.headers["content-length"]) == len(response.content)
    assert serving.closed == 1


def test_a_chat_is_joined_in_its_message(client: TestClient) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": False}
    answer = client.post("/api/chat", json=body).json()
    assert answer["message"] == {"role": "assistant", "content": "Hello you"}
    assert list(answer) == ["model", "created_at", "message", "done", "done_reason", "eval_count"]


def test_a_long_single_answer_has_no_length(client: TestClient, serving: FakeServing) -> None:
    serving.script = ["x" * 3000]
    response = client.post("/api/generate", json={"model": "m", "prompt": "hi", "stream": False})
    assert len(response.json()["response"]) == 3000
    assert "content-length" not in response.headers


@pytest.mark.parametrize("stream", [True, False])
def test_what_fails_before_the_stream_is_an_ordinary_error(
    client: TestClient, serving: FakeServing, stream: bool
) -> None:
    serving.refusal = ServerBusy("too many")
    response = client.post("/api/generate", json={"model": "m", "stream": stream})
    assert (response.status_code, response.content) == (503, b'{"error":"too many"}')
    assert response.headers["content-type"] == "application/json; charset=utf-8"


def test_an_error_in_the_place_of_the_first_event_has_its_own_status(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = [BadRequest("no room")]
    response = client.post("/api/generate", json={"model": "m", "prompt": "hi"})
    assert (response.status_code, response.content) == (400, b'{"error":"no room"}')
    assert response.headers["content-type"] == "application/json"
    assert serving.closed == 1


def test_a_later_error_is_the_last_line(client: TestClient, serving: FakeServing) -> None:
    serving.script = ["Hello", EngineError("it <broke>")]
    response = client.post("/api/generate", json={"model": "m", "prompt": "hi"})
    assert response.status_code == 200
    assert response.text.endswith('{"error":"it \\u003cbroke\\u003e"}\n')
    assert len(lines(response.text)) == 2
    assert serving.closed == 1


def test_without_streaming_an_error_drops_the_text_so_far(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = ["Hello", EngineError("it broke")]
    response = client.post("/api/generate", json={"model": "m", "prompt": "hi", "stream": False})
    assert (response.status_code, response.json()) == (500, {"error": "it broke"})


def test_a_mistake_of_ours_is_an_empty_500(client: TestClient, serving: FakeServing) -> None:
    serving.refusal = ZeroDivisionError()
    response = client.post("/api/generate", json={"model": "m"})
    assert (response.status_code, response.content) == (500, b"")
    assert response.headers["content-length"] == "0"


@pytest.mark.parametrize("reason", ["load", "unload"])
def test_a_load_is_one_object_even_in_a_stream(
    client: TestClient, serving: FakeServing, reason: str
) -> None:
    serving.single = GenerateResponse(
        model="m", created_at=Time(0), response="", done=True, done_reason=reason
    )
    response = client.post("/api/generate", json={"model": "m", "stream": True})
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json()["done_reason"] == reason
    assert not response.text.endswith("\n")
    assert serving.closed == 1


def test_a_rendered_prompt_is_one_object(client: TestClient, serving: FakeServing) -> None:
    serving.single = GenerateResponse(
        model="m", created_at=Time(0), response="", done=False,
        debug_info=DebugInfo(rendered_template="<s>"),
    )  # fmt: skip
    response = client.post("/api/generate", json={"model": "m"})
    assert response.text.endswith('"_debug_info":{"rendered_template":"\\u003cs\\u003e"}}')


def test_work_is_cancelled_when_the_client_leaves() -> None:
    unwound = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            unwound.append(True)

    async def receive() -> dict[str, str]:
        await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    async def main() -> None:
        await unless_gone(Request({"type": "http"}, receive), work())

    with pytest.raises(RequestCanceled, match="request canceled"):
        asyncio.run(main())
    assert unwound == [True]


def test_a_cancellation_that_comes_from_elsewhere_is_no_departure() -> None:
    async def receive() -> dict[str, str]:
        await asyncio.Event().wait()
        raise AssertionError

    async def main() -> None:
        request = Request({"type": "http"}, receive)
        task = asyncio.ensure_future(unless_gone(request, asyncio.sleep(60)))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_work_that_ends_in_time_gives_its_result_or_its_error() -> None:
    async def receive() -> dict[str, str]:
        await asyncio.Event().wait()
        raise AssertionError

    async def fails() -> None:
        raise BadRequest("no")

    async def main() -> None:
        request = Request({"type": "http"}, receive)
        assert await unless_gone(request, asyncio.sleep(0, "done")) == "done"
        with pytest.raises(BadRequest, match="no"):
            await unless_gone(request, fails())

    asyncio.run(main())
