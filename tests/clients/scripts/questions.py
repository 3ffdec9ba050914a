"""What clients that take conversations as plain data ask of tiny: messages, a tool, a schema.

For scripts in environments of their own, and for tests in this one.
"""

from typing import Any

SKY: Any = [{"role": "user", "content": "Why is the sky blue?"}]
PARIS: Any = [{"role": "user", "content": "What is the weather in Paris?"}]
COLOR: Any = [{"role": "user", "content": "Which color do you like?"}]
SUM: Any = [{"role": "user", "content": "What is 2 plus 3?"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather of a city",
        "parameters": {
            "type": "object",
            "required": ["city"],
            "properties": {"city": {"type": "string", "description": "The city"}},
        },
    },
}
LIKING: Any = {
    "type": "object",
    "properties": {
        "color": {"enum": ["red", "green", "blue"]},
        "count": {"type": "integer", "minimum": 1, "maximum": 9},
    },
    "required": ["color", "count"],
}
