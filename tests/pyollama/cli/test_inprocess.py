"""The server that run starts in its own process."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from pyollama.cli import serve
from pyollama.cli.errors import CommandError
from pyollama.cli.inprocess import compiled_kernels, local_server


def test_the_first_request_waits_for_the_server_to_be_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path))
    with local_server() as client:
        assert client.host.address == "127.0.0.1"
        assert client.call("GET", "/api/tags") == {"models": []}
    assert not client.is_up()


def test_a_server_that_cannot_start_is_an_error_and_no_endless_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serve, "APPLICATION", "pyollama:no_such_application")
    with pytest.raises(CommandError, match="the server could not start"), local_server() as client:
        client.call("GET", "/api/tags")


def test_compiled_kernels_are_counted_once_somebody_has_imported_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pyollama_tensor.jit", raising=False)
    assert compiled_kernels() is None
    (tmp_path / "a.1.nbc").write_bytes(b"")
    (tmp_path / "a.nbi").write_bytes(b"")
    jit: ModuleType | SimpleNamespace = SimpleNamespace(cache_folder=lambda: tmp_path)
    monkeypatch.setitem(sys.modules, "pyollama_tensor.jit", jit)
    assert compiled_kernels() == 1
