"""The README keeps its promises: the two set-up lines, and a file tree whose every path exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SETUP = (
    "python3 -m venv .venv && .venv/bin/pip install . "
    '&& .venv/bin/pyollama run tiny "Why is the sky blue?"',
    "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/python -m pytest",
)


def tree() -> list[str]:
    """The paths of the block under "The house", from the root.

    A line is a path and what it is; one indented by four lies in the folder above it.
    """
    section = re.search(r"^## The house$(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    block = re.search(r"^```text\n(.*?)^```$", section[1] if section else "", re.M | re.S)
    folders: list[str] = []
    paths = []
    for line in block[1].splitlines() if block else []:
        depth = (len(line) - len(line.lstrip())) // 4
        folders[depth:] = [line.split()[0]]
        paths.append("".join(folders))
    return paths


def test_both_set_up_lines_are_there_word_for_word() -> None:
    lines = [line.strip() for line in README.splitlines()]
    for command in SETUP:
        assert command in lines, command


def test_every_path_of_the_file_tree_exists() -> None:
    paths = tree()
    assert len(paths) >= 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_file_tree_names_every_room_of_the_house() -> None:
    named = {path.split("/")[0] for path in tree()}
    assert named >= {"pyollama", "tensor", "formats", "http", "tests", "conformance", "benchmarks"}


def test_every_file_that_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []
