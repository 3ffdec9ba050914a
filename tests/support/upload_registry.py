"""A registry that takes models: uploads in pieces, mounts, manifests; a refusal where told."""

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from fake_registry import Asked, FakeRegistry, Reply, fake_registry

__all__ = ["UploadRegistry", "upload_registry"]

REPOSITORY = re.compile(r"/v2/(.+)/(?:blobs|manifests|uploads)/")


@dataclass
class UploadRegistry:
    """What has been uploaded so far, by the path of the upload.

    An upload has a state that changes with each part, as a plain registry has it: what goes to an
    old state is refused with 416. is_elsewhere sends the bytes of parts to other URLs (307).
    """

    server: FakeRegistry
    received: dict[str, bytes] = field(default_factory=dict)
    elsewhere: dict[str, bytes] = field(default_factory=dict)
    is_elsewhere: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, asked: Asked) -> Reply | None:
        """The reply to what belongs to an upload or writes a manifest."""
        url = urlsplit(asked.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        with self.lock:
            if asked.method == "POST" and url.path.endswith("/blobs/uploads/"):
                return self._begin(url.path, query)
            if asked.method == "PATCH" and url.path in self.received:
                return self._part(asked, url.path, query)
            if asked.method == "PUT" and url.path.startswith("/elsewhere/"):
                self.elsewhere[url.path] = asked.body
                return Reply(200)
            if asked.method == "PUT" and url.path in self.received:
                return self._finish(url.path, query)
            if asked.method == "PUT" and "/manifests/" in url.path:
                self.server.replies[f"GET {url.path}"] = Reply(200, asked.body)
                return Reply(201)
        return None

    def _begin(self, path: str, query: dict[str, str]) -> Reply:
        if source := self.server.replies.get(
            f"GET /v2/{query.get('from')}/blobs/{query.get('mount')}"
        ):
            self.server.replies[f"GET {path.removesuffix('uploads/')}{query['mount']}"] = source
            return Reply(201)
        place = f"{path}{len(self.received)}"
        self.received[place] = b""
        return Reply(202, b"", {"Location": f"{place}?_state=0"})

    def _part(self, asked: Asked, path: str, query: dict[str, str]) -> Reply:
        first, last = map(int, asked.headers["content-range"].split("-"))
        if self.is_elsewhere:
            going_on = f"http://{self.server.netloc}{path}?_state=0"
            headers = {
                "Docker-Upload-Location": going_on,
                "Location": f"/elsewhere{path}-{first:09}",
            }
            return Reply(307, b"", headers)
        if int(query["_state"]) != len(self.received[path]) or last - first + 1 != len(asked.body):
            return Reply(416, b"wrong offset")
        self.received[path] += asked.body
        return Reply(202, b"", {"Location": f"{path}?_state={len(self.received[path])}"})

    def _finish(self, path: str, query: dict[str, str]) -> Reply:
        parts = [self.elsewhere[key] for key in sorted(self.elsewhere) if f"{path}-" in key]
        data = b"".join(parts) if self.is_elsewhere else self.received[path]
        if query["digest"] != "sha256:" + hashlib.sha256(data).hexdigest():
            return Reply(400, b"digest invalid")
        repository = path[: path.index("/uploads/")]
        self.server.replies[f"GET {repository}/{query['digest']}"] = Reply(200, data)
        return Reply(201)


@contextmanager
def upload_registry() -> Iterator[UploadRegistry]:
    """A registry that is empty."""
    with fake_registry() as server:
        found = UploadRegistry(server)
        server.otherwise = found.answer
        yield found
