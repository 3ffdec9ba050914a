"""What runs here: /, /api/version, /api/tags, /api/ps."""

import asyncio

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from pyollama import OLLAMA_VERSION
from pyollama.api import ProcessModel
from pyollama_http import responses
from pyollama_http.parts import parts

__all__ = ["ps", "root", "tags", "version"]


class VersionResponse(Struct):
    """GET /api/version."""

    version: str


class ProcessResponse(Struct):
    """GET /api/ps."""

    models: list[ProcessModel]


async def root(request: Request) -> Response:
    """GET /: a sign of life."""
    return responses.text("Ollama is running")


async def version(request: Request) -> Response:
    """GET /api/version: Ollama's, since there are clients that refuse to talk to an old one."""
    return responses.answer(VersionResponse(OLLAMA_VERSION))


async def tags(request: Request) -> Response:
    """GET /api/tags: the models of the store, the newest first."""
    store = await parts(request).store()
    return responses.answer(await asyncio.to_thread(store.tags))


async def ps(request: Request) -> Response:
    """GET /api/ps: the models in memory."""
    return responses.answer(ProcessResponse(parts(request).running()))
