"""Searches of the web within an answer of /v1/messages."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from anthropic_requests import HI, SEARCH, TIDE, ask, called, events, say, told
from fake_serving import FakeServing
from starlette.testclient import TestClient

from pyollama.api import ChatRequest, ResponseMessage, ToolCall
from pyollama.errors import EngineError
from pyollama_http.web_search import Result

PAGES = [Result("A", "http://a", "Text"), Result("B", "http://b")]
SHOWN = [
    {"type": "web_search_result", "url": "http://a", "title": "A"},
    {"type": "web_search_result", "url": "http://b", "title": "B"},
]
ERROR = "web_search_tool_result_error"


def look_up(query: str, number: int = 1) -> ToolCall:
    """A call of the search."""
    return called(f"call_{number}", "web_search", query=query)


@pytest.fixture
def replies(serving: FakeServing, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What the model says, each time that it is asked; an exception is raised."""
    replies: list[Any] = []
    chat = FakeServing.chat

    async def next_reply(call: ChatRequest, steering: Any = None) -> Any:
        reply = replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        serving.script, serving.sent, serving.prompt_eval_count = reply, 0, 10
        return await chat(serving, call, steering)

    monkeypatch.setattr(serving, "chat", next_reply)
    yield replies


@pytest.fixture
def searched(client: TestClient) -> list[str]:
    """The queries that a provider was asked; it finds two pages, and none for "nothing"."""
    queries: list[str] = []

    async def search(query: str, n_result: int) -> Sequence[Result]:
        queries.append(query)
        return [] if query == "nothing" else PAGES

    client.app.state.web_search = search  # type: ignore[attr-defined]
    return queries


def blocks(answer: Any) -> list[Any]:
    """The content of an answer."""
    found: list[Any] = answer.json()["content"]
    return found


def test_without_a_provider_a_search_is_unavailable(client: TestClient, replies: list[Any]) -> None:
    replies.append(["Wait. ", say("", "", look_up("tides"))])
    answer = ask(client, tools=[SEARCH])
    body = answer.json()
    digits = body["id"].removeprefix("msg_")
    assert answer.status_code == 200
    assert body["stop_reason"] == "end_turn"
    assert body["usage"] == {"input_tokens": 10, "output_tokens": 2}
    assert body["content"] == [
        {
            "type": "server_tool_use",
            "id": f"srvtoolu_{digits}",
            "name": "web_search",
            "input": {"query": "tides"},
        },
        {
            "type": "web_search_tool_result",
            "tool_use_id": f"srvtoolu_{digits}",
            "content": {"type": ERROR, "error_code": "unavailable"},
        },
    ]


def test_a_tool_that_is_not_called_changes_nothing(
    client: TestClient, replies: list[Any], searched: list[str]
) -> None:
    replies.append(["Hello"])
    assert blocks(ask(client, tools=[SEARCH])) == [{"type": "text", "text": "Hello"}]
    assert searched == []


def test_what_is_found_is_told_the_model_and_its_reply_follows(
    client: TestClient, serving: FakeServing, replies: list[Any], searched: list[str]
) -> None:
    calls = (called("call_0"), look_up("tides"))
    replies += [["Wait. ", say("", "Hm", *calls)], [say("", "So"), "High."]]
    answer = ask(client, tools=[SEARCH, TIDE])
    use, result, *rest = blocks(answer)
    assert (use["input"], result["content"]) == ({"query": "tides"}, SHOWN)
    assert rest == [{"type": "thinking", "thinking": "So"}, {"type": "text", "text": "High."}]
    assert answer.json()["usage"] == {"input_tokens": 20, "output_tokens": 4}
    follow_up = serving.calls[-1]
    assert isinstance(follow_up, ChatRequest)
    _, said, given = follow_up.messages
    assert (said.content, said.thinking, said.tool_calls) == ("Wait. ", "Hm", [calls[1]])
    assert (given.role, given.tool_call_id) == ("tool", "call_1")
    assert given.content == (
        "Title: A\nURL: http://a\nContent: Text\n\nTitle: B\nURL: http://b\n\n"
    )
    assert searched == ["tides"]


def test_a_search_that_finds_nothing_has_no_list(
    client: TestClient, replies: list[Any], searched: list[str]
) -> None:
    replies += [[say("", "", look_up("nothing"))], ["Well."]]
    assert blocks(ask(client, tools=[SEARCH]))[1]["content"] is None


def test_calls_of_the_reply_are_the_clients(
    client: TestClient, replies: list[Any], searched: list[str]
) -> None:
    replies += [[say("", "", look_up("tides"))], [say("", "", called("call_9", port="B"))]]
    body = ask(client, tools=[SEARCH, TIDE]).json()
    assert body["stop_reason"] == "tool_use"
    assert body["content"][-1]["input"] == {"port": "B"}


def test_the_fourth_search_is_refused_beside_the_three_others(
    client: TestClient, replies: list[Any], searched: list[str]
) -> None:
    replies += [[say("", "", look_up(query, n))] for n, query in enumerate("abcd", 1)]
    body = ask(client, tools=[SEARCH]).json()
    name = "srvtoolu_" + body["id"].removeprefix("msg_")
    uses = [block["id"] for block in body["content"] if block["type"] == "server_tool_use"]
    assert uses == [name, f"{name}_2", f"{name}_3", f"{name}_4"]
    assert body["content"][-1]["content"] == {"type": ERROR, "error_code": "max_uses_exceeded"}
    assert body["usage"] == {"input_tokens": 40, "output_tokens": 4}
    assert searched == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ([[say("", "", called(name="web_search"))]], "invalid_request"),
        ([[say("", "", look_up("tides"))], EngineError("it broke")], "api_error"),
        ([[say("", "", look_up("tides"))], [EngineError("it broke")]], "api_error"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_goes_wrong_later_is_a_result_too(
    client: TestClient,
    replies: list[Any],
    searched: list[str],
    script: list[Any],
    code: str,
    stream: bool,
) -> None:
    replies += script
    answer = ask(client, tools=[SEARCH], stream=stream)
    error = {"type": ERROR, "error_code": code}
    if stream:
        starts = [each for name, each in events(answer) if name == "content_block_start"]
        found = [start["content_block"] for start in starts]
    else:
        found = blocks(answer)
    assert [block["type"] for block in found] == ["server_tool_use", "web_search_tool_result"]
    assert found[1]["content"] == error


def test_a_stream_tells_what_comes_before_a_search_and_then_whole_blocks(
    client: TestClient, serving: FakeServing, replies: list[Any], searched: list[str]
) -> None:
    first = [say("", "Hm"), "Wait", say(".", "", look_up("tides")), "lost"]
    replies += [first, ["It ", "is."]]
    serving.final = ResponseMessage(role="assistant", content="")
    answer = ask(client, tools=[SEARCH], stream=True)
    assert told(answer) == [
        "message_start",
        (0, "thinking"),
        (0, "thinking_delta", "Hm"),
        0,
        (1, "text"),
        (1, "text_delta", "Wait"),
        (1, "text_delta", "."),
        1,
        (2, "server_tool_use"),
        2,
        (3, "web_search_tool_result"),
        3,
        (4, "text"),
        (4, "text_delta", "It is."),
        4,
        {"stop_reason": "end_turn"},
        "message_stop",
    ]
    result = events(answer)[10][1]["content_block"]
    assert result["content"] == SHOWN
    assert events(answer)[-2][1]["usage"] == {"input_tokens": 20, "output_tokens": 6}


def test_a_stream_may_begin_with_a_search(client: TestClient, replies: list[Any]) -> None:
    replies.append([say("", "", look_up("tides"))])
    assert told(ask(client, tools=[SEARCH], stream=True))[:3] == [
        "message_start",
        (0, "server_tool_use"),
        0,
    ]


def test_a_search_that_must_be_is_no_duty_afterwards(
    client: TestClient, serving: FakeServing, replies: list[Any], searched: list[str]
) -> None:
    replies += [['{"name":"web_search","arguments":{"query":"tides"}}'], ["High."]]
    body = ask(client, tools=[SEARCH], tool_choice={"type": "any"}).json()
    assert body["content"][-1] == {"type": "text", "text": "High."}
    first, second = serving.calls
    assert first.format
    assert second.format is None
    assert len(second.tools) == 1  # type: ignore[union-attr]


def test_every_reply_is_closed(
    client: TestClient, serving: FakeServing, replies: list[Any], searched: list[str]
) -> None:
    for stream in (False, True):
        replies += [[say("", "", look_up("tides"))], ["High."]]
        ask(client, tools=[SEARCH], stream=stream, messages=HI)
    assert serving.closed == 4
