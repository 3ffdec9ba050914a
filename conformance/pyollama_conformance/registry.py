"""A registry that the suite itself serves on loopback, so that pull and push can be judged.

    GET /v2/<repository>/manifests/<tag>      and PUT
    GET /v2/<repository>/blobs/<digest>       leads to the storage, as Ollama's own registry does
    POST /v2/<repository>/blobs/uploads/      then PATCH, and PUT with ?digest=
    GET /token                                a token for a question that is signed in form
    GET /storage/<repository>/<digest>        at the name localhost, which is another host
    GET /asked/<repository>                   for cases: {"asked": [...], "told": [...]}

`asked` are the kinds of requests in their order, such as "HEAD blob"; `told` those that came with
Authorization. Repositories may have faults (offers.py). Signatures are not verified, only that
they have the form of an Ed25519 key and what it signs.

Source: the distribution specification of OCI; X-Redirect and tokens as Ollama's client knows them.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import SplitResult, parse_qs, urlsplit

MAX_BODY = 64 * 1024 * 1024  # bytes of a request
TOKEN = "a-token-of-the-suite"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
V2 = re.compile(r"/v2/(?P<repository>.+?)/(?P<kind>manifests|blobs)/(?P<name>.+)")
PLACE = re.compile(
    r"/(?P<kind>storage|asked)/(?P<repository>.+?)(?:/(?P<name>sha256:.+|uploads/\d+))?"
)
KEY = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"  # what the binary form of a key begins with


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Repository:
    """What one model's repository holds, and what is wrong with it.

    replies: answers to kinds of requests such as "GET manifest", before anything else is looked at
    is_plain: blobs are given where they are asked for, without a redirect
    is_ranged: parts of blobs are given
    is_strict: requests have to say which type of manifest they want or bring, and that they come
        from Ollama of some version
    hops: how often a blob leads on at this host before it is there
    parts_go: where the header "Location" says, or "Docker-Upload-Location"; or to the "storage"
    realm: who gives tokens: "here", "elsewhere", "nobody"; "forgetful" gives some that are not
        taken; empty: none are wanted
    uses: for how many requests a token is good
    scope: what a token has to allow besides pull and push
    """

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    replies: Mapping[str, Reply] = field(default_factory=dict)
    is_plain: bool = False
    is_ranged: bool = True
    is_strict: bool = False
    hops: int = 0
    parts_go: str = "Location"
    realm: str = ""
    uses: int = 1 << 30
    scope: str = ""
    left: int = 0  # requests for which the newest token is still good
    uploads: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """One request; header names in lower case."""

    method: str
    url: SplitResult
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """The first value of each key."""
        return {key: values[0] for key, values in parse_qs(self.url.query).items()}


class Registry:
    """Repositories by name, one of them made for whoever pushes to it first."""

    def __init__(self, repositories: dict[str, Repository]) -> None:
        self.repositories = repositories
        self.netloc = ""
        self.lock = threading.Lock()

    def answer(self, asked: Asked) -> Reply:
        """The reply to any request."""
        with self.lock:
            if asked.url.path == "/token":
                return self._token(asked)
            if place := PLACE.fullmatch(asked.url.path):
                return self._place(asked, place["kind"], place["repository"], place["name"] or "")
            if found := V2.fullmatch(asked.url.path):
                return self._v2(asked, found["repository"], found["kind"], found["name"])
        return Reply(404)

    def _note(self, asked: Asked, name: str, kind: str) -> Repository:
        repository = self.repositories.setdefault(name, Repository())
        repository.asked.append(f"{asked.method} {kind}")
        if "authorization" in asked.headers:
            repository.told.append(f"{asked.method} {kind}")
        return repository

    def _place(self, asked: Asked, kind: str, name: str, digest: str) -> Reply:
        if kind == "asked":
            found = self.repositories.get(name, Repository())
            return Reply(body=json.dumps({"asked": found.asked, "told": found.told}).encode())
        repository = self._note(asked, name, kind)
        if asked.method == "PUT":
            repository.uploads[f"/v2/{name}/blobs/{digest}"] = asked.body
            return Reply(200)
        return self._bytes(repository, asked, repository.blobs.get(digest))

    def _v2(self, asked: Asked, name: str, kind: str, rest: str) -> Reply:
        what = "upload" if rest.startswith("uploads/") else kind.removesuffix("s")
        repository = self._note(asked, name, what)
        if repository.realm and not self._knows(asked, repository):
            return self._challenge(name, repository)
        if repository.is_strict and (wrong := _impolite(asked, what)):
            return Reply(400, wrong)
        if refused := repository.replies.get(f"{asked.method} {what}"):
            return refused
        if what == "upload":
            return self._upload(asked, name, repository)
        if what == "blob":
            return self._blob(asked, name, repository, rest)
        if asked.method == "PUT":
            repository.manifests[rest] = asked.body
            return Reply(201)
        return self._bytes(repository, asked, repository.manifests.get(rest))

    def _knows(self, asked: Asked, repository: Repository) -> bool:
        """Whether a request has a token that is still good, which has one request less then."""
        is_known = asked.headers.get("authorization") == f"Bearer {TOKEN}"
        is_good = is_known and repository.left > 0 and repository.realm != "forgetful"
        repository.left -= is_good
        return is_good

    def _challenge(self, name: str, repository: Repository) -> Reply:
        host = self._elsewhere if repository.realm == "elsewhere" else self.netloc
        scope = f"repository:{name}:pull,push {repository.scope}".strip()
        words = f'realm="http://{host}/token",service="suite",scope="{scope}"'
        return Reply(401, b"", {"WWW-Authenticate": f"Bearer {words}"})

    @property
    def _elsewhere(self) -> str:
        """The same server under another name."""
        return f"localhost:{self.netloc.rpartition(':')[2]}"

    def _token(self, asked: Asked) -> Reply:
        """A token, unless the question has not the form that Ollama's client gives it."""
        query = asked.query
        name = re.sub(r"^repository:|:[a-z,]*$", "", query.get("scope", ""))
        repository = self._note(asked, name, "token")
        is_asked = re.fullmatch(r"\d{9,}", query.get("ts", "")) and len(query.get("nonce", "")) > 15
        more = parse_qs(asked.url.query).get("scope", [])[1:]  # one parameter for each
        is_known = query.get("service") == "suite" and repository.realm != "nobody"
        is_known = is_known and more == repository.scope.split()
        if is_asked and is_known and _is_signed(asked.headers.get("authorization", "")):
            repository.left = repository.uses
            return Reply(body=json.dumps({"token": TOKEN}).encode())
        return Reply(403, b"this question for a token is not in form")

    def _blob(self, asked: Asked, name: str, repository: Repository, digest: str) -> Reply:
        data = repository.blobs.get(digest)
        hop = int(asked.query.get("hop", 0))
        if asked.method == "GET" and hop < repository.hops:
            return Reply(307, b"", {"Location": f"{asked.url.path}?hop={hop + 1}"})
        if data is None or asked.method == "HEAD" or repository.is_plain:
            return self._bytes(repository, asked, data)
        place = f"http://{self._elsewhere}/storage/{name}/{digest}"
        return Reply(307, b"", {"Location": place})

    def _bytes(self, repository: Repository, asked: Asked, data: bytes | None) -> Reply:
        """Bytes, or the part of them that is asked for."""
        if data is None:
            return Reply(404, b'{"errors": [{"code": "UNKNOWN"}]}')
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.headers.get("range", ""))
        if span is None or not repository.is_ranged:
            return Reply(200, data)
        first, last = int(span[1]), min(int(span[2] or len(data)), len(data) - 1)
        if first > last:
            return Reply(416)
        headers = {"Content-Range": f"bytes {first}-{last}/{len(data)}"}
        return Reply(206, data[first : last + 1], headers)

    def _upload(self, asked: Asked, name: str, repository: Repository) -> Reply:
        path, query = asked.url.path, asked.query
        if asked.method == "POST":
            source = self.repositories.get(query.get("from", ""), Repository())
            if (mounted := source.blobs.get(query.get("mount", ""))) is not None:
                repository.blobs[query["mount"]] = mounted
                return Reply(201)
            path = f"/v2/{name}/blobs/uploads/{len(repository.uploads)}"
            repository.uploads[path] = b""
        if path not in repository.uploads:
            return Reply(404)
        if asked.method == "PATCH" and repository.parts_go == "storage":
            place = f"http://{self._elsewhere}/storage/{path[4:].replace('/blobs/', '/')}"
            return Reply(307, b"", {"Location": place, "Docker-Upload-Location": path})
        repository.uploads[path] += asked.body
        if asked.method == "PUT":
            return self._finish(repository, repository.uploads.pop(path), query)
        if repository.parts_go == "Docker-Upload-Location":
            return Reply(202, b"", {"Location": "/nowhere", "Docker-Upload-Location": path})
        return Reply(202, b"", {"Location": path})

    def _finish(self, repository: Repository, data: bytes, query: Mapping[str, str]) -> Reply:
        """Keep an upload of one part if it is what it should be, and its etag, as S3 makes it."""
        digests = hashlib.md5(data, usedforsecurity=False).digest()
        etag = hashlib.md5(digests, usedforsecurity=False).hexdigest() + "-1"
        if query.get("digest") != "sha256:" + hashlib.sha256(data).hexdigest():
            return Reply(400, b"digest invalid")
        if repository.parts_go == "storage" and query.get("etag") != etag:
            return Reply(400, b"etag invalid")
        repository.blobs[query["digest"]] = data
        return Reply(201)


def _impolite(asked: Asked, what: str) -> bytes:
    """What a request should have said and has not; nothing if it has."""
    if not re.match(r"ollama/\d+\.\d+\.\d+ ", asked.headers.get("user-agent", "")):
        return b"User-Agent names no version of ollama"
    header = {"GET": "accept", "PUT": "content-type"}.get(
        asked.method if what == "manifest" else ""
    )
    is_said = header is None or asked.headers.get(header, "") == MANIFEST
    return b"" if is_said else f"{header} is not {MANIFEST}".encode()


def _is_signed(authorization: str) -> bool:
    """Whether this is the binary form of a public Ed25519 key, a colon and 64 bytes."""
    with suppress(ValueError):
        key, signature = (
            base64.b64decode(text, validate=True) for text in authorization.split(":")
        )
        return key.startswith(KEY) and len(key) == len(KEY) + 32 and len(signature) == 64
    return False


@contextmanager
def served(repositories: dict[str, Repository]) -> Iterator[str]:
    """Serve repositories on a free port of 127.0.0.1; gives the host and port."""
    registry = Registry(repositories)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            size = min(int(headers.get("content-length", 0)), MAX_BODY)
            asked = Asked(self.command, urlsplit(self.path), headers, self.rfile.read(size))
            reply = registry.answer(asked)
            with suppress(OSError):  # a client that has left
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else reply.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry.netloc = f"127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield registry.netloc
        finally:
            server.shutdown()
