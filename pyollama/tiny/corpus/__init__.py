"""The text that `tiny` learns from: a seeded generator of short conversations.

Everything here was written for this project: a table of facts, small tables of lists, grammars
for stories, and exercises in copying, JSON and tool calls, whose words are mostly invented, so
that the model must learn to copy instead of to remember. The held-out part differs by
construction: invented words and dressed-up questions belong to it by their checksum
(`words.is_held_out`), and training never sees them.
"""

from collections.abc import Iterator
from random import Random
from typing import Any, Protocol

from pyollama.tiny.corpus.copying import copying_example, memory_example
from pyollama.tiny.corpus.example import Example, answer, user
from pyollama.tiny.corpus.facts import fact_example, thought_about
from pyollama.tiny.corpus.lists import list_example, list_follow_up_example
from pyollama.tiny.corpus.numbers import number_example
from pyollama.tiny.corpus.objects import object_example
from pyollama.tiny.corpus.stories import story_example
from pyollama.tiny.corpus.tools import tool_example, tool_result_example, unneeded_tool_example
from pyollama.tiny.corpus.words import Words

__all__ = ["FAMILIES", "Example", "examples"]


class Family(Protocol):
    """What makes one example of a family."""

    def __call__(self, rng: Random, words: Words, *, thinking: bool) -> Example:
        """One example; thinking: the assistant's last message shall hold a thought."""


def conversation_example(rng: Random, words: Words, *, thinking: bool) -> Example:
    """Two questions after each other, or a question about what was asked before."""
    first = fact_example(rng, words, thinking=False).messages
    if rng.random() < 0.35:
        request, thought = first[0]["content"], "I look at the first message."
        asked = rng.choice(("What did I ask?", "What was my question?", "What did I say first?"))
        said = answer(f"You asked: {request}", thought if thinking else "")
        return Example("follow-ups", [*first, user(asked), said])
    if rng.random() < 0.35:
        asked = rng.choice(("Say that again.", "Please repeat that.", "What did you say?"))
        said = answer(first[1]["content"], thought_about("my last answer", rng) * thinking)
        return Example("follow-ups", [*first, user(asked), said])
    second = fact_example(rng, words, thinking=thinking)
    return Example("follow-ups", [*first, *second.messages], keys=second.keys)


# Each family with its share of the corpus.
FAMILIES: dict[Family, int] = {
    fact_example: 22,
    list_example: 9,
    number_example: 8,
    story_example: 4,
    object_example: 8,
    copying_example: 9,
    memory_example: 4,
    list_follow_up_example: 3,
    conversation_example: 4,
    tool_example: 34,
    tool_result_example: 5,
    unneeded_tool_example: 3,
}

_SYSTEMS = ("You are a helpful assistant.", "You are tiny.", "Answer briefly.", "You are kind.")


def _with_system(example: Example, rng: Random) -> Example:
    """Now and then a system message stands before a conversation."""
    if rng.random() > 0.12:
        return example
    system: dict[str, Any] = {"role": "system", "content": rng.choice(_SYSTEMS)}
    return Example(example.family, [system, *example.messages], example.tools, example.keys)


def examples(
    seed: int, *, held_out: bool = False, families: dict[Family, int] | None = None
) -> Iterator[Example]:
    """Endless examples of one part; the same seed gives the same ones.

    families: shares to draw by, FAMILIES if not given
    """
    rng = Random(f"{seed} {held_out}")
    words = Words(rng, held_out=held_out)
    shares = families or FAMILIES
    kinds, weights = list(shares), list(shares.values())
    while True:
        (family,) = rng.choices(kinds, weights)
        yield _with_system(family(rng, words, thinking=rng.random() < 0.42), rng)
