"""What tests of /v1/messages ask, and how they read a stream."""

import json
from typing import Any

from starlette.testclient import TestClient

from pyollama.api import ResponseMessage, ToolCall, ToolCallFunction

URL = "/v1/messages"
HI = [{"role": "user", "content": "hi"}]
PORT = {"type": "object", "required": ["port"], "properties": {"port": {"type": "string"}}}
TIDE = {"name": "tide", "description": "Tides", "input_schema": PORT}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
IMAGE = {"type": "base64", "media_type": "image/png", "data": "aGk="}
Event = tuple[str, dict[str, Any]]


def ask(client: TestClient, **fields: Any) -> Any:
    """The answer to a request for a model m that is greeted."""
    return client.post(URL, json={"model": "m", "max_tokens": 9, "messages": HI, **fields})


def say(text: str = "", thinking: str = "", *calls: ToolCall) -> ResponseMessage:
    """A piece of a native answer."""
    return ResponseMessage(
        role="assistant", content=text, thinking=thinking, tool_calls=list(calls)
    )


def called(id: str = "call_1", name: str = "tide", **arguments: Any) -> ToolCall:
    """A native call."""
    return ToolCall(id=id, function=ToolCallFunction(name=name, arguments=arguments))


def events(answer: Any) -> list[Event]:
    """The events of a stream: the name of each, which its payload repeats, and the payload."""
    frames = answer.text.split("\n\n")
    assert frames.pop() == ""
    found = []
    for frame in frames:
        name, data = frame.split("\n")
        payload = json.loads(data.removeprefix("data: "))
        assert name == f"event: {payload['type']}"
        found.append((payload.pop("type"), payload))
    return found


def told(answer: Any) -> list[Any]:
    """The events of a stream in short: what a delta adds, and how blocks begin and end."""
    return [_short(*event) for event in events(answer)]


def _short(name: str, payload: dict[str, Any]) -> Any:
    match name:
        case "content_block_start":
            return payload["index"], payload["content_block"]["type"]
        case "content_block_delta":
            kind, text = payload["delta"].values()
            return payload["index"], kind, text
        case "content_block_stop":
            return payload["index"]
        case "message_delta":
            return payload["delta"]
    return name
