"""/v1/messages as a stream: events that begin, continue and end blocks."""

from typing import Any

import pytest
from anthropic_requests import HI, SEARCH, TIDE, ask, called, events, say, told
from fake_serving import FakeServing
from starlette.testclient import TestClient

from pyollama.api import ChatResponse, Time
from pyollama.errors import EngineError

START, STOP = "message_start", "message_stop"
END = {"stop_reason": "end_turn"}


def test_a_stream_of_text_byte_for_byte(client: TestClient, serving: FakeServing) -> None:
    serving.script = ["<", "é"]
    serving.prompt_eval_count = 11
    answer = ask(client, stream=True)
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-cache"
    start, rest = answer.text.split("\n\n", 1)
    assert start.startswith('event: message_start\ndata: {"type":"message_start","message":{"id":')
    assert start.endswith(
        '","type":"message","role":"assistant","model":"m","content":[],'
        '"usage":{"input_tokens":1,"output_tokens":0}}}'
    )
    assert rest == (
        "event: content_block_start\n"
        'data: {"type":"content_block_start","index":0,'
        '"content_block":{"type":"text","text":""}}\n\n'
        "event: content_block_delta\n"
        'data: {"type":"content_block_delta","index":0,'
        r'"delta":{"type":"text_delta","text":"\u003c"}}'
        "\n\n"
        "event: content_block_delta\n"
        'data: {"type":"content_block_delta","index":0,'
        '"delta":{"type":"text_delta","text":"é"}}\n\n'
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},'
        '"usage":{"input_tokens":11,"output_tokens":2}}\n\n'
        'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    )


def test_thoughts_text_and_calls_are_blocks_one_after_another(
    client: TestClient, serving: FakeServing
) -> None:
    call = called(z=1, a="<b>")
    serving.script = [say("", "T"), say("", "U"), "A", say("", "", call, called("call_2")), "B"]
    answer = ask(client, stream=True, tools=[TIDE])
    assert told(answer) == [
        START,
        (0, "thinking"),
        (0, "thinking_delta", "T"),
        (0, "thinking_delta", "U"),
        0,
        (1, "text"),
        (1, "text_delta", "A"),
        1,
        (2, "tool_use"),
        (2, "input_json_delta", r'{"z":1,"a":"\u003cb\u003e"}'),
        2,
        (3, "tool_use"),
        (3, "input_json_delta", "{}"),
        3,
        (4, "text"),
        (4, "text_delta", "B"),
        4,
        {"stop_reason": "tool_use"},
        STOP,
    ]
    block = events(answer)[8][1]["content_block"]
    assert block == {"type": "tool_use", "id": "call_1", "name": "tide", "input": {}}


def test_thoughts_after_the_answer_has_gone_on_are_dropped(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = ["A", say("", "T"), "B", say("", "U")]
    assert told(ask(client, stream=True)) == [
        START,
        (0, "text"),
        (0, "text_delta", "A"),
        0,
        (1, "thinking"),
        (1, "thinking_delta", "T"),
        1,
        (2, "text"),
        (2, "text_delta", "B"),
        2,
        END,
        STOP,
    ]


def test_a_call_ends_the_thoughts(client: TestClient, serving: FakeServing) -> None:
    serving.script = [say("", "T", called()), say("", "U")]
    short = told(ask(client, stream=True, tools=[TIDE]))
    assert short[1:5] == [(0, "thinking"), (0, "thinking_delta", "T"), 0, (1, "tool_use")]
    assert (2, "thinking") not in short


def test_a_call_that_comes_twice_is_told_once(client: TestClient, serving: FakeServing) -> None:
    serving.script = [say("", "", called()), say("", "", called())]
    assert told(ask(client, stream=True, tools=[TIDE])).count((0, "tool_use")) == 1
    assert (1, "tool_use") not in told(ask(client, stream=True, tools=[TIDE]))


def test_an_empty_answer_has_no_blocks(client: TestClient, serving: FakeServing) -> None:
    serving.script = []
    assert told(ask(client, stream=True)) == [START, END, STOP]


def test_a_prompt_that_is_counted_at_once_is_not_estimated(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script, serving.prompt_eval_count = [], 77
    start = events(ask(client, stream=True))[0][1]
    assert start["message"]["usage"] == {"input_tokens": 77, "output_tokens": 0}


def test_an_end_without_a_reason_tells_none(client: TestClient, serving: FakeServing) -> None:
    serving.done_reason = ""
    assert told(ask(client, stream=True))[-2:] == [{}, STOP]


def test_a_failure_in_the_middle_is_an_event(client: TestClient, serving: FakeServing) -> None:
    serving.script = ["A", EngineError("it broke")]
    answer = ask(client, stream=True)
    assert answer.status_code == 200
    assert events(answer)[-1] == (
        "error",
        {"error": {"type": "api_error", "message": "it broke"}},
    )


def test_ollama_is_silent_about_a_failure(strict: TestClient, serving: FakeServing) -> None:
    serving.script = ["A", EngineError("it broke")]
    assert told(ask(strict, stream=True)) == [START, (0, "text"), (0, "text_delta", "A")]


@pytest.mark.parametrize(
    ("script", "ends"),
    [([], []), (["A"], [(0, "text"), (0, "text_delta", "A"), 0])],
)
def test_an_answer_that_is_cut_short_ends_all_the_same(
    client: TestClient,
    strict: TestClient,
    serving: FakeServing,
    monkeypatch: pytest.MonkeyPatch,
    script: list[str],
    ends: list[Any],
) -> None:
    async def cut(event: Any) -> Any:
        for text in script:
            yield ChatResponse(model="m", created_at=Time(0), message=say(text), done=False)

    monkeypatch.setattr(serving, "_events", cut)
    assert told(ask(client, stream=True)) == [START, *ends, {}, STOP]
    assert told(ask(strict, stream=True)) == ([START, *ends][:-1] if ends else [])


@pytest.mark.parametrize("tools", [[TIDE], [SEARCH]])
def test_only_ollama_misnames_a_stream_that_may_search(
    client: TestClient, strict: TestClient, tools: list[Any]
) -> None:
    assert ask(client, stream=True, tools=tools).headers["content-type"] == "text/event-stream"
    named = ask(strict, stream=True, tools=tools).headers["content-type"]
    assert named == ("application/x-ndjson" if tools == [SEARCH] else "text/event-stream")


@pytest.mark.parametrize("tools", [[], [SEARCH]])
def test_a_stream_is_closed_at_its_end(
    client: TestClient, serving: FakeServing, tools: list[Any]
) -> None:
    ask(client, stream=True, tools=tools, messages=HI)
    assert serving.closed == 1
