"""The application: its layers, and what it builds at its start.

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
from starlette.routing import BaseRoute

from pyollama.errors import PyollamaError
from pyollama.settings import Settings, Variables
from pyollama_http.body import MAX_BODY
from pyollama_http.errors import crashed, refused
from pyollama_http.malformed import Wellformed
from pyollama_http.memory import Budget, Counted, default_budget
from pyollama_http.parts import Parts
from pyollama_http.requestlog import RequestLog
from pyollama_http.routes import routes_of
from pyollama_http.routing import Dispatch, Redirects
from pyollama_http.security import HostCheck, OriginCheck, Origins

__all__ = ["create_app", "from_environment"]


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
        Middleware(Redirects, routes=routes_of(settings)),
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
    importing = asyncio.create_task(app.state.parts.import_ahead())
    try:
        yield
    finally:
        importing.cancel()
        await asyncio.gather(importing, return_exceptions=True)  # a request would tell what failed
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
