"""Chat templates that are recognised: a model that speaks a known format gets its Go template.

A GGUF brings its chat template in Jinja. Ollama compares it with 37 that the first checkpoints of
each format have published, and gives a model that is nearer than 100 characters to one of them a
template layer of its own and the parameters that go with it. Whether prompts are made by that
layer or by the chat template is settled when the model is run, by what each of them can do.

The short ones are in `known_templates.json` as texts, to which other texts may be near. The long
ones, and those of few models, are there by length and hash, and are known to the letter alone.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from pyollama.store.create.assembly import Assembly, Part
from pyollama.store.create.levenshtein import levenshtein
from pyollama.store.create.named import NAMED

__all__ = ["add_known_templates", "recognised"]

NEAR = 100  # a text that takes fewer changes than this is taken for the known one


class Known(NamedTuple):
    """Texts with the names of their formats, and names by length and first digits of SHA-256."""

    texts: list[tuple[str, str]]
    fingerprints: dict[tuple[int, str], str]


@lru_cache(maxsize=1)
def known() -> Known:
    """The chat templates that are recognised."""
    data = json.loads(resources.files(__package__).joinpath("known_templates.json").read_bytes())
    texts = [(entry["text"], entry["name"]) for entry in data["texts"]]
    prints = {(one["length"], one["sha256"]): one["name"] for one in data["fingerprints"]}
    return Known(texts, prints)


def add_known_templates(new: Assembly, parts: Sequence[Part]) -> None:
    """Add a template layer for each of these files that has a known chat template."""
    for part in parts:
        name = recognised(part.facts.chat_template) if part.facts is not None else None
        if name is None:
            continue
        named = NAMED[name]
        status = f"using autodetected template {name}"
        new.parts.append(new.add_blob("template", named.template.encode(), status))
        new.parameters = named.parameters | new.parameters


def recognised(text: str) -> str | None:
    """The name of the nearest known chat template, None if no one is near."""
    digits = hashlib.sha256(text.encode()).hexdigest()[:8]
    name = known().fingerprints.get((len(text), digits))
    if name is not None:
        return name
    near = [one for one in known().texts if abs(len(one[0]) - len(text)) < NEAR]
    distances = [(levenshtein(text, known_text), name) for known_text, name in near]
    distance, name = min(distances, key=lambda pair: pair[0], default=(NEAR, ""))
    return name if distance < NEAR else None
