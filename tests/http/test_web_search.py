"""The loop of searches that answers of two APIs have: its steps, limits and failures."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from pyollama.api import ChatRequest, ChatResponse, ResponseMessage, Time, ToolCall
from pyollama.api import ToolCallFunction as Function
from pyollama.errors import NotFound
from pyollama_http import web_search
from pyollama_http.errors import status_of
from pyollama_http.web_search import Failed, Found, Reply, Result, Searching, searches

PAGE = Result("A", "http://a")


def reply(*queries: Any) -> ChatResponse:
    """A reply that searches."""
    functions = [Function(name="web_search", arguments={"query": query}) for query in queries]
    calls = [ToolCall(id="c", function=function) for function in functions]
    message = ResponseMessage(role="assistant", content="", tool_calls=calls)
    return ChatResponse(model="m", created_at=Time(0), message=message, done=True)


def steps(first: ChatResponse, search: Any, replies: Sequence[ChatResponse] = ()) -> list[Any]:
    """What follows on a reply."""
    left = list(replies)

    async def chat(native: ChatRequest) -> Any:
        async def events() -> AsyncIterator[ChatResponse]:
            yield left.pop(0)

        return events()

    async def run() -> list[Any]:
        return [step async for step in searches(ChatRequest(), first, chat, search)]

    return asyncio.run(run())


def finding(*pages: Result) -> Any:
    async def search(query: str, n_result: int) -> Sequence[Result]:
        return pages

    return search


def failing(error: Exception) -> Any:
    async def search(query: str, n_result: int) -> Sequence[Result]:
        raise error

    return search


def test_nothing_follows_on_a_reply_that_does_not_search() -> None:
    assert steps(reply(), finding(PAGE)) == []


def test_a_search_has_three_steps_and_only_the_first_of_several_is_made() -> None:
    last = reply()
    assert steps(reply("a", "b"), finding(PAGE), [last]) == [
        Searching(1, "a"),
        Found(1, "a", (PAGE,)),
        Reply(last),
    ]


def test_no_more_than_five_pages_are_taken() -> None:
    found = steps(reply("a"), finding(*[PAGE] * 9), [reply()])[1]
    assert len(found.results) == 5


def test_the_fourth_search_is_refused() -> None:
    *_, last = steps(reply("a"), finding(), [reply("b"), reply("c"), reply("d")])
    assert (last.number, last.query, last.code) == (4, "d", "max_uses_exceeded")
    assert str(last.error) == "web_search exceeded the maximum of 3 calls"
    assert status_of(last.error) == 502


@pytest.mark.parametrize("query", ["", None, 5])
def test_a_search_for_nothing_is_refused(query: Any) -> None:
    (failed,) = steps(reply(query), finding())
    assert isinstance(failed, Failed)
    assert failed.code == "invalid_request"
    assert str(failed.error) == "web_search requires a non-empty string query"


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (NotFound("none"), 404, "none"),
        (OSError("no route"), 502, "web search failed: no route"),
        (TimeoutError(), 502, "web search took too long"),
    ],
)
def test_what_a_provider_raises_is_a_failure(error: Exception, status: int, words: str) -> None:
    *_, failed = steps(reply("a"), failing(error))
    assert (failed.code, status_of(failed.error)) == ("unavailable", status)
    assert str(failed.error) == words


def test_there_is_no_search_unless_it_is_plugged_in() -> None:
    *_, failed = steps(reply("a"), web_search.unavailable)
    assert str(failed.error) == "ollama cloud is disabled: web search is unavailable"
    assert status_of(failed.error) == 403


def test_the_whole_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def search(query: str, n_result: int) -> Sequence[Result]:
        await asyncio.sleep(60)
        return ()

    monkeypatch.setattr(web_search, "MAX_SECONDS", 0.01)
    *_, failed = steps(reply("a"), search)
    assert str(failed.error) == "web search took too long"


def test_a_reply_that_takes_too_long_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(native: ChatRequest) -> Any:
        await asyncio.sleep(60)

    async def run() -> list[Any]:
        return [step async for step in searches(ChatRequest(), reply("a"), slow, finding())]

    monkeypatch.setattr(web_search, "MAX_SECONDS", 0.05)
    *_, failed = asyncio.run(run())
    assert (failed.code, status_of(failed.error)) == ("api_error", 502)
