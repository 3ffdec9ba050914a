"""The answer as one object, for a client that wants no stream."""

from collections.abc import Iterator, Sequence

from pyollama.api import ChatResponse
from pyollama.errors import EngineError
from pyollama_http.joined import joined_message
from pyollama_http.openai.conversion import new_number
from pyollama_http.openai.responses.objects import (
    NUMBERS,
    Answer,
    function_call,
    message,
    reasoning,
    usage_of,
    web_search_call,
)
from pyollama_http.openai.responses.searching import Event, OtherCalls
from pyollama_http.openai.responses.wire import Item, ResponseObject
from pyollama_http.web_search import Found, Searching

__all__ = ["whole_answer"]


def whole_answer(
    answer: Answer, events: Sequence[Event], had_tools: bool, *, strict: bool
) -> ResponseObject:
    """The answer of all events. Raises EngineError if there are none.

    strict: what the model said before it called tools is lost, as in Ollama
    """
    before, replies = _until_last_search(answer.number, events)
    if not replies:
        raise EngineError("the model repeats itself and says nothing")
    reply = joined_message(replies, had_tools=had_tools)
    output = [*before, *_output(answer.number, reply, strict=strict)]
    return answer.whole(output, usage_of(reply), reply.created_at // 10**9)


def _output(number: int, reply: ChatResponse, *, strict: bool) -> Iterator[Item]:
    """The items of a reply."""
    said = reply.message
    if said.thinking:
        yield reasoning(f"rs_resp_{number}", said.thinking)
    if not said.tool_calls or (said.content and not strict):
        yield message(f"msg_{new_number(NUMBERS)}", said.content)
    for index, call in enumerate(said.tool_calls):
        yield function_call(f"fc_resp_{number}_{index}", call)


def _until_last_search(
    number: int, events: Sequence[Event]
) -> tuple[list[Item], list[ChatResponse]]:
    """The items up to the last search and the calls beside it, and the events after it."""
    items: list[Item] = []
    replies: list[ChatResponse] = []
    n_other = 0
    for event in events:
        match event:
            case Searching():
                items += _said_before(replies, event.number)
                replies = []
            case Found():
                items.append(web_search_call(f"ws_{number}_{event.number}", event.query))
            case OtherCalls():
                calls = enumerate(event.calls, n_other)
                items += [function_call(f"fc_mixed_{index}", call) for index, call in calls]
                n_other += len(event.calls)
            case _:
                replies.append(event)
    return items, replies


def _said_before(replies: Sequence[ChatResponse], n_search: int) -> Iterator[Item]:
    """What the model thought and said before a search; the first has no number in its ids."""
    mark = f"_{n_search}" if n_search > 1 else ""
    thinking = "".join(reply.message.thinking for reply in replies)
    content = "".join(reply.message.content for reply in replies)
    if thinking:
        yield reasoning(f"rs_presearch{mark}", thinking)
    if content:
        yield message(f"msg_presearch{mark}", content)
