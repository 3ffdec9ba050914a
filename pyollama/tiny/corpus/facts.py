"""Short answers about everyday things and about this project, from the table in facts.txt."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random

from pyollama.tiny.corpus.example import Example, answer, user
from pyollama.tiny.corpus.phrasing import ask
from pyollama.tiny.corpus.words import Words

__all__ = ["Fact", "fact_example", "facts", "thought_about"]


@dataclass(frozen=True)
class Fact:
    """One line of the table."""

    topic: str
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    keys: tuple[str, ...]  # words of which an answer on topic has at least one


@cache
def facts() -> tuple[Fact, ...]:
    """The whole table, in its own order."""
    text = (files("pyollama.tiny.corpus") / "facts.txt").read_text("utf-8")
    rows = [line.split(" | ") for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(
        Fact(topic, tuple(asked.split(" / ")), tuple(answered.split(" / ")), tuple(keys.split()))
        for topic, asked, answered, keys in rows
    )


def thought_about(topic: str, rng: Random) -> str:
    """What the model shall think before it answers a question about the topic."""
    forms = (
        f"The user asks about {topic}. I know this and answer briefly.",
        f"This is about {topic}. A short answer is best.",
        f"The question is about {topic}. I should answer in one sentence.",
    )
    return rng.choice(forms)


def fact_example(rng: Random, words: Words, *, thinking: bool) -> Example:
    """A question out of the table, and its answer."""
    fact = rng.choice(facts())
    question = ask(rng.choice(fact.questions), rng, held_out=words.held_out)
    thought = thought_about(fact.topic, rng) if thinking else ""
    said = answer(rng.choice(fact.answers), thought)
    return Example("facts", [user(question), said], keys=fact.keys)
