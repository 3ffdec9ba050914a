"""A scripted HTTP server in place of the real one, and the command line run in this process."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pyollama.cli import main

Run = Callable[..., "Result"]


@dataclass
class Script:
    """What the server answers to "METHOD path", and what it was asked.

    An answer is (status, body): a dict is one JSON object, a list is a stream of lines.
    """

    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    requests: list[tuple[str, Any]] = field(default_factory=list)
    address: str = ""

    def bodies(self, request: str) -> list[Any]:
        """The bodies sent with one kind of request."""
        return [body for name, body in self.requests if name == request]


@dataclass
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str


def handler(script: Script) -> type[BaseHTTPRequestHandler]:
    """A request handler that follows the script; HEAD / always succeeds."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            return

        def answer(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_json = data.startswith(b"{")
            name = f"{self.command} {self.path}"
            script.requests.append((name, json.loads(data) if is_json else data))
            status, body = script.answers.get(name, (200 if name == "HEAD /" else 404, {}))
            lines = body if isinstance(body, list) else [body]
            payload = "\n".join(json.dumps(line) for line in lines if line != {}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(payload)

        do_GET = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815

    return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A running server; OLLAMA_HOST points at it."""
    script = Script()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(script)) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        script.address = f"127.0.0.1:{http.server_port}"
        monkeypatch.setenv("OLLAMA_HOST", script.address)
        yield script
        http.shutdown()
        thread.join()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line with arguments and perhaps a text on its stdin."""

    def call(*arguments: str, stdin: str = "") -> Result:
        monkeypatch.setattr(sys, "argv", ["pyollama", *arguments])
        monkeypatch.setattr(sys, "stdin", Stdin(stdin))
        code = main.run()
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return call


class Stdin:
    """A pipe that holds a text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def isatty(self) -> bool:
        """A pipe is no terminal."""
        return False

    def read(self, size: int = -1) -> str:
        """So many characters, or all of them."""
        return self.text if size < 0 else self.text[:size]
