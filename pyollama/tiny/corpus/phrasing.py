"""The many ways to put one question, and the held-out ones among them."""

import re
from random import Random

from pyollama.tiny.corpus.words import NAMES, is_held_out, listed

__all__ = ["articles", "ask", "sentence"]

_BEFORE = (
    "please tell me, ",
    "can you tell me, ",
    "could you tell me, ",
    "I have a question: ",
    "quick question: ",
    "tiny, ",
    "hey, ",
    "hi, ",
    "hello! ",
    "do you know, ",
    "I want to know, ",
    "tell me, ",
    "one more thing: ",
    "my child asks: ",
    "so, ",
    "okay, ",
)
_AFTER = (", please", ", thanks", " exactly", ", tiny", " in one sentence", " in short")
_QUESTION_STARTS = listed(
    "what why how who which where when is are do can does will should did were at in"
)


def sentence(text: str) -> str:
    """The text with its first letter made a capital."""
    return text[:1].upper() + text[1:]


def articles(text: str) -> str:
    """The text with "an" for "a" where a vowel follows."""
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)


def _mark(question: str, rng: Random) -> str:
    """The question with its mark, a full stop for an order, or carelessly nothing."""
    is_question = question.split()[0].lower().strip(",") in _QUESTION_STARTS
    return question + ("?" if is_question else rng.choice((".", "!", ""))) * (rng.random() < 0.85)


def ask(question: str, rng: Random, *, held_out: bool = False) -> str:
    """One phrasing of a question.

    The plain question always belongs to training; of the dressed ones those whose checksum says so
    are held out, so that a held-out question is one that was never trained in these words.
    """
    question = articles(question)
    if not held_out and rng.random() < 0.5:
        plain = _mark(question, rng)
        return sentence(plain) if rng.random() < 0.75 else plain
    while True:
        before = rng.choice((*_BEFORE, "", f"{rng.choice(NAMES)} asks: "))
        after = rng.choice(_AFTER) if rng.random() < 0.35 else ""
        text = before + _mark(question + after, rng)
        dressed = bool(before or after)
        if is_held_out(text) == held_out and (dressed or not held_out):
            return sentence(text) if rng.random() < 0.75 else text
