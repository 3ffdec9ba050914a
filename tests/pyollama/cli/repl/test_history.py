"""The history file: a hundred lines, of nobody else's business, shared by sessions."""

from pathlib import Path

import pytest

from pyollama.cli.repl.history import HistoryFile, default_path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".ollama" / "history"


def test_it_lies_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OLLAMA_MODELS", "/elsewhere")
    assert default_path() == tmp_path / ".ollama" / "history"


def test_entries_are_lines_that_only_the_user_can_read(path: Path) -> None:
    HistoryFile(path).add("one")
    HistoryFile(path).add("two\nthree")
    assert path.read_text() == "one\ntwo\nthree\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["history"]
    assert HistoryFile(path).entries() == ["one", "two", "three"]


def test_the_last_hundred_are_kept(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("".join(f"{i}\n" for i in range(150)))
    assert HistoryFile(path).entries() == [str(i) for i in range(50, 150)]
    HistoryFile(path).add("last")
    assert path.read_text().splitlines() == [str(i) for i in range(51, 150)] + ["last"]


def test_what_is_not_saved_leaves_the_file_as_it_was(path: Path) -> None:
    HistoryFile(path).add("one")
    HistoryFile(path, saves=False).add("two")
    assert path.read_text() == "one\n"


def test_bytes_that_are_no_text_survive(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"caf\xe9\n")
    HistoryFile(path).add("x")
    assert path.read_bytes() == b"caf\xe9\nx\n"


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    history = HistoryFile(tmp_path / "file" / "history")
    history.add("lost")
    assert history.entries() == []
