"""A registry on a port of its own: answers by method and path, and notes what it is asked."""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Asked", "FakeRegistry", "Reply", "fake_registry"]


@dataclass
class Reply:
    """One answer; a status of 0 closes the connection without a word."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hold: bool = False  # say nothing until the client has gone
    length: int | None = None  # what is said of the body's length, if it is not the truth
    endless: bool = False  # say the body again and again, until the client has gone


@dataclass
class Asked:
    """One request; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FakeRegistry:
    """What is answered, and what has been asked: (method, path, headers in lower case).

    A HEAD that has no reply is answered as the GET is. otherwise is asked where there is no reply,
    before 404 is said; gate comes before all replies. Ranges of a body are given where they are
    asked for, unless is_ranged is false.
    """

    netloc: str
    replies: dict[str, Reply] = field(default_factory=dict)
    gate: Callable[[Asked], Reply | None] = lambda _: None
    otherwise: Callable[[Asked], Reply | None] = lambda _: None
    is_ranged: bool = True
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)  # a client that did not wait

    def offer(self, model: str, blobs: Sequence[bytes], media_type: str = "x") -> bytes:
        """Offer ns/<model>:latest with these layers, the first of which is its config as well."""
        layers = []
        for blob in blobs:
            digest = "sha256:" + hashlib.sha256(blob).hexdigest()
            layers.append({"mediaType": media_type, "digest": digest, "size": len(blob)})
            self.replies[f"GET /v2/ns/{model}/blobs/{digest}"] = Reply(200, blob)
        manifest = {"schemaVersion": 2, "config": layers[0], "layers": layers, "odd": [1, 2]}
        data = json.dumps(manifest).encode()
        self.replies[f"GET /v2/ns/{model}/manifests/latest"] = Reply(200, data)
        return data

    def reply(self, asked: Asked) -> Reply:
        """The answer to a request."""
        known = self.replies.get(f"{asked.method} {asked.path}")
        if known is None and asked.method == "HEAD":
            known = self.replies.get(f"GET {asked.path}")
        found = self.gate(asked) or known or self.otherwise(asked) or Reply(404)
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", asked.headers.get("range", ""))
        if span is None or not self.is_ranged or found.status != 200:
            return found
        first, last = map(int, span.groups())
        total = len(found.body)
        headers = {**found.headers, "Content-Range": f"bytes {first}-{last}/{total}"}
        return replace(found, status=206, body=found.body[first : last + 1], headers=headers)


@contextmanager
def fake_registry(address: str = "127.0.0.1") -> Iterator[FakeRegistry]:
    """A registry that says 404 to everything that it has no reply for."""

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True  # or each answer waits for the client to have its head

        def answer(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            registry.asked.append((self.command, self.path, headers))
            reply = registry.reply(Asked(self.command, self.path, headers, body))
            if reply.hold:
                self.connection.settimeout(10)
                if self.connection.recv(1) == b"":
                    registry.gone.set()
                return
            if reply.status == 0:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            length = len(reply.body) if reply.length is None else reply.length
            if not reply.endless:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                with suppress(OSError):  # a client that has enough
                    self.wfile.write(reply.body)
            if reply.endless:
                self.go_on(reply.body)

        def go_on(self, body: bytes) -> None:
            """Write until nobody listens."""
            self.close_connection = True
            with suppress(OSError):
                while True:
                    self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_CONNECT = answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((address, 0), Handler)
    registry = FakeRegistry(f"{address}:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
