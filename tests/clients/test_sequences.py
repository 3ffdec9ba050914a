"""What editors and agents send that cannot be installed here, replayed from what is known of it."""

import copy
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sequences import FOLDER, Player, load
from stocked_server import Ollama, post

FILES = sorted(FOLDER.glob("*.json"))
GREEDY = {"top_k": 1, "seed": 1, "num_predict": 200}


@pytest.fixture(scope="module")
def url(ollama: Ollama) -> str:
    """The server, with a model that is tiny and says the same each time."""
    with httpx2.Client(base_url=ollama.url, timeout=120) as client:
        post(client, "/api/create", model="coder", **{"from": "tiny"}, parameters=GREEDY)
    return ollama.url


def test_the_programs_are_these() -> None:
    names = ["claude_code", "codex", "continue", "open_webui", "vscode_copilot"]
    assert [path.stem for path in FILES] == names


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_program_gets_what_it_waits_for(url: str, path: Path) -> None:
    wrong = [(about, problems) for about, problems in Player(url, load(path)).play() if problems]
    assert wrong == []


@pytest.mark.slow
def test_an_answer_that_is_not_as_it_must_be_is_noticed(url: str) -> None:
    sequence: Any = copy.deepcopy(load(FOLDER / "codex.json"))
    sequence["steps"] = [step for step in sequence["steps"] if "catalog" in step["about"]]
    sequence["steps"][0]["response"]["body"]["required"].append("models")
    ((_, problems),) = Player(url, sequence).play()
    (problem,) = problems
    assert "models" in problem
