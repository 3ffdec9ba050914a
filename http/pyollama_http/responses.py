"""Answers with Ollama's headers: a body of up to 2048 bytes has a Content-Length, a longer one is
sent in chunks, and an empty answer has no Content-Type."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from pyollama_http import gojson

__all__ = [
    "JSON",
    "JSON_OF_STREAM",
    "NDJSON",
    "TEXT",
    "answer",
    "empty",
    "error",
    "error_object",
    "line",
    "text",
]

JSON = "application/json; charset=utf-8"
JSON_OF_STREAM = "application/json"  # an answer in the place of a stream that never began
NDJSON = "application/x-ndjson"
TEXT = "text/plain; charset=utf-8"
MAX_UNCHUNKED = 2048  # bytes
MAX_MESSAGE = 1 << 20  # characters of an error, which may repeat what the client sent


class GoResponse(Response):
    """A response whose length is told only if it is short."""

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """As Starlette's, less the Content-Length of a long body."""
        super().init_headers(headers)
        if len(self.body) > MAX_UNCHUNKED:
            del self.headers["content-length"]


def answer(value: Any, status: int = 200, content_type: str = JSON) -> Response:
    """A JSON answer."""
    return text(gojson.encode(value), status, content_type)


def line(value: Any) -> Response:
    """A JSON answer that ends in a newline, as Go's encoders of streams write it."""
    return text(gojson.encode(value) + b"\n", content_type=JSON_OF_STREAM)


def error(message: str, status: int, content_type: str = JSON) -> Response:
    """An error in Ollama's form."""
    return answer(error_object(message), status, content_type)


def error_object(message: str) -> dict[str, str]:
    """An error as an object; of a message without end, the beginning."""
    return {"error": message[:MAX_MESSAGE]}


def text(
    body: str | bytes,
    status: int = 200,
    content_type: str = TEXT,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer of any type."""
    return GoResponse(body, status, {"content-type": content_type, **(headers or {})})


def empty(status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without a body."""
    return Response(status_code=status, headers=headers)
