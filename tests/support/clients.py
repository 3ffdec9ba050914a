"""Client packages that tests drive, each installed in an environment of its own.

The folder PYOLLAMA_CLIENTS (by default ``.clients`` in the project) holds one folder per client:
for Python a virtual environment, for Node a package folder with ``node_modules``. The checks fill
it from ``tests/clients/requirements``; a bare machine has none.

A client is driven by a script of ``tests/clients/scripts``, which makes calls and prints what each
gave: {"name": {"gave": value}} or {"name": {"failed": traceback}} on its last line.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "tests" / "clients" / "scripts"
LONGEST = 240  # seconds that a script may take


@dataclass(frozen=True)
class Seen:
    """What the calls of a script gave, by their names."""

    calls: Mapping[str, Mapping[str, Any]]

    def __getitem__(self, name: str) -> Any:
        """What a call gave; AssertionError, with the client's own traceback, if it failed."""
        call = self.calls[name]
        assert "failed" not in call, f"{name} failed in the client:\n{call['failed']}"
        return call["gave"]


def clients_folder() -> Path:
    """Where client environments are."""
    return Path(os.environ.get("PYOLLAMA_CLIENTS", ROOT / ".clients"))


def node_package(name: str) -> Path:
    """The folder of a Node client; skips the test where Node or the package is missing."""
    if shutil.which("node") is None:
        pytest.skip("needs Node")
    folder = clients_folder() / name
    if not (folder / "node_modules").is_dir():
        pytest.skip(f"needs the Node package {name}, installed in {folder.name}")
    return folder


def environment(name: str) -> Path:
    """The folder of a Python client; skips the test where it is missing."""
    folder = clients_folder() / name
    if not (folder / "bin" / "python").exists():
        pytest.skip(f"needs the client {name}, installed in {folder.name}")
    return folder


def run_node(name: str, script: str, *arguments: str) -> Seen:
    """What a script sees with the packages of a Node client."""
    # As text, since Node would look for packages beside the file.
    text = (SCRIPTS / script).read_text("utf-8")
    command = ["node", "--input-type=module", "-e", text, *arguments]
    return _seen(_output(command, node_package(name), {}))


def run_python(name: str, script: str, *arguments: str, **variables: str) -> Seen:
    """What a script sees with the packages of a Python client."""
    return _seen(output_of(name, script, *arguments, **variables))


def output_of(name: str, script: str, *arguments: str, **variables: str) -> str:
    """What a script prints with the packages of a Python client, which are compiled only once."""
    folder = environment(name)
    command = [str(folder / "bin" / "python"), str(SCRIPTS / script), *arguments]
    return _output(command, folder, {"PYTHONDONTWRITEBYTECODE": "", **variables})


def _seen(output: str) -> Seen:
    return Seen(json.loads(output.rstrip().rpartition("\n")[2]))


def _output(command: list[str], folder: Path, variables: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=LONGEST, check=False,
        env={**os.environ, **variables},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
