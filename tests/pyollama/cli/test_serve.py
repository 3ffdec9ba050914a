"""What serve does before it serves: the user's key."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pyollama.cli.serve import make_key
from pyollama.store.registry.key_file import key_path


def test_a_key_that_is_missing_is_made_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    make_key()
    path = tmp_path / ".ollama" / "id_ed25519"
    public = path.with_name("id_ed25519.pub").read_text()
    assert capsys.readouterr().out == (
        f"Couldn't find '{path}'. Generating new private key.\n"
        f"Your new public key is: \n\n{public}\n"
    )
    assert public.startswith("ssh-ed25519 ")
    assert path.read_bytes().startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    make_key()
    assert (capsys.readouterr().out, path.read_bytes()) == ("", before)


def test_a_home_that_cannot_be_written_does_not_keep_from_serving(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "home").write_text("a file, where a folder should be")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    make_key()
    assert "there is no key for registries that want one" in caplog.text
    assert "public key" not in capsys.readouterr().out
    assert not key_path().exists()


def test_a_key_that_is_there_costs_no_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    make_key()
    code = "import sys; from pyollama.cli.serve import make_key; make_key();"
    code += "print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
