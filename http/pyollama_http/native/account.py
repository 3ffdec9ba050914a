"""What needs an account in Ollama's cloud, answered as by a server that has none.

The words and statuses are those of an Ollama with its cloud switched off.
"""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from pyollama.errors import BadRequest, Forbidden
from pyollama_http import responses
from pyollama_http.body import read_body
from pyollama_http.parts import parts

__all__ = ["me", "recommendations", "signout", "status", "web_fetch", "web_search"]


class CloudStatus(Struct):
    """Whether the cloud is switched off, and by what: env, config or both."""

    disabled: bool
    source: str


class StatusResponse(Struct):
    """GET /api/status."""

    cloud: CloudStatus


class RecommendationsResponse(Struct):
    """GET /api/experimental/model-recommendations."""

    recommendations: list[str]


async def status(request: Request) -> Response:
    """GET /api/status: there is no cloud here, whatever switched it off."""
    source = parts(request).settings.cloud_switch
    return responses.answer(StatusResponse(CloudStatus(disabled=True, source=source)))


async def me(request: Request) -> Response:
    """POST /api/me: nobody is signed in, and nobody can be."""
    return responses.error("account unavailable", 503)


async def signout(request: Request) -> Response:
    """POST /api/signout and DELETE /api/user/keys/:encodedKey: there is nobody to sign out."""
    return responses.error("there was an error signing out", 500)


async def web_search(request: Request) -> Response:
    """POST /api/experimental/web_search."""
    return await _refuse(request, "web search")


async def web_fetch(request: Request) -> Response:
    """POST /api/experimental/web_fetch."""
    return await _refuse(request, "web fetch")


async def _refuse(request: Request, service: str) -> Response:
    """Say that a service of the cloud is not to be had, if anything was asked for at all."""
    body = await read_body(request, request.app.state.max_body)
    if not body.strip():
        raise BadRequest("missing request body")
    raise Forbidden(f"ollama cloud is disabled: {service} is unavailable")


async def recommendations(request: Request) -> Response:
    """GET /api/experimental/model-recommendations: a server without a cloud recommends nothing."""
    return responses.answer(RecommendationsResponse([]))
