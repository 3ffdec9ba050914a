"""What tests of the endpoints below /v1 ask, and how they read a stream."""

import json
from typing import Any

from pyollama.api import ToolCall, ToolCallFunction

URL = "/v1/chat/completions"
HI = [{"role": "user", "content": "hi"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "tide",
            "strict": True,
            "parameters": {
                "type": "object",
                "additionalProperties": False,
                "required": ["port"],
                "properties": {"port": {"type": "string", "minLength": 2}},
            },
        },
    }
]
CALL = ToolCall(
    id="call_k3v90zqa", function=ToolCallFunction(name="tide", arguments={"port": "<Brest>"})
)


def chunks(answer: Any) -> list[Any]:
    """The JSON of each frame of a stream; the mark of the end is text."""
    frames = answer.text.split("\n\n")
    assert frames.pop() == ""
    assert all(frame.startswith("data: ") for frame in frames)
    bodies = [frame.removeprefix("data: ") for frame in frames]
    return [body if body == "[DONE]" else json.loads(body) for body in bodies]
