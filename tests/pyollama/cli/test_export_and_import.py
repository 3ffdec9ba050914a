"""pyollama export and import, and a server that others pull from."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from live_server import live_server
from offered import CONFIG, WEIGHTS, digest_of, offer
from pseudo_terminal import pseudo_terminal

from pyollama.store import Store, parse_name


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store that the commands use, with the model m in it; no server is there."""
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    store = Store(tmp_path / "models")
    offer(store, "m", WEIGHTS)
    return store


@pytest.fixture
def other(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty store that the commands use from now on."""
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "other"))
    return Store(tmp_path / "other")


def blobs_of(store: Store) -> set[str]:
    folder = store.root / "blobs"
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_a_model_goes_through_a_file(
    run: Any, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.tar"
    result = run("export", "M", str(path))
    assert (result.code, result.out) == (0, f"exported 'M' to '{path}'\n")
    assert result.err == "".join(f"exporting {digest_of(d)[7:19]}:\n" for d in (WEIGHTS, CONFIG))
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "other"))
    result = run("import", str(path))
    assert (result.code, result.out) == (0, "imported 'm:latest'\n")
    assert result.err.splitlines()[-2:] == [
        f"importing {digest_of(CONFIG)[7:19]}:",
        "writing manifest",
    ]
    result = run("import", str(path), "team/n:1")
    assert (result.code, result.out) == (0, "imported 'team/n:1'\n")
    other = Store(tmp_path / "other")
    assert {name.short for name in other.manifests.names()} == {"m:latest", "team/n:1"}
    assert blobs_of(other) == blobs_of(store)


def test_a_model_goes_through_a_pipe(store: Store, tmp_path: Path) -> None:
    program = [sys.executable, "-m", "pyollama"]
    environ = {**os.environ, "OLLAMA_MODELS": str(tmp_path / "other")}
    with subprocess.Popen([*program, "export", "m", "-"], stdout=subprocess.PIPE) as export:
        command = [*program, "import", "-", "n"]
        done = subprocess.run(
            command, stdin=export.stdout, env=environ, capture_output=True, text=True
        )
    assert (export.returncode, done.returncode, done.stdout) == (0, 0, "imported 'n:latest'\n")
    assert blobs_of(Store(tmp_path / "other")) == blobs_of(store)


def test_an_export_whose_reader_leaves_ends_quietly(store: Store) -> None:
    offer(store, "m", os.urandom(5_000_000))
    command = [sys.executable, "-m", "pyollama", "export", "m", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as export:
        assert export.stdout is not None
        assert export.stderr is not None
        export.stdout.read(10)
        export.stdout.close()
        words = export.stderr.read().decode()
    assert export.returncode == 1
    assert all(line.startswith("exporting ") for line in words.splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "m"], "accepts 2 arg(s), received 1"),
        (["export", "none", "x.tar"], "model 'none:latest' not found"),
        (["export", "a//b", "x.tar"], "invalid model name"),
        (["export", "m", "no-such-folder/x.tar"],
         "write no-such-folder/x.tar: no such file or directory"),
        (["export", "m", "."], "write .: is a directory"),
        (["import"], "accepts 1 or 2 arg(s), received 0"),
        (["import", "a", "b", "c"], "accepts 1 or 2 arg(s), received 3"),
        (["import", "none.tar"], "read none.tar: no such file or directory"),
        (["import", "."], "read .: is a directory"),
        (["import", "none.tar", "a//b"], "invalid model name"),
        (["import", "text"], "this is no tar archive, or a damaged one: invalid header"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line(
    run: Any, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    arguments: Sequence[str], words: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("no archive\n" * 100)
    before = blobs_of(store)
    result = run(*arguments)
    assert (result.code, result.out, result.err) == (1, "", f"Error: {words}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models", "text"]
    assert blobs_of(store) == before


def test_a_file_that_is_there_stays_until_the_new_one_is_whole(
    run: Any, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "m.tar"
    path.write_bytes(b"precious")
    store.blob_path(digest_of(CONFIG)).write_bytes(b"damaged" + CONFIG[7:])
    result = run("export", "m", str(path))
    assert result.code == 1
    assert "digest mismatch" in result.err
    assert path.read_bytes() == b"precious"
    assert {found.name for found in tmp_path.iterdir()} == {"m.tar", "models"}
    store.blob_path(digest_of(CONFIG)).write_bytes(CONFIG)
    assert run("export", "m", str(path)).code == 0
    assert tarfile.is_tarfile(path)


def test_a_link_is_followed_and_a_device_is_not_replaced(
    run: Any, store: Store, tmp_path: Path
) -> None:
    link, target = tmp_path / "link.tar", tmp_path / "target.tar"
    link.symlink_to(target)
    assert run("export", "m", str(link)).code == 0
    assert link.is_symlink()
    assert tarfile.is_tarfile(target)
    assert run("export", "m", "/dev/null").code == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="descriptors have no names here")
def test_a_pipe_with_a_name_is_written_to_and_read(
    run: Any, store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(store, "small")
    reading, writing = os.pipe()
    monkeypatch.setenv("OLLAMA_MODELS", str(store.root))
    assert run("export", "small", f"/dev/fd/{writing}").code == 0
    os.close(writing)
    monkeypatch.setenv("OLLAMA_MODELS", str(other.root))
    assert run("import", f"/dev/fd/{reading}").out == "imported 'small:latest'\n"
    os.close(reading)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_one_line_and_leaves_nothing(run: Any, store: Store) -> None:
    result = run("export", "m", "/dev/full")
    assert (result.code, result.err.splitlines()[-1]) == (
        1, "Error: write /dev/full: no space left on device")  # fmt: skip


def test_a_damaged_file_leaves_nothing_in_the_store(
    run: Any, store: Store, tmp_path: Path, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.tar"
    monkeypatch.setenv("OLLAMA_MODELS", str(store.root))
    run("export", "m", str(path))
    monkeypatch.setenv("OLLAMA_MODELS", str(other.root))
    path.write_bytes(path.read_bytes()[:500_000])
    result = run("import", str(path))
    assert result.code == 1
    assert "Error: the archive ends in the middle of 'blobs/sha256/" in result.err
    assert blobs_of(other) == set()
    assert not list(other.manifests.names())


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_import_that_is_told_to_stop_leaves_nothing(
    run: Any, store: Store, tmp_path: Path, other: Store, number: int
) -> None:
    weights = bytes(3_000_000)
    offer(other, "m", weights)
    run("export", "m", str(tmp_path / "m.tar"))
    data = (tmp_path / "m.tar").read_bytes()
    environ = {**os.environ, "OLLAMA_MODELS": str(tmp_path / "third")}
    with subprocess.Popen(
        [sys.executable, "-m", "pyollama", "import", "-"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environ,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(data[:2_000_000])
        process.stdin.flush()
        lines = (process.stderr.readline().decode() for _ in range(2))
        assert f"importing {digest_of(weights)[7:19]}:\n" in list(lines)
        for _ in range(20):  # one that comes between two reads is noticed with the next bytes
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                assert process.wait(0.5) == 130
                break
        else:
            process.kill()
            pytest.fail("the import goes on")
    assert blobs_of(Store(tmp_path / "third")) == set()


def test_a_model_is_not_written_to_a_terminal(store: Store) -> None:
    with pseudo_terminal("export", "m", "-", environ=os.environ) as terminal:
        assert terminal.end() == 1
    assert "Error: a model is not written to a terminal" in terminal.raw


@pytest.mark.parametrize(
    ("command", "line"),
    [("export", "Write a model to a file"), ("import", "Take a model from a file")],
)
def test_the_help_teaches_by_example_and_names_the_variable(
    run: Any, command: str, line: str
) -> None:
    out = run(command, "--help").out
    assert f"\n\nUsage:\n  pyollama {command} " in out
    assert f"\n\nExamples:\n  pyollama {command} llama3.2" in out
    assert "      OLLAMA_MODELS " in out
    assert f"  {command:<11} {line}\n" in run("help").out


@pytest.mark.skipif(shutil.which("tar") is None, reason="there is no tar here")
def test_the_systems_tar_reads_the_file_and_its_own_is_read(
    run: Any, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("export", "m", str(tmp_path / "m.tar"))
    folder = tmp_path / "folder"
    folder.mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "m.tar", "-C", folder], check=True)
    assert json.loads((folder / "oci-layout").read_bytes())
    subprocess.run(["tar", "-cf", tmp_path / "again.tar", "-C", folder, "."], check=True)
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "other"))
    assert run("import", str(tmp_path / "again.tar")).out == "imported 'm:latest'\n"


@pytest.mark.slow
def test_a_server_lets_others_pull_if_it_is_told_to(store: Store) -> None:
    with live_server(store.root, None, "--registry") as server:
        connection = http.client.HTTPConnection(server.host, timeout=10)
        connection.request("GET", "/v2/library/m/manifests/latest")
        assert connection.getresponse().read() == store.manifests.read_bytes(parse_name("m"))
        connection.close()
    assert "other machines can pull" in (store.root.parent / "server.log").read_text()


@pytest.mark.parametrize("module", ["export", "import_"])
def test_the_help_and_a_mistake_wait_for_nothing_heavy(module: str) -> None:
    program = f"import sys, pyollama.cli.main, pyollama.cli.{module}; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "numba", "httpx2", "tarfile"} & set(modules)
