"""Requests that Go's server refuses before any handler sees them: a missing or malformed Host, a
path whose percent signs mean nothing."""

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pyollama_http import responses

__all__ = ["Wellformed", "complaint"]

HOST = re.compile(r"[A-Za-z0-9!$%&'()*+,\-.:;=\[\]_~]*")
STRAY_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class Wellformed:
    """Answers 400 and closes the connection where there is something to complain of."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request."""
        fault = complaint(scope) if scope["type"] == "http" else None
        if fault is None:
            await self.app(scope, receive, send)
            return
        refusal = responses.text(fault, 400, headers={"connection": "close"})
        await refusal(scope, receive, send)


def complaint(scope: Scope) -> str | None:
    """What is wrong with the head of a request, in the words of Go's server."""
    hosts = Headers(scope=scope).getlist("host")
    if not hosts and scope["http_version"] == "1.1":
        return "400 Bad Request: missing required Host header"
    if len(hosts) > 1:
        return "400 Bad Request: too many Host headers"
    if not all(HOST.fullmatch(host) for host in hosts):
        return "400 Bad Request: malformed Host header"
    if STRAY_PERCENT.search(scope.get("raw_path", b"")):
        return "400 Bad Request"
    return None
