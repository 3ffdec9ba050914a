"""Little stories out of a grammar: a hero, a place, a trouble, a helper and a good end."""

from random import Random

from pyollama.tiny.corpus.example import Example, answer, user
from pyollama.tiny.corpus.facts import thought_about
from pyollama.tiny.corpus.phrasing import articles, ask, sentence
from pyollama.tiny.corpus.words import COLOURS, NAMES, THINGS, Words, listed

__all__ = ["story_example"]

_HEROES = listed(
    "cat dog mouse fox bear owl frog rabbit horse duck dragon robot king queen girl boy bird "
    "fish wizard pirate snail hedgehog"
)
_PLACES = (
    "in a dark forest", "by the sea", "on a high hill", "in a small town", "near a river",
    "in an old castle", "under a big tree", "on a farm",
)  # fmt: skip
_TROUBLES = (
    "lost a {thing}", "could not find the way home", "wanted to see the moon", "was very lonely",
    "was afraid of the dark", "looked for a {colour} {thing}", "had nothing to eat",
)  # fmt: skip
_HELP = (
    "A kind {helper} came and helped.", "Then a {helper} said: I will help you.",
    "A {helper} knew what to do.", "An old {helper} gave good advice.",
)  # fmt: skip
_ENDS = (
    "From then on they were friends.", "In the evening all was well.",
    "They laughed and ate cake together.", "And so the day ended happily.",
    "That night they both slept well.",
)  # fmt: skip
_REQUESTS = (
    "tell me a story about a {hero}", "write a story about a {hero}", "a story about a {hero}",
    "tell me a short story with a {hero}", "can you tell a story about a {hero}",
)  # fmt: skip


def _story(hero: str, name: str, rng: Random) -> str:
    """Four short sentences."""
    kind = rng.choice(("little", "brave", "old", "clever", "small", "young"))
    helper = rng.choice([animal for animal in _HEROES if animal != hero])
    trouble = rng.choice(_TROUBLES).format(thing=rng.choice(THINGS), colour=rng.choice(COLOURS))
    begin = f"Once a {kind} {hero} named {name} lived {rng.choice(_PLACES)}."
    middle = f"One day {name} {trouble}."
    turn = rng.choice(_HELP).format(helper=helper)
    return articles(f"{begin} {middle} {turn} {rng.choice(_ENDS)}")


def story_example(rng: Random, words: Words, *, thinking: bool) -> Example:
    """A story about the hero that was asked for, sometimes under a given name."""
    hero = rng.choice(_HEROES)
    name = words.name() if rng.random() < 0.4 else rng.choice(NAMES)
    request = rng.choice(_REQUESTS).format(hero=hero)
    if rng.random() < 0.5:
        request += f" named {name}"
    elif rng.random() < 0.2:
        request = rng.choice(("tell me a story", "write a short story", "I want to hear a story"))
    thought = thought_about(f"a story with a {hero}", rng) if thinking else ""
    said = answer(sentence(_story(hero, name, rng)), thought)
    text = ask(request, rng, held_out=words.held_out)
    return Example("stories", [user(text), said], keys=(hero,))
