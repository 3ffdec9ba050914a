"""Finding the handler of a request as Ollama's router and Go's server do.

A path that is not clean (``//api/tags``) is redirected to the clean one, and a path that differs
from a route of its method by a slash at its end to that route; both before any check. A path that
exists under other methods gives 405 with those in Allow; the checks of Origin and Host send it too.

Sources: ServeMux of Go's net/http, handleHTTPRequest of gin.
"""

import asyncio
import html
import importlib
import posixpath
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from types import ModuleType

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from pyollama_http import responses

__all__ = [
    "ANY",
    "METHODS",
    "Dispatch",
    "Handler",
    "Redirects",
    "Resolution",
    "Route",
    "Routes",
    "imported",
    "resolution",
]

METHODS = ("HEAD", "GET", "POST", "DELETE")  # in the order of Allow
ANY = "*"  # in the place of a method: whichever there is
SCOPE_KEY = "pyollama.resolution"
Handler = Callable[[Request], Awaitable[Response]]
Route = tuple[str, str, Handler]


@dataclass(frozen=True)
class Resolution:
    """What the table says of a method and a path."""

    handler: Handler | None = None
    params: dict[str, str] = field(default_factory=dict)
    allow: str = ""  # the other methods that the path has, if it has no handler for this one

    @property
    def headers(self) -> dict[str, str]:
        """The Allow header, where there is one."""
        return {"allow": self.allow} if self.allow else {}


class Routes:
    """The table: method and path pattern; the first entry that fits both is taken.

    ``:name`` stands for one segment of a path, ``*name`` for all the rest, and ANY for a method.
    """

    def __init__(self, table: Iterable[Route]) -> None:
        self.table = [(method, _pattern(path), handler) for method, path, handler in table]

    def including(self, table: Iterable[Route]) -> "Routes":
        """These routes, and then some more."""
        more = Routes(table)
        more.table = [*self.table, *more.table]
        return more

    def find(self, method: str, path: str) -> Resolution | None:
        """The handler of exactly this method and path."""
        for known, pattern, handler in self.table:
            match = pattern.fullmatch(path) if known in (method, ANY) else None
            if match is not None:
                return Resolution(handler, match.groupdict())
        return None

    def resolve(self, method: str, path: str) -> Resolution:
        """The handler, or the methods that the path has instead."""
        others = (known for known in METHODS if self.find(known, path))
        return self.find(method, path) or Resolution(allow=", ".join(others))


def imported(target: str) -> Handler:
    """A handler by the name ``module:function`` in this package, imported at its first request.

    The modules that need the store bring NumPy along, which would delay the start of the server.
    """

    module, _, name = target.partition(":")
    found: ModuleType | None = None

    async def handler(request: Request) -> Response:
        nonlocal found
        if found is None:
            found = await asyncio.to_thread(importlib.import_module, f"pyollama_http.{module}")
        answer: Response = await getattr(found, name)(request)
        return answer

    return handler


def _pattern(path: str) -> re.Pattern[str]:
    """The expression for a path in which ``:name`` is one segment, and ``*name`` what is left."""
    segments = re.sub(r":(\w+)", r"(?P<\1>[^/]+)", path)
    return re.compile(re.sub(r"\*(\w+)", r"(?P<\1>.*)", segments), re.DOTALL)


def resolution(scope: Scope) -> Resolution:
    """What Redirects found for the request."""
    found = scope[SCOPE_KEY]
    assert isinstance(found, Resolution)
    return found


class Redirects:
    """The layer below Wellformed: sends redirects, and notes the resolution for those inside."""

    def __init__(self, app: ASGIApp, routes: Routes) -> None:
        self.app = app
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Redirect, or go on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        target = self._target(scope)
        if target is not None:
            await _redirect(scope, *target)(scope, receive, send)
            return
        scope[SCOPE_KEY] = self.routes.resolve(scope["method"], scope["path"])
        await self.app(scope, receive, send)

    def _target(self, scope: Scope) -> tuple[str, int] | None:
        """Where to, with which status; None to stay here."""
        raw = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
        method, path = scope["method"], scope["path"]
        cleaned = _clean(raw)
        if cleaned != raw and method != "CONNECT":
            return cleaned, 307
        bare = path.removesuffix("/")
        if bare and bare != path and self._is_other(method, path, bare):
            return raw.removesuffix("/"), 301 if method == "GET" else 307
        return None

    def _is_other(self, method: str, path: str, bare: str) -> bool:
        """Whether there is a route without the slash at the end, and none with it."""
        return bool(self.routes.find(method, bare)) and not self.routes.find(method, path)


def _clean(path: str) -> str:
    """The path without empty, ``.`` and ``..`` segments; a slash at the end stays."""
    if not path.startswith("/"):
        path = f"/{path}"
    cleaned = "/" + posixpath.normpath(path).lstrip("/")
    return f"{cleaned}/" if path.endswith("/") and cleaned != "/" else cleaned


def _redirect(scope: Scope, path: str, status: int) -> Response:
    """The redirect with its query kept; a short page for GET, its type alone for HEAD."""
    query = scope.get("query_string", b"").decode("latin-1")
    location = f"{path}?{query}" if query else path
    if scope["method"] not in ("GET", "HEAD"):
        return responses.empty(status, {"location": location})
    phrase = {301: "Moved Permanently", 307: "Temporary Redirect"}[status]
    page = f'<a href="{html.escape(location)}">{phrase}</a>.\n\n'
    return responses.text(page, status, "text/html; charset=utf-8", {"location": location})


class Dispatch(BaseRoute):
    """The one route that Starlette sees: calls the handler, or says 404 or 405."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Take every HTTP request."""
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        request = Request(scope, receive, send)
        found = resolution(scope)
        if found.handler is not None:
            scope["path_params"] = found.params
            response = await found.handler(request)
        elif found.allow:
            response = responses.text("405 method not allowed", 405, "text/plain", found.headers)
        else:
            response = responses.text("404 page not found", 404, "text/plain")
        await response(scope, receive, send)
