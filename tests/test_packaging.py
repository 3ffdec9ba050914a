"""A wheel works away from the checkout; sdist and editable install hold the same."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "pyollama",
    "pyollama_formats",
    "pyollama_tensor",
    "pyollama_http",
    "pyollama_conformance",
)
CONTAINERS = ("formats", "tensor", "http", "conformance")
pytestmark = pytest.mark.slow


def call(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a command prints on stdout; fails with all that it printed."""
    dropped = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def pip(*arguments: str | Path, cwd: Path, python: str | Path = sys.executable) -> None:
    call(python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments, cwd=cwd)


def new_venv(folder: Path) -> Path:
    """A fresh environment; the path of its interpreter."""
    venv.create(folder, with_pip=True)
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout in an environment of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the wheel and its dependencies."""
    folder = tmp_path_factory.mktemp("installed")
    python = new_venv(folder / "venv")
    pip("install", wheel, cwd=folder, python=python)
    return python


@pytest.fixture
def home(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Variables for a person who never ran the program."""
    yield {"HOME": str(tmp_path), "OLLAMA_MODELS": str(tmp_path / "models"), "TERM": "dumb"}


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_the_five_packages_and_nothing_else(wheel: Path) -> None:
    assert {name.split("/")[0] for name in names(wheel)} == set(PACKAGES)


def test_the_wheel_says_that_it_is_typed_and_holds_the_data(wheel: Path) -> None:
    held = names(wheel)
    assert {f"{package}/py.typed" for package in PACKAGES} <= held
    assert "pyollama/tiny/tiny.gguf" in held
    assert "pyollama_conformance/cases/root.json" in held
    assert "pyollama_conformance/case.schema.json" in held


def test_every_tracked_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing says which files belong to the project")
    tracked = [path.split("/") for path in call("git", "ls-files", cwd=ROOT).splitlines()]
    whole = {"/".join(parts) for parts in tracked if parts[0] == "pyollama"}
    contained = {"/".join(parts[1:]) for parts in tracked if parts[0] in CONTAINERS}
    shipped = whole | {path for path in contained if path.startswith("pyollama_")}
    assert len(shipped) > 50
    assert shipped - names(wheel) == set()


def test_tiny_answers_from_a_wheel_away_from_the_checkout(
    installed: Path, home: dict[str, str], tmp_path: Path
) -> None:
    program = installed.with_name("pyollama")
    answer = call(program, "run", "tiny", "Why is the sky blue?", cwd=tmp_path, **home)
    assert any(word in answer.lower() for word in ("sky", "blue", "light")), answer
    assert len(answer.split()) >= 5


def test_the_program_and_the_module_tell_the_same_version(
    installed: Path, home: dict[str, str], tmp_path: Path
) -> None:
    program = call(installed.with_name("pyollama"), "--version", cwd=tmp_path, **home)
    assert program == call(installed, "-m", "pyollama", "--version", cwd=tmp_path, **home)
    assert "version" in program


def test_an_installed_wheel_lists_its_conformance_cases(installed: Path, tmp_path: Path) -> None:
    listed = call(installed, "-m", "pyollama_conformance", "--list", cwd=tmp_path)
    assert len(listed.splitlines()) >= 30


def test_the_sdist_gives_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    backend = tmp_path / "backend"
    pip("install", "--target", backend, "hatchling", cwd=tmp_path)
    build = f"import hatchling.build; hatchling.build.build_sdist({str(tmp_path)!r})"
    call(sys.executable, "-c", build, cwd=ROOT, PYTHONPATH=str(backend))
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        assert any(name.endswith("/tests/test_packaging.py") for name in archive.getnames())
    pip("wheel", "--no-deps", "--wheel-dir", tmp_path, sdist, cwd=tmp_path)
    (again,) = tmp_path.glob("*.whl")
    assert names(again) == names(wheel)


def test_an_editable_install_finds_the_five_packages(tmp_path: Path) -> None:
    python = new_venv(tmp_path / "venv")
    pip("install", "--no-deps", "--editable", ROOT, cwd=tmp_path, python=python)
    find = (
        f"from importlib.util import find_spec\nfor n in {PACKAGES!r}: print(find_spec(n).origin)"
    )
    origins = call(python, "-c", find, cwd=tmp_path).splitlines()
    assert len(origins) == len(PACKAGES)
    assert all(ROOT in Path(origin).parents for origin in origins)
