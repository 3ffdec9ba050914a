"""Requests that say who sends them."""

import base64
import hashlib
import io
import re
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from pyollama.cli.client import Client
from pyollama.cli.errors import CommandError
from pyollama.cli.signing import signs
from pyollama.settings import Host
from pyollama.store.registry.key_file import key_path
from pyollama.store.registry.keys import loaded_key

Seen = list[tuple[str, str, str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Client, Seen]]:
    """A client that is to sign, with a home of its own, and what its server was asked."""
    seen: Seen = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.append((self.command, self.path, self.headers.get("Authorization") or ""))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_HEAD = answer  # noqa: N815

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OLLAMA_AUTH", "1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield Client(Host.parse(f"127.0.0.1:{http.server_port}")), seen
        http.shutdown()
        thread.join()


def test_every_request_is_signed_with_its_time(asked: tuple[Client, Seen]) -> None:
    client, seen = asked
    key = loaded_key(key_path())
    client.is_up()
    client.call("GET", "/api/tags")
    list(client.stream("/api/pull", {"model": "m"}))
    digest = "sha256:" + hashlib.sha256(b"x").hexdigest()
    assert client.has_blob(digest)
    assert list(client.upload(digest, io.BytesIO(b"x"), 1)) == [1]
    assert [f"{method} {path.partition('?')[0]}" for method, path, _ in seen] == [
        "HEAD /",
        "GET /api/tags",
        "POST /api/pull",
        f"HEAD /api/blobs/{digest}",
        f"POST /api/blobs/{digest}",
    ]
    public = load_ssh_public_key(key.public_line.encode())
    assert isinstance(public, Ed25519PublicKey)
    for method, path, header in seen:
        (stamp,) = re.findall(r"\?ts=([0-9]+)$", path)
        assert abs(int(stamp) - time.time()) < 60
        name, _, signed = header.partition(":")
        assert name == key.public_line.split()[1]
        public.verify(base64.b64decode(signed), f"{method},{path}".encode())  # or it raises


def test_nothing_is_signed_where_nobody_asks(
    asked: tuple[Client, Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_AUTH", "0")
    client, seen = asked
    Client(client.host).is_up()
    assert seen == [("HEAD", "/", "")]


def test_one_host_is_always_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OLLAMA_AUTH", raising=False)
    assert signs(Host.parse("https://ollama.com"))
    assert not signs(Host.parse("https://example.com"))
    monkeypatch.setenv("OLLAMA_AUTH", "true")
    assert signs(Host.parse("https://example.com"))


def test_without_a_key_there_is_an_error_and_no_new_key(asked: tuple[Client, Seen]) -> None:
    client, seen = asked
    with pytest.raises(CommandError, match=f"open {key_path()}: no such file or directory"):
        client.require()
    assert seen == []
    assert not key_path().exists()


def test_a_key_that_cannot_be_read_is_an_error(asked: tuple[Client, Seen]) -> None:
    key_path().parent.mkdir()
    key_path().write_text("nonsense")
    with pytest.raises(CommandError, match="id_ed25519"):
        asked[0].is_up()
