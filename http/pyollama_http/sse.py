"""Server-sent events: ``data: JSON`` and an empty line, before it the event's name if it has one.

Source: the section Server-sent events of the HTML standard.
"""

from collections.abc import Mapping
from typing import Any

from pyollama_http import gojson

__all__ = ["DONE", "HEADERS", "KEPT_ALIVE", "frame"]

HEADERS: Mapping[str, str] = {"content-type": "text/event-stream"}
KEPT_ALIVE: Mapping[str, str] = {"cache-control": "no-cache", "connection": "keep-alive"}
DONE = b"data: [DONE]\n\n"


def frame(value: Any, name: str = "") -> bytes:
    """The bytes of an event."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + gojson.encode(value) + b"\n\n"
