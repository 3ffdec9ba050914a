"""What the checks say of a test that needs something that is not installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MARKED = """
import pytest

@pytest.mark.{marker}
def test_one():
    {body}
"""
MODULE = "import pytest; pytest.importorskip('no_such_package', reason='needs no_such_package')"
IMPORT = "pytest.importorskip('no_such_package', reason='needs no_such_package')"


def run(folder: Path, source: str, *, strict: bool) -> str:
    """The last line of a pytest run of one file under this project's conftest."""
    shutil.copy(Path(__file__).with_name("conftest.py"), folder)
    (folder / "test_it.py").write_text(source)
    environ = {key: value for key, value in os.environ.items() if key != "PYOLLAMA_REQUIRE_ALL"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore"]
    done = subprocess.run(
        [*command, "-c", os.devnull, "--rootdir", str(folder), "test_it.py"],
        cwd=folder, env=environ | ({"PYOLLAMA_REQUIRE_ALL": "1"} if strict else {}),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.stdout.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("marker", ["client", "oracle", "train"])
def test_a_marked_test_that_lacks_its_package_fails_in_the_checks(
    tmp_path: Path, marker: str
) -> None:
    source = MARKED.format(marker=marker, body=IMPORT)
    assert run(tmp_path, source, strict=False).startswith("1 skipped")
    assert run(tmp_path, source, strict=True).startswith("1 failed")


@pytest.mark.slow
def test_a_module_that_lacks_its_package_fails_in_the_checks(tmp_path: Path) -> None:
    assert run(tmp_path, MODULE, strict=False).startswith("1 skipped")
    assert run(tmp_path, MODULE, strict=True).startswith("1 error")


@pytest.mark.slow
def test_what_this_machine_cannot_do_may_be_skipped_even_there(tmp_path: Path) -> None:
    source = MARKED.format(marker="slow", body="pytest.skip('no such processor')")
    assert run(tmp_path, source, strict=True).startswith("1 skipped")
