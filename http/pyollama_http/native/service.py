"""What runs here: /, /api/version, /api/tags, /api/ps."""

import asyncio

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

import pyollama
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
    """GET /api/version."""
    return responses.answer(VersionResponse(pyollama.__version__))


async def tags(request: Request) -> Response:
    """GET /api/tags: the models of the store, the newest first."""
    store = await parts(request).store()
    return responses.answer(await asyncio.to_thread(store.tags))


async def ps(request: Request) -> Response:
    """GET /api/ps: the models in memory."""
    return responses.answer(ProcessResponse(parts(request).running()))
