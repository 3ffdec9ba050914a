"""A server for clients, with models whose answers are known, and a registry beside it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from live_server import live_server

from pyollama_conformance.chain_model import chain_model
from pyollama_conformance.embedding_model import embedding_model
from pyollama_conformance.registry import Repository, served

FRIENDS = (
    '{"friends": [', '{"name"', ': "Ollama"', ', "age"', ": 22", ', "is_available"', ": false",
    "}]}",
)  # fmt: skip
CALL = (
    "<tool_call>\n", '{"name": ', '"add_two_numbers"', ', "arguments": ', '{"a": 3, "b": 1}}',
    "\n</tool_call>",
)  # fmt: skip
THOUGHTS = ("Let me see.", "</think>", "\n\n", "Light scatters.")
FILES = {
    "endless": chain_model(endless=True),
    "embedder": embedding_model(),
    "friends": chain_model(pieces=FRIENDS),
    "calls": chain_model(pieces=CALL),
    "reasons": chain_model(pieces=THOUGHTS),
}
"""Models by the names that scripts use; besides there are tiny and, with a suffix, fim."""
CHANGES = {
    "calls": {"renderer": "qwen3-vl-instruct", "parser": "qwen3-vl-instruct"},
    "reasons": {"renderer": "qwen3-vl-thinking", "parser": "qwen3-vl-thinking"},
}
PUSHERS = ("sync", "async", "js")


@dataclass(frozen=True)
class Ollama:
    """Where clients find everything.

    registry: host and port of a registry with an empty repository ``shelf/…`` for each pusher
    file: a model that is not on the server, to upload
    """

    url: str
    registry: str
    file: str


@contextmanager
def stocked_server(folder: Path) -> Iterator[Ollama]:
    """The server, in a process of its own; several answers at once, so that none waits."""
    file = folder / "uploaded.gguf"
    file.write_bytes(chain_model(pieces=("Some", "thing", " else.")))
    parallel = {"OLLAMA_NUM_PARALLEL": "4"}
    shelves = {f"shelf/{pusher}": Repository() for pusher in PUSHERS}
    with live_server(folder / "models", parallel) as server, served(shelves) as registry:
        with httpx2.Client(base_url=server.url, timeout=120) as client:
            stock(client)
        yield Ollama(server.url, registry, str(file))


def stock(client: httpx2.Client) -> None:
    """Make the models, as any client would."""
    post(client, "/api/pull", model="tiny")
    filled = {"model": "fim", "from": "tiny", "template": "Why {{ .Suffix }}{{ .Prompt }}?"}
    post(client, "/api/create", **filled)
    for name, data in FILES.items():
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        client.post(f"/api/blobs/{digest}", content=data).raise_for_status()
        files = {f"{name}.gguf": digest}
        post(client, "/api/create", model=name, files=files, **CHANGES.get(name, {}))


def post(client: httpx2.Client, path: str, **fields: object) -> None:
    """Send a request that has to succeed."""
    client.post(path, json={**fields, "stream": False}).raise_for_status()
