"""Cases: what a server is asked, and what it must answer; ``cases/*.json``, a list per topic.

    {"description": "deleting a model that is not installed",
     "spec": "ollama docs/api.md#delete-a-model", "basis": "documented status, observed message",
     "steps": [{"request": {"method": "DELETE", "path": "/api/delete", "json": {"model": "x"}},
                "response": {"status": 404, "body": {"const": {"error": "model 'x' not found"}}}}]}

A request has one of ``json``, ``text``, ``hex``, ``file`` (a fixture's name) or ``repeated`` as its
body; the last is a list of texts, each with how many ``times`` it stands there. In all strings
``${name}`` stands for a fixture's value. With ``leave_after`` the client hangs up after so many
lines of the answer; ``"at": "registry"`` asks the suite's own registry, which a case may look into
so. ``case.schema.json`` describes the rest.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from pyollama_conformance.schema import Schema, problems

PACKAGE = files("pyollama_conformance")


class CaseError(ValueError):
    """A case file is not what case.schema.json says."""


@dataclass(frozen=True)
class Step:
    """One request and what is wanted; asked again for at most `within` seconds until it is so.

    at_once: so many clients ask it at the same time, and each must get the answer.
    """

    request: Mapping[str, Any]
    response: Mapping[str, Any]
    within: float = 0.0
    at_once: int = 1


@dataclass(frozen=True)
class Case:
    """One behaviour: its name is the topic's file and the description."""

    topic: str
    description: str
    spec: str
    basis: str
    steps: tuple[Step, ...]
    needs: tuple[str, ...] = ()
    disabled: str = ""

    @property
    def name(self) -> str:
        """What filters and lists of known failures call this case."""
        return f"{self.topic}/{self.description}"


def load_cases() -> list[Case]:
    """Every case that the package holds, topics in alphabetical order."""
    folder = PACKAGE / "cases"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json"))
    return [case for name in names for case in parse(name[:-5], (folder / name).read_text("utf-8"))]


def load_json(name: str) -> Any:
    """A JSON file that lies beside this module."""
    return json.loads((PACKAGE / name).read_text("utf-8"))


def parse(topic: str, text: str) -> Iterator[Case]:
    """The cases of one file; CaseError says what is wrong with it."""
    rows = json.loads(text)
    if wrong := problems(rows, load_json("case.schema.json")):
        raise CaseError(f"{topic}.json: {wrong[0]}")
    for row in rows:
        steps = tuple(Step(**step) for step in row["steps"])
        needs = tuple(row.get("needs", ()))
        yield Case(topic, **{**row, "steps": steps, "needs": needs})


def definitions() -> Schema:
    """The named schemas that bodies may refer to as ``#/$defs/name``."""
    schema: Schema = load_json("definitions.json")
    return schema


def fill(value: Any, values: Mapping[str, str]) -> Any:
    """The same JSON value, with every ``${name}`` inside its strings and keys replaced."""
    if isinstance(value, str):
        return re.sub(r"\$\{([a-z_]+)\}", lambda match: values[match[1]], value)
    if isinstance(value, list):
        return [fill(item, values) for item in value]
    if isinstance(value, dict):
        return {fill(key, values): fill(item, values) for key, item in value.items()}
    return value
