"""OLLAMA_DEBUG_LOG_REQUESTS: the bodies of inference requests as files, to send them again.

They hold what users wrote, so the folder is for the server's user alone, and it is a new one in
each run. A body is written as it arrives; a broken request leaves what came of it.
"""

import logging
import os
import shlex
import tempfile
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["RequestLog"]

ROUTES = frozenset(
    {
        "/api/generate",
        "/api/chat",
        "/api/embed",
        "/api/embeddings",
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/responses",
        "/v1/messages",
    }
)

logger = logging.getLogger(__name__)


class RequestLog:
    """The layer that writes a body, and a command that sends it again, for each such request.

    url: where this server answers, for the commands
    """

    def __init__(self, app: ASGIApp, url: str) -> None:
        self.app = app
        self.url = url
        self.count = 0

    @cached_property
    def folder(self) -> Path:
        """A new private folder among the temporary ones."""
        folder = Path(tempfile.mkdtemp(prefix="ollama-request-logs-"))
        logger.info("writing the bodies of requests to %s", folder)
        return folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; a disk that fails costs the record, not the request."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in ROUTES:
            await self.app(scope, receive, send)
            return
        try:
            file = self._begin(scope["path"])
        except OSError as error:
            logger.warning("cannot write the body of a request: %s", error)
            await self.app(scope, receive, send)
            return
        with file:
            await self.app(scope, _recording(receive, file), send)

    def _begin(self, path: str) -> BinaryIO:
        """Write the command, and open the file of the body."""
        self.count += 1
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        stem = f"{moment}-{self.count:04d}{path.replace('/', '_')}"
        body = self.folder / f"{stem}_body.json"
        url, data = shlex.quote(self.url + path), shlex.quote(f"@{body}")
        command = f"curl -sS {url} -H 'Content-Type: application/json' --data-binary {data}\n"
        (self.folder / f"{stem}_request.sh").write_text(f"#!/bin/sh\n{command}", "utf-8")
        return os.fdopen(os.open(body, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _recording(receive: Receive, file: BinaryIO) -> Receive:
    """As receive, with every chunk of the body written to the file."""

    async def recorded() -> Message:
        message = await receive()
        if message["type"] == "http.request":
            try:
                file.write(message.get("body", b""))
                if not message.get("more_body", False):
                    file.flush()
            except OSError as error:
                logger.warning("cannot write the body of a request: %s", error)
        return message

    return recorded
