"""Questions out of small tables: capitals, opposites, animals, colours, calendars, kinds."""

from collections.abc import Callable
from random import Random

from pyollama.tiny.corpus.example import Example, answer, user
from pyollama.tiny.corpus.facts import thought_about
from pyollama.tiny.corpus.phrasing import articles, ask, sentence
from pyollama.tiny.corpus.words import COLOURS, DAYS, FOODS, FRUITS, MONTHS, Words, listed

__all__ = ["list_example", "list_follow_up_example"]


def _table(text: str) -> list[tuple[str, str]]:
    """Pairs written as 'left:right, left:right'."""
    pairs = (entry.strip().split(":") for entry in text.replace("\n", " ").split(","))
    return [(left, right) for left, right in pairs]


CAPITALS = _table("""France:Paris, Germany:Berlin, Italy:Rome, Spain:Madrid, England:London,
Portugal:Lisbon, Austria:Vienna, Greece:Athens, Poland:Warsaw, Norway:Oslo, Sweden:Stockholm,
Denmark:Copenhagen, Finland:Helsinki, Ireland:Dublin, Russia:Moscow, Japan:Tokyo, China:Beijing,
India:New Delhi, Egypt:Cairo, Kenya:Nairobi, Turkey:Ankara, Canada:Ottawa, Mexico:Mexico City,
Peru:Lima, Chile:Santiago, Brazil:Brasilia, Argentina:Buenos Aires, Australia:Canberra,
Switzerland:Bern, Belgium:Brussels, Hungary:Budapest, Cuba:Havana, Iceland:Reykjavik,
the Netherlands:Amsterdam, the United States:Washington, Thailand:Bangkok, Korea:Seoul""")
OPPOSITES = _table("""hot:cold, big:small, tall:short, fast:slow, old:young, new:old, light:dark,
day:night, up:down, left:right, good:bad, happy:sad, rich:poor, hard:soft, wet:dry, full:empty,
open:closed, loud:quiet, strong:weak, early:late, clean:dirty, heavy:light, high:low, long:short,
sweet:sour, near:far, first:last, begin:end, give:take, yes:no, true:false, love:hate, war:peace,
thick:thin, wide:narrow, deep:shallow, sharp:blunt, brave:afraid, warm:cool, inside:outside""")
SOUNDS = _table("""dog:woof, cat:meow, cow:moo, sheep:baa, duck:quack, horse:neigh, pig:oink,
frog:croak, bee:buzz, lion:roar, owl:hoot, snake:hiss, bird:tweet, mouse:squeak, wolf:howl""")
YOUNG = _table("""dog:puppy, cat:kitten, cow:calf, sheep:lamb, horse:foal, pig:piglet, bear:cub,
duck:duckling, frog:tadpole, hen:chick, goat:kid, lion:cub, deer:fawn, swan:cygnet""")
LEGS = _table("""dog:four, cat:four, bird:two, spider:eight, ant:six, bee:six, snake:no, fish:no,
horse:four, hen:two, cow:four, beetle:six, person:two, crab:ten, elephant:four, penguin:two""")
COLOUR_OF = _table("""grass:green, snow:white, the sky:blue, a lemon:yellow, coal:black, blood:red,
a banana:yellow, milk:white, a carrot:orange, the sun:yellow, chocolate:brown, a tomato:red,
an elephant:grey, a frog:green, a strawberry:red, a leaf:green, the sea:blue, night:black,
a pig:pink, a plum:purple, honey:golden, a polar bear:white, a crow:black""")
PLURALS = _table("""cat:cats, dog:dogs, mouse:mice, child:children, man:men, woman:women, foot:feet,
tooth:teeth, goose:geese, leaf:leaves, box:boxes, sheep:sheep, knife:knives, city:cities, day:days,
book:books, fish:fish, person:people, wolf:wolves, baby:babies, house:houses, star:stars""")
ANIMALS = tuple(name for name, _ in SOUNDS)
HOMES = _table("""bird:a nest, bee:a hive, dog:a kennel, fish:the water, bear:a cave, spider:a web,
fox:a den, cow:a stable, ant:an ant hill, rabbit:a burrow, lion:the savannah, camel:the desert""")

_ORDINALS = listed(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
)

# One row: table, questions about its left side, answer, key. {x} is the left side, {y} the right.
_FORMS: tuple[tuple[list[tuple[str, str]], tuple[str, ...], str], ...] = (
    (
        CAPITALS,
        ("what is the capital of {x}", "which city is the capital of {x}", "the capital of {x}"),
        "The capital of {x} is {y}.",
    ),
    (
        OPPOSITES,
        ("what is the opposite of {x}", "the opposite of {x}", "give me the opposite of {x}"),
        "The opposite of {x} is {y}.",
    ),
    (
        SOUNDS,
        ("what does a {x} say", "what sound does a {x} make", "how does a {x} sound"),
        "A {x} says {y}.",
    ),
    (
        YOUNG,
        ("what is a young {x} called", "what do you call a baby {x}", "what is a baby {x}"),
        "A young {x} is called a {y}.",
    ),
    (
        LEGS,
        ("how many legs does a {x} have", "how many legs has a {x}", "number of legs of a {x}"),
        "A {x} has {y} legs.",
    ),
    (COLOUR_OF, ("what colour is {x}", "what is the colour of {x}"), "{x} is {y}."),
    (
        PLURALS,
        ("what is the plural of {x}", "the plural of {x}", "how do I say more than one {x}"),
        "The plural of {x} is {y}.",
    ),
    (HOMES, ("where does a {x} live", "what is the home of a {x}"), "A {x} lives in {y}."),
)


def _from_table(rng: Random) -> tuple[str, str, str, str]:
    _, questions, reply, left, right = _pick(rng)
    question = rng.choice(questions).format(x=left)
    return question, sentence(reply.format(x=left, y=right)), right.split()[-1].lower(), left


def _pick(rng: Random) -> tuple[list[tuple[str, str]], tuple[str, ...], str, str, str]:
    table, questions, reply = rng.choice(_FORMS)
    left, right = rng.choice(table)
    return table, questions, reply, left, right


def _calendar(rng: Random) -> tuple[str, str, str, str]:
    """The day or month after or before another."""
    cycle, kind = rng.choice(((DAYS, "day"), (MONTHS, "month")))
    place, step = rng.randrange(len(cycle)), rng.choice((1, -1))
    here, there = cycle[place], cycle[(place + step) % len(cycle)]
    word = "after" if step == 1 else "before"
    question = rng.choice((f"what comes {word} {here}", f"which {kind} comes {word} {here}"))
    return question, f"{there} comes {word} {here}.", there.lower(), here


def _month_number(rng: Random) -> tuple[str, str, str, str]:
    place = rng.randrange(12)
    month = MONTHS[place]
    ordinal = _ORDINALS[place]
    question = f"what is the {ordinal} month"
    return question, f"{month} is the {ordinal} month of the year.", month.lower(), "months"


def _kind(rng: Random) -> tuple[str, str, str, str]:
    """Is a thing of this kind?"""
    kinds = {"fruit": FRUITS, "animal": ANIMALS, "colour": COLOURS, "food": FOODS, "day": DAYS}
    real = rng.choice(tuple(kinds))
    claimed = real if rng.random() < 0.5 else rng.choice(tuple(kinds))
    thing = rng.choice(kinds[real])
    articles = {kind: ("an " if kind[0] in "aeiou" else "a ") + kind for kind in kinds}
    if real == claimed:
        reply = f"Yes, {thing} is {articles[real]}."
    elif {real, claimed} == {"fruit", "food"}:
        reply = f"Yes, {thing} is something to eat."
    else:
        reply = f"No, {thing} is {articles[real]}."
    return f"is {thing} {articles[claimed]}", reply, reply[:2].lower(), thing


def _name_three(rng: Random) -> tuple[str, str, str, str]:
    """Three of a kind."""
    kinds = {"fruits": FRUITS, "animals": ANIMALS, "colours": COLOURS, "foods": FOODS}
    kind = rng.choice(tuple(kinds))
    three = rng.sample(tuple(kinds[kind]), 3)
    question = rng.choice((f"name three {kind}", f"give me three {kind}", f"list three {kind}"))
    return question, sentence(f"{three[0]}, {three[1]} and {three[2]}."), "and", kind


_SOURCES: tuple[Callable[[Random], tuple[str, str, str, str]], ...] = (
    *(_from_table,) * 6,
    _calendar,
    _month_number,
    _kind,
    _name_three,
)


def list_example(rng: Random, words: Words, *, thinking: bool) -> Example:
    """A question out of a small table, and its answer."""
    question, reply, key, topic = rng.choice(_SOURCES)(rng)
    thought = thought_about(topic, rng) if thinking else ""
    text = ask(question, rng, held_out=words.held_out)
    return Example("lists", [user(text), answer(articles(reply), thought)], keys=(key,))


def list_follow_up_example(rng: Random, words: Words, *, thinking: bool) -> Example:
    """A question out of a table, then the same about another entry, asked in two words."""
    table, questions, reply, left, right = _pick(rng)
    other, result = rng.choice(table)
    question = rng.choice(questions)
    said = articles(sentence(reply.format(x=left, y=right)))
    article = "a " if "a {x}" in question else ""
    follow_up = rng.choice(("and {x}?", "And {x}?", "What about {x}?", "and for {x}"))
    thought = thought_about(other, rng) if thinking else ""
    messages = [
        user(ask(question.format(x=left), rng, held_out=words.held_out)),
        answer(said),
        user(articles(follow_up.format(x=article + other))),
        answer(articles(sentence(reply.format(x=other, y=result))), thought),
    ]
    return Example("follow-ups", messages, keys=(result.split()[-1].lower(),))
