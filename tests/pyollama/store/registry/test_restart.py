"""A server that is killed in the middle of a pull goes on after its next start."""

import hashlib
import json
import os
import urllib.request
from http.client import HTTPResponse
from pathlib import Path

import pytest
from fake_registry import Asked, Reply, fake_registry
from live_server import LiveServer, live_server

from pyollama.store import Store

DATA = os.urandom(300_000)
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()
CAME = 123_456  # bytes, before the kill


def pull(server: LiveServer, model: str) -> HTTPResponse:
    body = json.dumps({"model": model, "insecure": True}).encode()
    answer = urllib.request.urlopen(f"{server.url}/api/pull", body, timeout=60)
    assert isinstance(answer, HTTPResponse)
    return answer


@pytest.mark.slow
def test_a_server_that_is_killed_goes_on_after_its_next_start(tmp_path: Path) -> None:
    ranges: list[str] = []

    def gate(asked: Asked) -> Reply | None:
        if text := asked.headers.get("range", ""):
            ranges.append(text)
        if len(ranges) == 1:  # a body that breaks off, and nothing when it is asked for again
            return Reply(200, DATA[:CAME], length=len(DATA)) if text else None
        return Reply(hold=True) if text else None

    with fake_registry() as registry:
        registry.offer("m", [DATA])
        registry.gate = gate
        model = f"{registry.netloc}/ns/m"
        with live_server(tmp_path / "models") as server, pull(server, model) as lines:
            assert any(json.loads(line).get("completed") == CAME for line in lines)
            server.process.kill()
            server.process.wait(30)
        registry.gate = lambda _: None
        registry.asked.clear()
        with live_server(tmp_path / "models") as server, pull(server, model) as lines:
            said = [json.loads(line) for line in lines]
    assert said[-1] == {"status": "success"}
    sizes = [line.get("completed", 0) for line in said if "digest" in line]
    assert min(filter(None, sizes)) >= CAME
    assert sizes[-1] == len(DATA)
    asked = [(verb, headers) for verb, path, headers in registry.asked if path.endswith(DIGEST)]
    assert [verb for verb, _ in asked] == ["GET", "GET"]  # where it lies, and the rest; no HEAD
    assert asked[1][1]["range"] == f"bytes={CAME}-{len(DATA) - 1}"
    assert Store(tmp_path / "models").blob_path(DIGEST).read_bytes() == DATA
