"""JSON objects on request: the fields and their values stand in the prompt."""

import json
from random import Random
from typing import Any

from pyollama.tiny.corpus.example import Example, answer, user
from pyollama.tiny.corpus.words import CITIES, COLOURS, FRUITS, NAMES, THINGS, Words

__all__ = ["object_example"]


def _fields(rng: Random, words: Words) -> dict[str, Any]:
    """One to three fields, everyday or invented, with values that can only be copied."""
    makers: dict[str, Any] = {
        "name": rng.choice(NAMES) if rng.random() < 0.5 else words.name(),
        "city": rng.choice(CITIES) if rng.random() < 0.5 else words.name(),
        "age": rng.randrange(1, 100),
        "colour": rng.choice(COLOURS),
        "fruit": rng.choice(FRUITS),
        "item": rng.choice(THINGS),
        "count": rng.randrange(100),
        "title": f"{words.word()} {words.word()}",
        words.word(): words.word(),
    }
    keys = rng.sample(sorted(makers), rng.choice((1, 2, 2, 3)))
    return {key: makers[key] for key in keys}


def _request(fields: dict[str, Any], rng: Random) -> str:
    given = " and ".join(f"{key} {value}" for key, value in fields.items())
    listed = ", ".join(f"{key}: {value}" for key, value in fields.items())
    forms = (
        f"Give me a JSON object with {given}.",
        f"Write a JSON object with {given}.",
        f"As JSON: {listed}",
        f"Write this as JSON: {listed}.",
        f"Make JSON of {given}.",
        f"JSON with {given}, please.",
    )
    return rng.choice(forms)


def object_example(rng: Random, words: Words, *, thinking: bool) -> Example:
    """A request for JSON and the object."""
    if rng.random() < 0.12:
        three = [words.word() for _ in range(3)]
        request, value = f"Write {', '.join(three)} as a JSON list.", json.dumps(three)
    else:
        fields = _fields(rng, words)
        request, value = _request(fields, rng), json.dumps(fields)
    thought = "The user wants JSON. I copy the fields." if thinking else ""
    return Example("objects", [user(request), answer(value, thought)])
