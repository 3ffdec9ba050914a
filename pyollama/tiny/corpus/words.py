"""Words for the generators: everyday ones, and invented ones split into training and held-out.

An invented word belongs to the held-out part if its checksum says so. The rule needs no list, both
parts come from the same generator, and no held-out word can slip into the training text.
"""

import zlib
from functools import cache
from importlib.resources import files
from random import Random

__all__ = ["CITIES", "COLOURS", "DAYS", "FOODS", "FRUITS", "MONTHS", "NAMES", "THINGS"]
__all__ += ["Words", "is_held_out", "listed"]


def listed(text: str) -> list[str]:
    """The words of a text, as tables of words are written here."""
    return text.split()


DAYS = listed("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
MONTHS = listed(
    "January February March April May June July August September October November December"
)
COLOURS = listed("red blue green yellow orange purple pink brown black white grey")
NAMES = listed(
    "Anna Ben Carla David Emma Felix Grace Hugo Ida Jack Kate Leo Mia Noah Olga Paul Rosa Sam Tina "
    "Tom Uma Victor Wendy Yuki Zoe Lily Max Nina Oscar Ruth"
)
CITIES = listed(
    "Paris London Berlin Madrid Rome Tokyo Oslo Vienna Cairo Lima Dublin Athens Delhi Seoul Boston "
    "Chicago Toronto Sydney Prague Lisbon Munich Zurich Geneva Milan Hamburg"
)
FRUITS = listed("apple banana pear plum cherry grape lemon orange peach mango melon kiwi")
FOODS = listed("bread cheese soup rice pasta salad pizza cake honey butter milk tea coffee")
THINGS = listed(
    "ball book boat box bell cup chair clock coat door drum flower hat kite key lamp leaf map "
    "mirror pen ring rope shoe spoon stone table umbrella wheel window candle"
)

# What invented syllables are put together from.
_STARTS = listed(
    "b bl br c ch cl d dr f fl fr g gl gr h j k kl l m n p pl qu r s sh sk sn sp st t th tr v w y z"
)
_MIDDLES = listed("a e i o u ai ea ee oa oo ou")
_ENDS = listed("b ck d f g l ll m n nd ng nt p r rk rn s sh st t x z")


def is_held_out(word: str) -> bool:
    """Whether an invented word is kept away from training: one in six is."""
    return zlib.crc32(word.lower().encode()) % 6 == 0


@cache
def _ordinary() -> tuple[str, ...]:
    """The lower-case words of the table of facts that are not held out, in order."""
    text = (files("pyollama.tiny.corpus") / "facts.txt").read_text("utf-8")
    found = {word for word in text.split() if word.isalpha() and word.islower()}
    return tuple(sorted(word for word in found if not is_held_out(word)))


class Words:
    """Seeded invented words of one part: all in training, or all held out."""

    def __init__(self, rng: Random, *, held_out: bool = False) -> None:
        self.rng = rng
        self.held_out = held_out

    def syllable(self) -> str:
        """Consonants, a vowel, and often consonants again."""
        start = self.rng.choice(_STARTS)
        end = self.rng.choice(_ENDS) if self.rng.random() < 0.6 else ""
        return start + self.rng.choice(_MIDDLES) + end

    def word(self, syllables: int = 0) -> str:
        """A lower-case word of this part: invented, but in training sometimes an ordinary one."""
        if not self.held_out and not syllables and self.rng.random() < 0.3:
            return self.rng.choice(_ordinary())
        while True:
            count = syllables or self.rng.choice((1, 1, 2, 2, 2))
            word = "".join(self.syllable() for _ in range(count))
            if len(word) > 3 and is_held_out(word) == self.held_out:
                return word

    def name(self) -> str:
        """An invented word with a capital, like a person or a place."""
        return self.word(self.rng.choice((1, 2, 2))).capitalize()
