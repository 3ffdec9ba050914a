"""A proxy before a registry: passes requests on, or sends clients for blobs elsewhere.

GET  .../blobs/<digest>       307 to the storage, which is another port of another host name
PATCH and POST of uploads     Docker-Upload-Location says where they go on, Location does not
GET  /token                   a token, for a question whose signature is right
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlsplit

from fake_registry import Asked, FakeRegistry, Reply, fake_registry
from token_registry import require_signature

__all__ = ["RegistryFront", "registry_front"]

HOP = ("connection", "content-length", "date", "server", "transfer-encoding")


@dataclass
class RegistryFront:
    """What is asked here and at the storage; backend is where requests are passed on to.

    token: gives a token for scopes; the storage asks for blobs with one of its own.
    """

    server: FakeRegistry
    storage: FakeRegistry
    is_redirecting: bool
    backend: str = ""
    token: Callable[[Sequence[str]], str] | None = None

    def answer(self, asked: Asked) -> Reply | None:
        """The reply to a client."""
        path = urlsplit(asked.path).path
        if path == "/token" and self.token:
            return self._token(asked, self.token)
        if self.is_redirecting and asked.method == "GET" and "/blobs/" in path:
            port = self.storage.netloc.rpartition(":")[2]
            return Reply(307, b"", {"Location": f"http://localhost:{port}{asked.path}"})
        reply = self._passed_on(asked)
        if self.is_redirecting and (place := reply.headers.get("location")):
            reply.headers = {"Docker-Upload-Location": place, "Location": "http://192.0.2.1/"}
        return reply

    def from_storage(self, asked: Asked) -> Reply:
        """The bytes of a blob, for whoever knows the URL."""
        if self.token is None:
            return self._passed_on(asked)
        repository = asked.path.removeprefix("/v2/").partition("/blobs/")[0]
        token = self.token([f"repository:{repository}:pull"])
        headers = {**asked.headers, "authorization": f"Bearer {token}"}
        return self._passed_on(replace(asked, headers=headers))

    def _token(self, asked: Asked, token: Callable[[Sequence[str]], str]) -> Reply:
        require_signature(self.server.netloc, asked)
        scopes = parse_qs(urlsplit(asked.path).query)["scope"]
        return Reply(200, json.dumps({"token": token(scopes)}).encode())

    def _passed_on(self, asked: Asked) -> Reply:
        connection = HTTPConnection(self.backend, timeout=20)
        try:
            connection.request(asked.method, asked.path, asked.body, asked.headers)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            body, length = answer.read(), headers.get("content-length")
        finally:
            connection.close()
        kept = {name: value for name, value in headers.items() if name not in HOP}
        return Reply(answer.status, body, kept, length=int(length) if length else None)


@contextmanager
def registry_front(*, is_redirecting: bool = False) -> Iterator[RegistryFront]:
    """A proxy whose backend has still to be said."""
    with fake_registry() as server, fake_registry() as storage:
        front = RegistryFront(server, storage, is_redirecting)
        server.otherwise = front.answer
        storage.otherwise = front.from_storage
        yield front
