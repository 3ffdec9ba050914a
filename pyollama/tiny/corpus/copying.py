"""Small exercises in copying: the skill behind every tool call, alone and on invented words."""

from random import Random

from pyollama.tiny.corpus.example import Example, answer, user
from pyollama.tiny.corpus.phrasing import sentence
from pyollama.tiny.corpus.words import CITIES, COLOURS, NAMES, THINGS, Words

__all__ = ["copying_example", "memory_example"]


def _phrase(rng: Random, words: Words) -> str:
    """One to four words, most of them invented."""
    count = rng.choice((1, 1, 2, 3, 4))
    choices = [words.word() if rng.random() < 0.7 else rng.choice(THINGS) for _ in range(count)]
    return " ".join(choices)


def _exercise(rng: Random, words: Words) -> tuple[str, str]:
    """A request and the only right answer to it."""
    phrase = _phrase(rng, words)
    a, b, c = words.word(), words.word(), words.word()
    requests = (
        (f"Say {phrase}.", phrase),
        (f"Repeat: {phrase}", phrase),
        (f'Write "{phrase}"', phrase),
        (f"Repeat after me: {sentence(phrase)}!", f"{sentence(phrase)}!"),
        (f"Say {a} twice.", f"{a} {a}"),
        (f"Put {a} in quotes.", f'"{a}"'),
        (f"What is the first word of: {a} {b} {c}", a),
        (f"What is the last word of: {a} {b} {c}", c),
        (f"What comes after {a} in: {a}, {b}, {c}?", b),
        (f"Swap {a} and {b}.", f"{b} and {a}"),
        (f"Write the list {a}, {b}, {c} backwards.", f"{c}, {b}, {a}"),
        (f"Choose: {a} or {b}?", f"I choose {rng.choice((a, b))}."),
        (f"Use _ to join {a} and {b}.", f"{a}_{b}"),
        (f"Say hello to {a.capitalize()}.", f"Hello, {a.capitalize()}!"),
    )
    return rng.choice(requests)


def copying_example(rng: Random, words: Words, *, thinking: bool) -> Example:
    """One to three exercises in a row; several in one conversation make prompts of many lengths."""
    turns = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        request, reply = _exercise(rng, words)
        turns += [user(request), answer(reply)]
    thought = "I only need to copy the words." if thinking else ""
    turns[-1] = answer(turns[-1]["content"], thought)
    return Example("copying", turns)


def memory_example(rng: Random, words: Words, *, thinking: bool) -> Example:
    """Something said earlier in the conversation is asked for later."""
    name = rng.choice(NAMES) if rng.random() < 0.4 else words.name()
    city = rng.choice(CITIES) if rng.random() < 0.5 else words.name()
    colour, thing = rng.choice(COLOURS), rng.choice(THINGS)
    told = (
        (f"My name is {name}.", f"Nice to meet you, {name}!", "What is my name?",
         f"Your name is {name}."),
        (f"I live in {city}.", f"{city} sounds like a nice place.", "Where do I live?",
         f"You live in {city}."),
        (f"I have a {colour} {thing}.", f"A {colour} {thing}, how nice!",
         f"What colour is my {thing}?", f"Your {thing} is {colour}."),
        (f"My dog is called {name}.", f"{name} is a good name for a dog.",
         "What is my dog called?", f"Your dog is called {name}."),
        (f"Remember the word {name}.", f"I will remember {name}.", "Which word was it?",
         f"The word was {name}."),
        (f"Your name is {name}.", f"Very well, I am {name}.", "Who are you?", f"I am {name}."),
    )  # fmt: skip
    first, said, second, reply = rng.choice(told)
    thought = "The user told me this before." if thinking else ""
    messages = [user(first), answer(said), user(second), answer(reply, thought)]
    return Example("follow-ups", messages, keys=(reply.split()[-1].strip(".").lower(),))
