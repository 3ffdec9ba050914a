"""What FROM, ADAPTER and DRAFT name, and the names under which files are sent."""

import os
import re
from pathlib import Path

import pytest

from pyollama.cli.errors import CommandError
from pyollama.cli.sources import expanded, keyed, local_files, named_files

pwd = pytest.importorskip("pwd", reason="users can be looked up on POSIX systems only")


def test_a_path_is_read_from_the_modelfiles_folder_and_wins_over_a_model(tmp_path: Path) -> None:
    (tmp_path / "llama3.2").write_bytes(b"GGUF\x00")
    assert local_files("llama3.2", tmp_path) == [tmp_path / "llama3.2"]
    assert local_files("llama3.1", tmp_path) == []


@pytest.mark.parametrize("source", ["", ".", "../m"])
def test_a_folder_stands_for_its_files(tmp_path: Path, source: str) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "w.gguf").write_bytes(b"GGUF\x00")
    (path,) = local_files(source, folder)
    assert path.resolve() == folder / "w.gguf"


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/h")
    assert [expanded(text) for text in ("~", "~/m", "m/~", "./~")] == ["/h", "/h/m", "m/~", "./~"]
    me = pwd.getpwuid(os.getuid())
    assert expanded(f"~{me.pw_name}/m") == f"{me.pw_dir}/m"


def test_a_user_who_is_unknown_is_named() -> None:
    words = "failed to find user 'no-such-user': unknown user no-such-user"
    with pytest.raises(CommandError, match=words):
        expanded("~no-such-user/m")


def test_no_home_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(CommandError, match="failed to get current user: Could not determine"):
        expanded("~/m")


def test_a_file_that_must_exist_is_named_where_it_was_looked_for(tmp_path: Path) -> None:
    words = f"stat {tmp_path}/none: no such file or directory"
    with pytest.raises(CommandError, match=re.escape(words)):
        named_files("none", tmp_path)


@pytest.mark.parametrize(
    ("files", "keys"),
    [
        (["/a/m.gguf"], ["m.gguf"]),
        (["/a/m.gguf", "/a/config.json"], ["m.gguf", "config.json"]),
        (["/a/x/m.gguf", "/a/y/m.gguf"], ["x/m.gguf", "y/m.gguf"]),
        (["/a/m.gguf", "/a/sub/config.json"], ["m.gguf", "sub/config.json"]),
        (["/a/b/../m.gguf"], ["m.gguf"]),
    ],
)
def test_files_are_called_by_their_way_from_the_folder_above_all(
    files: list[str], keys: list[str]
) -> None:
    assert [key for key, _ in keyed([Path(file) for file in files])] == keys
