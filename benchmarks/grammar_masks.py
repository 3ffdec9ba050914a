"""How long a mask over the vocabulary takes, at every token of answers within a format.

`python benchmarks/grammar_masks.py [--vocabulary N] [--json FILE]`. No model is needed: the
vocabulary is made of the 256 bytes and of the words, and beginnings of words, that are most
frequent in Python's own standard library. Each sample text is cut into the longest tokens; at every
place the mask, the question about one token and the step by it are timed. What a refused token
costs besides, the second draw, is timed on random logits.
"""

import argparse
import json
import re
import statistics
import sysconfig
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from pyollama.grammar import JSON_OBJECT, GrammarConstraint, TokenTable, schema_grammar
from pyollama.sampling import Sampler, SamplerOptions

LONGEST = 16  # characters of a token
WORDS = re.compile(r" ?\w+| ?[^\w\s]+|\s+")

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "email": {"type": "string", "pattern": r"^[\w.+-]+@[\w-]+\.[a-z]{2,}$"},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 10},
        "born": {"type": "string", "format": "date"},
        "kind": {"enum": ["person", "company", "other"]},
        "address": {"$ref": "#/$defs/address"},
    },
    "required": ["name", "age", "address"],
    "$defs": {
        "address": {
            "type": "object",
            "properties": {
                "street": {"type": "string", "maxLength": 80},
                "zip": {"type": "string"},
            },
            "additionalProperties": {"type": "number"},
        }
    },
}
SAID = {
    "name": "Ada Lovelace, the first programmer of the analytical engine",
    "age": 36,
    "address": {
        "street": "12 St. James's Square, London, near the library",
        "zip": "SW1",
        "x": 1.5,
    },
    "email": "ada.lovelace@engine.org",
    "tags": ["mathematics", "poetical science", 'notes on "the engine"', "é è ü 😀"],
    "born": "1815-12-10",
    "kind": "person",
}
ANYTHING = {"list": [1, -2.5e3, None, True, {"deeper": [[], {}]}], "text": SAID["name"], "": {}}

T = TypeVar("T")


@dataclass
class Figures:
    """One sample's times, in microseconds, but compiling in milliseconds."""

    sample: str
    n_token: int
    compile_ms: float
    mask_median: float
    mask_99: float
    mask_most: float
    allows_median: float
    accept_median: float


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--vocabulary", type=int, default=128_000, help="how many tokens")
    options.add_argument("--json", type=Path, help="also write the figures to this file")
    wanted = options.parse_args()
    pieces = vocabulary(wanted.vocabulary)
    table, seconds = timed(lambda: TokenTable(pieces, frozenset({len(pieces) - 1})))
    print(f"{len(pieces)} tokens; the table took {seconds * 1e3:.0f} ms")
    figures = [measured(table, pieces, *sample) for sample in samples()]
    for each in figures:
        print(
            f"{each.sample}: {each.n_token} tokens, compiled in {each.compile_ms:.1f} ms; mask "
            f"median {each.mask_median:.0f} us, 99 % {each.mask_99:.0f}, "
            f"most {each.mask_most:.0f}; "
            f"allows {each.allows_median:.1f}, accept {each.accept_median:.1f}"
        )
    print(f"a second draw: {second_draw(len(pieces)):.0f} us")
    if wanted.json:
        wanted.json.write_text(json.dumps([asdict(each) for each in figures], indent=2))


def samples() -> Iterator[tuple[str, str, bytes]]:
    """Names, grammars, and texts within them."""
    for indent in (None, 2):
        name = "compact" if indent is None else "indented"
        text = json.dumps(SAID, ensure_ascii=False, indent=indent)
        yield f"schema, {name}", schema_grammar(json.dumps(PERSON).encode()), text.encode()
        text = json.dumps(ANYTHING, ensure_ascii=False, indent=indent)
        yield f"json, {name}", JSON_OBJECT, text.encode()


def vocabulary(n_vocab: int) -> list[bytes]:
    """The 256 bytes, the most frequent words and beginnings of words, and an empty token."""
    counts: Counter[str] = Counter()
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*/*.py"))[:1500]:
        counts.update(WORDS.findall(path.read_text(errors="replace")))
    weights: Counter[str] = Counter()
    for word, count in counts.items():
        for length in range(1, min(len(word), LONGEST) + 1):
            weights[word[:length]] += count
    frequent = [text.encode() for text, _ in weights.most_common(2 * n_vocab)]
    longer = [piece for piece in frequent if len(piece) > 1]
    pieces = [*(bytes([value]) for value in range(256)), *longer]
    return [*pieces[: n_vocab - 1], b""]


def measured(
    table: TokenTable, pieces: list[bytes], sample: str, grammar: str, text: bytes
) -> Figures:
    """The times of one text."""
    _, seconds = timed(lambda: GrammarConstraint(table, grammar))
    constraint = GrammarConstraint(table, grammar)
    masks, asked, steps = [], [], []
    tokens = cut(text, pieces)
    for token in tokens:
        allowed, spent = timed(constraint.mask)
        assert allowed[token], f"{pieces[token]!r} is not allowed"
        masks.append(spent * 1e6)
        asked.append(timed(partial(constraint.allows, token))[1] * 1e6)
        steps.append(timed(partial(constraint.accept, token))[1] * 1e6)
    return Figures(
        sample=sample,
        n_token=len(tokens),
        compile_ms=seconds * 1e3,
        mask_median=statistics.median(masks),
        mask_99=float(np.percentile(masks, 99)),
        mask_most=max(masks),
        allows_median=statistics.median(asked),
        accept_median=statistics.median(steps),
    )


def cut(text: bytes, pieces: list[bytes]) -> list[int]:
    """A text as tokens, each the longest that fits."""
    ids = {piece: id for id, piece in reversed(list(enumerate(pieces)))}
    tokens, place = [], 0
    while place < len(text):
        length = next(n for n in range(4 * LONGEST, 0, -1) if text[place : place + n] in ids)
        tokens.append(ids[text[place : place + length]])
        place += len(pieces[tokens[-1]])
    return tokens


def second_draw(n_vocab: int) -> float:
    """Microseconds of masking logits and drawing again."""
    random = np.random.default_rng(1)
    logits = random.normal(0, 3, n_vocab).astype(np.float32)
    allowed = random.random(n_vocab) < 0.1
    sampler = Sampler(SamplerOptions(seed=1), n_vocab)
    lowest = np.float32(-np.inf)
    draws = [timed(lambda: sampler.sample(np.where(allowed, logits, lowest)))[1] for _ in range(50)]
    return statistics.median(draws) * 1e6


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What a call gives, and how many seconds it took."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


if __name__ == "__main__":
    main()
