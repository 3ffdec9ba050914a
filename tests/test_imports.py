"""What an import costs, and what it must not shadow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTAINERS = ("http", "tensor", "formats", "conformance")
PACKAGES = (
    "pyollama",
    "formats/pyollama_formats",
    "tensor/pyollama_tensor",
    "http/pyollama_http",
    "conformance/pyollama_conformance",
)

# A module that is None in sys.modules cannot be imported: ImportError.
WITHOUT_NUMBA_AND_GGUF = """
import sys
for name in ("numba", "llvmlite", "gguf"):
    sys.modules[name] = None
"""

LIST = """
import http.server, os, threading

class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer(b"")
    def do_GET(self):
        self.answer(b'{"models":[]}')
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["OLLAMA_HOST"] = f"127.0.0.1:{server.server_port}"
from pyollama.cli.main import cli
cli.main(["list"], prog_name="pyollama")
"""

SERVE = """
import socket, threading, time, urllib.request
import uvicorn

config = uvicorn.Config("pyollama_http.app:from_environment", factory=True, log_level="error")
server = uvicorn.Server(config)
listener = socket.create_server(("127.0.0.1", 0))
thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
thread.start()
while thread.is_alive() and not server.started:
    time.sleep(0.01)
url = f"http://127.0.0.1:{listener.getsockname()[1]}/api/version"
print(urllib.request.urlopen(url).read().decode())
server.should_exit = True
thread.join()
"""


def run(code: str, tmp_path: Path, **environment: str) -> str:
    """What the code prints, run by a fresh interpreter in the root folder, warnings as errors."""
    variables = {"HOME": str(tmp_path), "OLLAMA_MODELS": str(tmp_path / "models"), **environment}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_name_http_is_the_standard_librarys(tmp_path: Path) -> None:
    where = run("import http.client, pyollama_http; print(http.client.__file__)", tmp_path)
    assert ROOT not in Path(where.strip()).parents or "site-packages" in where


@pytest.mark.parametrize("folder", CONTAINERS)
def test_a_container_is_no_package(folder: str) -> None:
    assert not (ROOT / folder / "__init__.py").exists()


def test_the_tests_are_no_packages() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


@pytest.mark.slow
def test_list_needs_neither_numba_nor_gguf(tmp_path: Path) -> None:
    assert run(WITHOUT_NUMBA_AND_GGUF + LIST, tmp_path).startswith("NAME")


@pytest.mark.slow
def test_a_server_that_tells_its_version_needs_neither_numba_nor_gguf(tmp_path: Path) -> None:
    assert '{"version":"' in run(WITHOUT_NUMBA_AND_GGUF + SERVE, tmp_path)


@pytest.mark.slow
def test_importing_the_command_line_imports_neither_numba_nor_gguf(tmp_path: Path) -> None:
    code = "import sys, pyollama.cli.main; print({'numba', 'gguf'} & sys.modules.keys())"
    assert run(code, tmp_path).strip() == "set()"
