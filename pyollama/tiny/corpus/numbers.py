"""Small sums, counting and comparing."""

from collections.abc import Callable
from random import Random

from pyollama.tiny.corpus.example import Example, answer, user
from pyollama.tiny.corpus.facts import thought_about
from pyollama.tiny.corpus.phrasing import ask
from pyollama.tiny.corpus.words import Words

__all__ = ["number_example"]


def _plus(rng: Random) -> tuple[str, str, str]:
    a, b = rng.randrange(13), rng.randrange(13)
    question = rng.choice((f"what is {a} plus {b}", f"what is {a} + {b}", f"{a} + {b}"))
    return question, f"{a} plus {b} is {a + b}.", str(a + b)


def _minus(rng: Random) -> tuple[str, str, str]:
    a, b = sorted((rng.randrange(13), rng.randrange(13)), reverse=True)
    question = rng.choice((f"what is {a} minus {b}", f"what is {a} - {b}", f"{a} - {b}"))
    return question, f"{a} minus {b} is {a - b}.", str(a - b)


def _times(rng: Random) -> tuple[str, str, str]:
    a, b = rng.randrange(11), rng.randrange(11)
    question = rng.choice((f"what is {a} times {b}", f"what is {a} * {b}", f"{a} times {b}"))
    return question, f"{a} times {b} is {a * b}.", str(a * b)


def _after(rng: Random) -> tuple[str, str, str]:
    a = rng.randrange(100)
    return f"what comes after {a}", f"{a + 1} comes after {a}.", str(a + 1)


def _count(rng: Random) -> tuple[str, str, str]:
    first = rng.randrange(1, 6)
    last = first + rng.randrange(2, 8)
    numbers = ", ".join(str(n) for n in range(first, last + 1))
    return f"count from {first} to {last}", f"{numbers}.", str(last)


def _larger(rng: Random) -> tuple[str, str, str]:
    a, b = rng.sample(range(100), 2)
    question = rng.choice((f"which is larger, {a} or {b}", f"what is more, {a} or {b}"))
    return question, f"{max(a, b)} is larger than {min(a, b)}.", str(max(a, b))


def _even(rng: Random) -> tuple[str, str, str]:
    a = rng.randrange(100)
    word = "odd" if a % 2 else "even"
    return f"is {a} even or odd", f"{a} is {word}.", word


_SOURCES: tuple[Callable[[Random], tuple[str, str, str]], ...] = (
    _plus,
    _plus,
    _minus,
    _times,
    _after,
    _count,
    _larger,
    _even,
)


def number_example(rng: Random, words: Words, *, thinking: bool) -> Example:
    """A question about small numbers, and its answer."""
    question, reply, key = rng.choice(_SOURCES)(rng)
    thought = thought_about("numbers", rng) if thinking else ""
    text = ask(question, rng, held_out=words.held_out)
    return Example("numbers", [user(text), answer(reply, thought)], keys=(key,))
