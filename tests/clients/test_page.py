"""The page about clients tells the versions that are installed."""

import json
import re

from clients import ROOT

PAGE = (ROOT / "docs" / "clients.md").read_text("utf-8")
WANTED = ROOT / "tests" / "clients" / "requirements"
ROWS = re.findall(r"^\| (.*?`.*?) \| ([\d., ]+) \|", PAGE, re.MULTILINE)


def pinned() -> set[tuple[str, str]]:
    """The name and version of each package that is asked for."""
    texts = [file.read_text("utf-8") for file in WANTED.glob("*.txt")]
    found = re.findall(r"^([\w-]+)(?:\[\w+\])?==(\S+)", "\n".join(texts), re.MULTILINE)
    for file in WANTED.glob("*/package.json"):
        found += json.loads(file.read_text("utf-8"))["dependencies"].items()
    return set(found)


def test_every_row_has_the_versions_of_its_packages() -> None:
    assert len(ROWS) >= 7
    for names, versions in ROWS:
        packages = re.findall(r"`([^`]+)`", names)
        assert set(zip(packages, versions.split(", "), strict=True)) <= pinned(), names
