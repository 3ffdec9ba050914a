"""OLLAMA_DEBUG_LOG_REQUESTS: bodies of inference requests as files of their own."""

import stat
import tempfile
from pathlib import Path

import pytest
from fake_serving import FakeServing
from starlette.testclient import TestClient

from pyollama.settings import Settings
from pyollama.store import Store
from pyollama_http.app import create_app
from pyollama_http.parts import Parts


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of temporary folders."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def client_of(store: Store, serving: FakeServing, *, logs: bool) -> TestClient:
    settings = Settings(debug_log_requests=logs)
    app = create_app(settings, parts=Parts(settings, store, serving))  # type: ignore[arg-type]
    return TestClient(app, base_url="http://127.0.0.1:11434", raise_server_exceptions=False)


def test_a_body_is_kept_with_a_command_that_sends_it_again(
    folder: Path, store: Store, serving: FakeServing
) -> None:
    body = '{"model":"m",  "prompt":"it\'s"}'
    with client_of(store, serving, logs=True) as client:
        client.post("/api/generate", content=body)
        client.post("/api/show", content=body)
        client.get("/api/tags")
    (made,) = folder.iterdir()
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    kept, command = sorted(made.iterdir())
    assert kept.read_text() == body
    assert kept.name.endswith("_api_generate_body.json")
    assert f"@{kept}" in command.read_text()
    assert "http://127.0.0.1:11434/api/generate" in command.read_text()


def test_without_the_variable_nothing_is_written(
    folder: Path, store: Store, serving: FakeServing
) -> None:
    with client_of(store, serving, logs=False) as client:
        client.post("/api/chat", content='{"model":"m"}')
    assert not list(folder.iterdir())


def test_a_disk_that_refuses_costs_the_record_alone(
    folder: Path, store: Store, serving: FakeServing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "missing"))
    with client_of(store, serving, logs=True) as client:
        answer = client.post("/api/generate", content="{")
    assert (answer.status_code, answer.json()) == (400, {"error": "unexpected EOF"})
