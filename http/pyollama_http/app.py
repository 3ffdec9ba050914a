"""The application: routes, layers, and what it builds at its start.

A request passes, from the outside in: Wellformed (what Go's server refuses), Redirects (unclean
paths; the table is looked up here), OriginCheck and HostCheck, RequestLog if it is asked for,
Counted (the memory of bodies), the table of errors, its handler.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from pyollama.errors import PyollamaError
from pyollama.settings import Settings, Variables
from pyollama_http.body import MAX_BODY
from pyollama_http.errors import Unsupported, crashed, refused
from pyollama_http.malformed import Wellformed
from pyollama_http.memory import Budget, Counted, default_budget
from pyollama_http.native.service import ps, root, tags, version
from pyollama_http.parts import Parts
from pyollama_http.requestlog import RequestLog
from pyollama_http.routing import ANY, Dispatch, Redirects, Routes, imported
from pyollama_http.security import HostCheck, OriginCheck, Origins

__all__ = ["ROUTES", "create_app", "from_environment"]


async def unsupported(request: Request) -> Response:
    """An endpoint of Ollama's that is not built yet: it exists, and says so."""
    raise Unsupported(f"{request.url.path} is not supported yet")


ROUTES = Routes(
    [
        ("HEAD", "/", root),
        ("GET", "/", root),
        ("HEAD", "/api/version", version),
        ("GET", "/api/version", version),
        ("HEAD", "/api/tags", tags),
        ("GET", "/api/tags", tags),
        ("GET", "/api/ps", ps),
        ("POST", "/api/show", imported("native.models:show")),
        ("DELETE", "/api/delete", imported("native.models:delete")),
        ("HEAD", "/api/blobs/:digest", imported("native.blobs:has_blob")),
        ("POST", "/api/blobs/:digest", imported("native.blobs:upload_blob")),
        ("POST", "/api/create", imported("native.models:create")),
        ("POST", "/api/generate", imported("native.inference:generate")),
        ("POST", "/api/chat", imported("native.inference:chat")),
        ("GET", "/api/status", imported("native.account:status")),
        ("POST", "/api/copy", imported("native.models:copy")),
        ("POST", "/api/pull", imported("native.models:pull")),
        ("POST", "/api/push", imported("native.models:push")),
        ("POST", "/api/embed", imported("native.embeddings:embed")),
        ("POST", "/api/embeddings", imported("native.embeddings:embeddings")),
        ("POST", "/api/tokenize", imported("native.tokens:tokenize")),
        ("POST", "/api/detokenize", imported("native.tokens:detokenize")),
        ("POST", "/api/me", imported("native.account:me")),
        ("POST", "/api/signout", imported("native.account:signout")),
        ("DELETE", "/api/user/keys/:encodedKey", imported("native.account:signout")),
        ("POST", "/api/experimental/web_search", imported("native.account:web_search")),
        ("POST", "/api/experimental/web_fetch", imported("native.account:web_fetch")),
        (
            "GET",
            "/api/experimental/model-recommendations",
            imported("native.account:recommendations"),
        ),
        ("GET", "/openapi.json", imported("openapi.endpoint:openapi")),
        ("POST", "/v1/chat/completions", imported("openai.chat:chat_completions")),
        ("POST", "/v1/completions", imported("openai.completions:completions")),
        ("POST", "/v1/embeddings", imported("openai.embeddings:embeddings")),
        ("GET", "/v1/models", imported("openai.models:list_models")),
        ("GET", "/v1/models/:model", imported("openai.models:retrieve_model")),
        ("POST", "/v1/responses", imported("openai.responses.endpoint:create_response")),
        ("POST", "/v1/audio/transcriptions", imported("openai.audio:transcriptions")),
        ("POST", "/v1/messages", imported("anthropic.messages:messages")),
        ("POST", "/v1/messages/count_tokens", imported("anthropic.counting:count_tokens")),
    ]
)
WITH_REGISTRY = ROUTES.including([(ANY, "/v2/*path", imported("registry.endpoints:answer"))])


def create_app(
    settings: Settings | None = None,
    *,
    parts: Parts | None = None,
    max_body: int = MAX_BODY,
    body_memory: int | None = None,
) -> Starlette:
    """The server as an ASGI application; max_body limits JSON bodies, in bytes.

    body_memory: bytes of memory for the bodies of all requests; by default a share of the machine's

    BadOrigin if OLLAMA_ORIGINS holds something that is no origin.
    """
    settings = settings or Settings()
    layers = [
        Middleware(Wellformed),
        Middleware(Redirects, routes=WITH_REGISTRY if settings.serve_registry else ROUTES),
        Middleware(OriginCheck, origins=Origins.of(settings.origins)),
        Middleware(HostCheck, is_loopback=settings.host.is_loopback),
    ]
    if settings.debug_log_requests:
        layers.append(Middleware(RequestLog, url=settings.host.client.url))
    budget = Budget(body_memory or default_budget())
    layers.append(Middleware(Counted, budget=budget))
    routes: list[BaseRoute] = [Dispatch()]
    handlers = {PyollamaError: refused, Exception: crashed}
    app = Starlette(
        routes=routes, middleware=layers, exception_handlers=handlers, lifespan=_lifespan
    )
    app.state.parts = parts or Parts(settings)
    app.state.max_body = max_body
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    """Put the store in order meanwhile, and stop the models when the server stops."""
    tidying = asyncio.create_task(app.state.parts.tidy())
    try:
        yield
    finally:
        await asyncio.wait({tidying})
        await app.state.parts.close()


def from_environment() -> Starlette:
    """The application that the environment's variables describe, for ``uvicorn --factory``.

    PYOLLAMA_MAX_BODY sets the limit of JSON bodies in bytes, PYOLLAMA_BODY_MEMORY that of the
    memory for all of them.
    """
    read = Variables(os.environ)
    limit = read.unsigned("PYOLLAMA_MAX_BODY", MAX_BODY)
    memory = read.unsigned("PYOLLAMA_BODY_MEMORY", 0)
    return create_app(Settings.from_environ(), max_body=limit, body_memory=memory or None)
