"""Requests to /v1/responses, and the events of their answers."""

import json
from typing import Any

from starlette.testclient import TestClient

from pyollama.api import ResponseMessage, ToolCall, ToolCallFunction

__all__ = ["FUNCTION", "SEARCH", "called", "events", "kinds", "post", "said", "user"]

FUNCTION = {
    "type": "function",
    "name": "tide",
    "description": "When the tide is low",
    "parameters": {
        "type": "object",
        "required": ["port"],
        "properties": {"port": {"type": "string"}},
    },
}
SEARCH = {"type": "web_search"}


def post(client: TestClient, input: Any = "hi", **fields: Any) -> Any:
    """The answer to a request for a model m."""
    return client.post("/v1/responses", json={"model": "m", "input": input, **fields})


def user(content: Any) -> dict[str, Any]:
    """A message of the user's."""
    return {"role": "user", "content": content}


def said(content: str = "", thinking: str = "", *calls: ToolCall) -> ResponseMessage:
    """What a model says, thinks and calls."""
    return ResponseMessage(
        role="assistant", content=content, thinking=thinking, tool_calls=list(calls)
    )


def called(name: str = "tide", id: str = "call_1", **arguments: Any) -> ToolCall:
    """A call."""
    return ToolCall(id=id, function=ToolCallFunction(name=name, arguments=arguments))


def events(answer: Any) -> list[dict[str, Any]]:
    """The payloads of a stream, whose names and numbers are checked."""
    assert answer.text.endswith("\n\n")
    found = []
    for number, frame in enumerate(answer.text[:-2].split("\n\n")):
        name, data = frame.split("\n")
        payload = json.loads(data.removeprefix("data: "))
        assert name == f"event: {payload['type']}"
        assert payload["sequence_number"] == number
        found.append(payload)
    return found


def kinds(answer: Any) -> list[str]:
    """The types of a stream's events, less what all begin with."""
    return [event["type"].removeprefix("response.") for event in events(answer)]
