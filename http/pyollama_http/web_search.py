"""Web search that is built in: a model that is offered it may search while it answers.

Ollama searches through its cloud. There is none here, so a search fails as it does in an Ollama
whose cloud is switched off. A provider is plugged in as ``app.state.web_search``: a function like
``unavailable``.

/v1/messages and /v1/responses show searches each in its own way; what happens is the same and is
here. A reply that calls the tool is fed back together with what was found, and the model answers
again with the same tools, until it searches no more.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace
from starlette.requests import Request

from pyollama.api import ChatRequest, ChatResponse, Message, ToolCall
from pyollama.errors import Forbidden, PyollamaError
from pyollama_http.errors import BadGateway
from pyollama_http.events import Events
from pyollama_http.joined import collected, joined_message
from pyollama_http.streams import closing

__all__ = [
    "NAME",
    "Failed",
    "Found",
    "Reply",
    "Result",
    "Search",
    "Searching",
    "Step",
    "provider",
    "search_call",
    "search_tool",
    "searches",
    "unavailable",
]

NAME = "web_search"
MAX_SEARCHES = 3  # of a request
MAX_RESULTS = 5  # of a search
MAX_SECONDS = 300.0  # for all searches of a request and the replies to them
DISABLED = "ollama cloud is disabled: web search is unavailable"
NO_QUERY = "web_search requires a non-empty string query"
TOO_MANY = f"web_search exceeded the maximum of {MAX_SEARCHES} calls"


@dataclass(frozen=True)
class Result:
    """A page that was found."""

    title: str
    url: str
    content: str = ""


Search = Callable[[str, int], Awaitable[Sequence[Result]]]
"""Looks a query up, for at most so many results; PyollamaError says why it cannot."""

Chat = Callable[[ChatRequest], Awaitable[Events[ChatResponse]]]


@dataclass(frozen=True)
class Searching:
    """A search begins; the first of a request has the number 1."""

    number: int
    query: str


@dataclass(frozen=True)
class Found:
    """What a search has found."""

    number: int
    query: str
    results: Sequence[Result]


@dataclass(frozen=True)
class Reply:
    """What the model says to what was found; the last one that comes calls for no more search."""

    reply: ChatResponse


@dataclass(frozen=True)
class Failed:
    """It goes on no more.

    code: invalid_request, unavailable, api_error or max_uses_exceeded, as Anthropic's API has it
    """

    number: int
    query: str
    code: str
    error: PyollamaError


Step = Searching | Found | Reply | Failed


async def unavailable(query: str, n_result: int) -> Sequence[Result]:
    """The search that there is: none. Raises Forbidden."""
    raise Forbidden(DISABLED)


def provider(request: Request) -> Search:
    """What searches for the application that answers the request."""
    search: Search = getattr(request.app.state, NAME, unavailable)
    return search


def search_tool(description: str, query_description: str) -> dict[str, Any]:
    """The tool that the model sees."""
    query = {"type": "string", "description": query_description}
    parameters = {"type": "object", "required": ["query"], "properties": {"query": query}}
    function = {"name": NAME, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


def search_call(calls: Iterable[ToolCall]) -> ToolCall | None:
    """The first call of the tool."""
    return next((call for call in calls if call.function.name == NAME), None)


async def searches(
    native: ChatRequest, reply: ChatResponse, chat: Chat, search: Search
) -> AsyncIterator[Step]:
    """What follows on a reply, step by step; nothing, if it calls for no search.

    native: the request that the reply answers
    reply: all of it, as one
    """
    deadline = asyncio.get_running_loop().time() + MAX_SECONDS
    number = 1
    while call := search_call(reply.message.tool_calls):
        query = _query(call)
        refusal = _refusal(number, query)
        if refusal is not None:
            yield refusal
            return
        yield Searching(number, query)
        found = await _found(number, query, search, deadline)
        yield found
        if isinstance(found, Failed):
            return
        native = followed_up(native, reply, call, found.results)
        try:
            reply = await _reply(native, chat, deadline)
        except PyollamaError as error:
            yield Failed(number, query, "api_error", error)
            return
        yield Reply(reply)
        number += 1


def _query(call: ToolCall) -> str:
    """What shall be looked up; "" if the model does not say."""
    query = call.function.arguments.get("query")
    return query if isinstance(query, str) else ""


def _refusal(number: int, query: str) -> Failed | None:
    """Why a search is not even tried."""
    if number > MAX_SEARCHES:
        return Failed(number, query, "max_uses_exceeded", BadGateway(TOO_MANY))
    if not query:
        return Failed(number, query, "invalid_request", BadGateway(NO_QUERY))
    return None


async def _found(number: int, query: str, search: Search, deadline: float) -> Found | Failed:
    """What the search finds."""
    try:
        async with asyncio.timeout_at(deadline):
            results = await search(query, MAX_RESULTS)
    except PyollamaError as error:
        return Failed(number, query, "unavailable", error)
    except TimeoutError:
        return Failed(number, query, "unavailable", BadGateway("web search took too long"))
    except (OSError, ValueError) as error:  # of the provider's own making
        return Failed(number, query, "unavailable", BadGateway(f"web search failed: {error}"))
    return Found(number, query, results[:MAX_RESULTS])


async def _reply(native: ChatRequest, chat: Chat, deadline: float) -> ChatResponse:
    """The model's reply, all of it as one. PyollamaError, also if it takes too long."""
    try:
        async with asyncio.timeout_at(deadline):
            events = await chat(native)
            async with closing(events):
                return joined_message(await collected(events), had_tools=True)
    except TimeoutError as error:
        raise BadGateway("the answer to a web search took too long") from error


def followed_up(
    native: ChatRequest, reply: ChatResponse, call: ToolCall, results: Sequence[Result]
) -> ChatRequest:
    """The conversation that goes on with a search and what it found."""
    said = Message(
        role="assistant",
        content=reply.message.content,
        thinking=reply.message.thinking,
        tool_calls=[call],
    )
    pages = "".join(map(_page, results))
    told = Message(role="tool", content=pages, tool_name=NAME, tool_call_id=call.id)
    return replace(native, messages=[*native.messages, said, told])


def _page(result: Result) -> str:
    """A result as the model reads it."""
    content = f"Content: {result.content}\n" if result.content else ""
    return f"Title: {result.title}\nURL: {result.url}\n{content}\n"
