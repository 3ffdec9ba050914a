"""The events of a streamed answer, as objects that lack their sequence number."""

from typing import Any

from msgspec.structs import replace

from pyollama_http.gojson.encode import Written
from pyollama_http.openai.responses.objects import output_text
from pyollama_http.openai.responses.wire import (
    FunctionCall,
    Item,
    Message,
    ReasoningItem,
    ResponseObject,
    SummaryText,
    Usage,
    WebSearchCall,
    by_key,
)

__all__ = [
    "Payload",
    "arguments_delta",
    "arguments_done",
    "content_part_added",
    "content_part_done",
    "item_added",
    "item_done",
    "of_response",
    "response_failed",
    "search_event",
    "summary_part_added",
    "summary_part_done",
    "text_delta",
    "text_done",
    "thinking_delta",
    "thinking_done",
]

Payload = dict[str, Any]


def of_response(kind: str, response: ResponseObject, tools: Written) -> Payload:
    """response.created, response.in_progress or response.completed, with the whole object.

    Unlike in an answer that is sent whole, both members of reasoning are there.
    tools: of the response, written once for all events: they may be megabytes
    """
    made = by_key(replace(response, tools=[])) | {"tools": tools}
    if response.reasoning is not None:
        made["reasoning"] = {
            "effort": response.reasoning.effort,
            "summary": response.reasoning.summary,
        }
    return {"type": f"response.{kind}", "response": made}


def response_failed(id: str, model: str, code: str, message: str, usage: Usage) -> Payload:
    """It goes on no more."""
    response = {
        "id": id,
        "object": "response",
        "model": model,
        "status": "failed",
        "output": [],
        "error": {"code": code, "message": message},
        "usage": {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "total_tokens": usage.total_tokens,
        },
    }
    return {"type": "response.failed", "response": response}


def item_added(item: Item, index: int) -> Payload:
    """An item begins, which is given as it will be at its end; index is its place in the output."""
    made = by_key(item)
    match item:
        case ReasoningItem():
            made = {"id": item.id, "type": item.type, "summary": []}
        case Message():
            made |= {"status": "in_progress", "content": []}
        case FunctionCall():
            made |= {"status": "in_progress", "arguments": ""}
        case WebSearchCall():
            made |= {"status": "in_progress"}
    return {"type": "response.output_item.added", "output_index": index, "item": made}


def item_done(item: Item, index: int) -> Payload:
    """An item is complete."""
    return {"type": "response.output_item.done", "output_index": index, "item": by_key(item)}


def summary_part_added(id: str, index: int) -> Payload:
    """The only part of an item's thoughts begins."""
    return _summary("part.added", id, index) | {"part": _summary_text("")}


def summary_part_done(id: str, index: int, text: str) -> Payload:
    """The only part of an item's thoughts is complete."""
    return _summary("part.done", id, index) | {"part": _summary_text(text)}


def thinking_delta(id: str, index: int, text: str) -> Payload:
    """Some more thoughts."""
    return _summary("text.delta", id, index) | {"delta": text}


def thinking_done(id: str, index: int, text: str) -> Payload:
    """All thoughts of an item."""
    return _summary("text.done", id, index) | {"text": text}


def _summary_text(text: str) -> Any:
    return by_key(SummaryText(type="summary_text", text=text))


def _summary(kind: str, id: str, index: int) -> Payload:
    type = f"response.reasoning_summary_{kind}"
    return {"type": type, "item_id": id, "output_index": index, "summary_index": 0}


def content_part_added(id: str, index: int) -> Payload:
    """The only part of a message begins."""
    return _part("content_part.added", id, index) | {"part": by_key(output_text(""))}


def content_part_done(id: str, index: int, text: str) -> Payload:
    """The only part of a message is complete."""
    return _part("content_part.done", id, index) | {"part": by_key(output_text(text))}


def text_delta(id: str, index: int, text: str) -> Payload:
    """Some more text."""
    return _part("output_text.delta", id, index) | {"delta": text, "logprobs": []}


def text_done(id: str, index: int, text: str) -> Payload:
    """All text of a message."""
    return _part("output_text.done", id, index) | {"text": text, "logprobs": []}


def _part(kind: str, id: str, index: int) -> Payload:
    return {"type": f"response.{kind}", "item_id": id, "output_index": index, "content_index": 0}


def arguments_delta(item: FunctionCall, index: int) -> Payload:
    """The arguments of a call, of which there is never only a part."""
    return _arguments("delta", item, index) | {"delta": item.arguments}


def arguments_done(item: FunctionCall, index: int) -> Payload:
    """The arguments of a call."""
    return _arguments("done", item, index) | {"arguments": item.arguments}


def _arguments(kind: str, item: FunctionCall, index: int) -> Payload:
    type = f"response.function_call_arguments.{kind}"
    return {"type": type, "item_id": item.id, "output_index": index}


def search_event(kind: str, id: str, index: int) -> Payload:
    """How far a search is: in_progress, searching or completed."""
    return {"type": f"response.web_search_call.{kind}", "item_id": id, "output_index": index}
