"""GET /openapi.json."""

import asyncio
import functools
import json

from starlette.requests import Request
from starlette.responses import Response

from pyollama_http import responses
from pyollama_http.openapi.document import document

__all__ = ["openapi"]


async def openapi(request: Request) -> Response:
    """GET /openapi.json."""
    return responses.text(await asyncio.to_thread(_body), content_type=responses.JSON)


@functools.cache
def _body() -> bytes:
    """The document; it stays the same as long as the server runs."""
    return json.dumps(document(), separators=(",", ":")).encode()
