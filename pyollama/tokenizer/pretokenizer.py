"""Pre-tokenizers: the names there are (`tokenizer.ggml.pre`), and how each cuts text to words."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from typing import Literal

import regex

from pyollama.tokenizer.errors import TokenizerError
from pyollama.tokenizer.pre_expressions import DIGIT_GROUPS, EXPRESSIONS, THOUSANDS
from pyollama.tokenizer.slices import SLICE

Cut = Callable[[str], Iterable[str]]  # a piece of text into smaller ones, which joined give it back
Spelling = Literal["byte alphabet", "space marks", "plain"]


@dataclass(frozen=True)
class PreTokenizer:
    """What a name means.

    expressions: class of expressions, a key of pre_expressions.EXPRESSIONS
    whole_words: a word that is a token is taken as it is, without merging (ignore_merges)
    whole_newlines: the same for a run of newlines only
    add_bos: whether texts begin with bos, unless the file says otherwise; always: even then
    clean_spaces: whether spaces before punctuation vanish when whole texts are decoded
    spelling: how tokens are written: in GPT-2's byte alphabet; in plain characters with marks for
        spaces; or in plain characters without
    has_bos: whether bos has a default id; needs_merges: whether a file without merges is refused
    """

    expressions: str
    whole_words: bool = False
    whole_newlines: bool = False
    add_bos: bool = False
    always_bos: bool = False
    clean_spaces: bool = True
    spelling: Spelling = "byte alphabet"
    has_bos: bool = True
    needs_merges: bool = True


def _table() -> dict[str, PreTokenizer]:
    table: dict[str, PreTokenizer] = {}
    for names, meaning in _ROWS:
        table |= dict.fromkeys(names.split(), meaning)
    return table


_ROWS = (
    (
        "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
        PreTokenizer("llama3", whole_words=True, add_bos=True),
    ),
    ("dbrx smaug-bpe", PreTokenizer("llama3")),
    ("glm4 chatglm-bpe", PreTokenizer("llama3", has_bos=False)),
    ("jais-2", PreTokenizer("jais2")),
    ("tekken", PreTokenizer("tekken", whole_words=True, add_bos=True, clean_spaces=False)),
    (
        "qwen2 deepseek-r1-qwen kormo f2llmv2 hunyuan grok-2 solar-open",
        PreTokenizer("qwen2", clean_spaces=False),
    ),
    ("megrez stablelm2", PreTokenizer("qwen2")),
    ("qwen35", PreTokenizer("qwen35", clean_spaces=False)),
    ("gpt-4o llama4 kanana2 talkie minimax-m2", PreTokenizer("gpt4o", clean_spaces=False)),
    (
        "granite-embed-multi-97m",
        PreTokenizer("granite_multi", whole_words=True, clean_spaces=False),
    ),
    ("tiny_aya cohere2moe", PreTokenizer("tiny_aya", clean_spaces=False)),
    (
        "gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert mpt "
        "olmo jais exaone4 jina-v1-en jina-v2-code roberta-bpe",
        PreTokenizer("gpt2"),
    ),
    ("trillion granite-docling", PreTokenizer("gpt2", clean_spaces=False)),
    ("starcoder refact codeshell exaone minerva-7b mellum2", PreTokenizer("starcoder")),
    ("command-r smollm", PreTokenizer("starcoder", clean_spaces=False)),
    ("falcon", PreTokenizer("falcon")),
    ("deepseek-llm", PreTokenizer("deepseek_llm", clean_spaces=False)),
    ("deepseek-coder", PreTokenizer("deepseek_coder", clean_spaces=False)),
    ("deepseek-v3 hunyuan-dense joyai-llm", PreTokenizer("deepseek_v3", clean_spaces=False)),
    ("youtu", PreTokenizer("youtu", whole_words=True, clean_spaces=False)),
    (
        "gemma4",
        PreTokenizer(
            "newlines", spelling="space marks", whole_newlines=True, add_bos=True, always_bos=True
        ),
    ),
    (
        "granite-embed-multi-311m",
        PreTokenizer("newlines", spelling="space marks", whole_newlines=True, add_bos=True),
    ),
    ("sarvam-moe", PreTokenizer("newlines", spelling="space marks", clean_spaces=False)),
    ("bloom gpt3-finnish", PreTokenizer("bloom")),
    ("poro-chat", PreTokenizer("bloom", clean_spaces=False)),
    ("viking", PreTokenizer("viking", clean_spaces=False)),
    ("chameleon", PreTokenizer("chameleon", add_bos=True, clean_spaces=False)),
    ("kimi-k2", PreTokenizer("kimi", clean_spaces=False, needs_merges=False)),
    ("superbpe", PreTokenizer("superbpe", clean_spaces=False)),
    ("bailingmoe bailingmoe2 llada-moe", PreTokenizer("bailing", clean_spaces=False)),
    ("seed-coder", PreTokenizer("seed", clean_spaces=False)),
    ("afmoe", PreTokenizer("afmoe", clean_spaces=False)),
    ("laguna", PreTokenizer("laguna", clean_spaces=False)),
    ("exaone-moe", PreTokenizer("exaone_moe")),
    ("minicpm5", PreTokenizer("minicpm5", whole_words=True)),
    ("whitespace", PreTokenizer("whitespace", spelling="plain")),
    ("default", PreTokenizer("default")),
)

PRETOKENIZERS: Mapping[str, PreTokenizer] = _table()


def find_pretokenizer(name: str) -> PreTokenizer:
    """The pre-tokenizer of that name; TokenizerError if there is none."""
    if name not in PRETOKENIZERS:
        raise TokenizerError(f"unknown pre-tokenizer type: '{name}'")
    return PRETOKENIZERS[name]


def words(text: str, expressions: str) -> Iterator[str]:
    """Cut a text by the expressions of a class; the words joined give the text back."""
    pieces = iter([text] if text else [])
    for cut in _cuts(expressions):
        pieces = _cut_all(pieces, cut)
    return pieces


def _cut_all(pieces: Iterable[str], cut: Cut) -> Iterator[str]:
    for piece in pieces:
        if len(piece) > 1:  # a single character needs no cutting
            yield from cut(piece)
        else:
            yield piece


@lru_cache
def _cuts(expressions: str) -> list[Cut]:
    procedures: dict[str, Cut] = {DIGIT_GROUPS: _digit_groups, THOUSANDS: _thousands}
    return [procedures.get(e) or _cut_by(e) for e in EXPRESSIONS[expressions]]


def _cut_by(expression: str) -> Cut:
    pattern = regex.compile(expression, regex.V1)

    def cut(text: str) -> Iterable[str]:
        if len(text) > SLICE:
            return _with_gaps(pattern, text, text)
        found: list[str] = pattern.findall(text)
        return found if sum(map(len, found)) == len(text) else _with_gaps(pattern, text, text)

    def cut_seeing_ascii_blanks(text: str) -> Iterable[str]:
        return _with_gaps(pattern, text, _FOREIGN_BLANK.sub("\v", text))

    return cut if r"\p{" in expression else cut_seeing_ascii_blanks


# An expression without \p{…} sees these as a vertical tab: so does the reference's engine.
_FOREIGN_BLANK = regex.compile(r"[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")


def _with_gaps(pattern: regex.Pattern[str], text: str, seen: str) -> Iterator[str]:
    """Matches and what lies between them; `seen` is the text as the pattern sees it."""
    position = 0
    for match in pattern.finditer(seen):
        start, end = match.span()
        if position < start:
            yield text[position:start]
        if start < end:
            yield text[start:end]
        position = end
    if position < len(text):
        yield text[position:]


_NUMBERS = regex.compile(r"\p{N}+")
_ASCII_NUMBERS = regex.compile("[0-9]+")


def _digit_groups(text: str) -> Iterator[str]:
    """Numbers in groups of three from the right; the text before one stays with its first group."""
    ends = (
        end for match in _NUMBERS.finditer(text) for end in _group_ends(match.start(), match.end())
    )
    return _cut_at(text, ends)


def _thousands(text: str) -> Iterator[str]:
    """ASCII numbers cut where a multiple of three digits follows, before the first one too."""
    ends = (
        end
        for match in _ASCII_NUMBERS.finditer(text)
        for end in reversed(range(match.end() - 3, match.start() - 1, -3))
    )
    return _cut_at(text, ends)


def _group_ends(start: int, end: int) -> range:
    first = (end - start) % 3 or 3
    return range(start + first, end + 1, 3)


def _cut_at(text: str, places: Iterable[int]) -> Iterator[str]:
    """The pieces between places in ascending order."""
    bounds = chain([0], places, [len(text)])
    return (text[a:b] for a, b in pairwise(bounds) if a < b)
