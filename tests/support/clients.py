"""Client packages that tests drive, each installed in an environment of its own.

The folder PYOLLAMA_CLIENTS (by default ``.clients`` in the project) holds one folder per client:
for Node, a package folder with ``node_modules``. The checks fill it; a bare machine has none.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def clients_folder() -> Path:
    """Where client environments are."""
    return Path(os.environ.get("PYOLLAMA_CLIENTS", ROOT / ".clients"))


def node_package(name: str) -> str:
    """The folder of a Node client; skips the test where Node or the package is missing."""
    if shutil.which("node") is None:
        pytest.skip("needs Node")
    folder = clients_folder() / name
    if not (folder / "node_modules").is_dir():
        pytest.skip(f"needs the Node package {name}, installed in {folder.name}")
    return str(folder)


def run_node(folder: str, script: str, *arguments: str) -> str:
    """Run an ES module with the packages of a folder; what it prints."""
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script, *arguments],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
