"""A registry on a port of its own: answers by method and path, and notes what it is asked."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["FakeRegistry", "Reply", "fake_registry"]


@dataclass
class Reply:
    """One answer; a status of 0 closes the connection without a word."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hold: bool = False  # say nothing until the client has gone
    length: int | None = None  # what is said of the body's length, if it is not the truth


@dataclass
class FakeRegistry:
    """What is answered, and what has been asked: (method, path, headers in lower case)."""

    netloc: str
    replies: dict[str, Reply] = field(default_factory=dict)
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


@contextmanager
def fake_registry() -> Iterator[FakeRegistry]:
    """A registry that says 404 to everything that it has no reply for."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            registry.asked.append((self.command, self.path, headers))
            reply = registry.replies.get(f"{self.command} {self.path}", Reply(404))
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
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_CONNECT = answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry = FakeRegistry(f"127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
