"""Byte-pair merging: both ways of doing it against a naive one, and their speed."""

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.tokenizer import bpe, load_tokenizer, long_words, merges
from pyollama.tokenizer.long_words import MergeTable, merge_long
from pyollama.tokenizer.merges import MergeLines, merge
from tests.pyollama.tokenizer.vocabularies import byte_level_metadata

Ranks = dict[tuple[str, str], int]


@st.composite
def merge_tables(draw: st.DrawFn) -> Ranks:
    """Merges of a and b and what they make, in any order: also such as no training would give."""
    symbols = ["a", "b"]
    pairs: list[tuple[str, str]] = []
    for _ in range(draw(st.integers(1, 12))):
        pair = (draw(st.sampled_from(symbols)), draw(st.sampled_from(symbols)))
        symbols.append("".join(pair))
        pairs.append(pair)
    order = draw(st.permutations(sorted(set(pairs))))
    return {pair: rank for rank, pair in enumerate(order)}


def naive_merge(word: str, ranks: Ranks) -> list[str]:
    parts = [*word]
    while True:
        found = [(ranks[pair], i) for i, pair in enumerate(pairwise(parts)) if pair in ranks]
        if not found:
            return parts
        i = min(found)[1]
        parts[i : i + 2] = [parts[i] + parts[i + 1]]


def long_merge(word: str, ranks: Ranks) -> list[str]:
    _tokens, bounds = merge_long(word, MergeTable(ranks, {}))
    return [word[a:b] for a, b in pairwise(bounds.tolist())]


@given(st.text("abx", max_size=40), merge_tables())
def test_merging_takes_the_lowest_rank_first_and_the_leftmost_of_equals(
    word: str, ranks: Ranks
) -> None:
    assert merge(word, ranks) == naive_merge(word, ranks)


def test_a_word_of_any_length_is_merged_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bpe, "LONG_WORD", 10)
    monkeypatch.setattr(bpe, "MAX_WORD", 100)
    tokenizer = load_tokenizer(byte_level_metadata())
    word = "abcdefghij" * 50
    parts = (word[start : start + 100] for start in range(0, 500, 100))
    in_parts = [id for part in parts for id in tokenizer.encode(part, add_special=False)]
    assert tokenizer.encode(word, add_special=False) == in_parts
    assert len(tokenizer.encode(word, at_most=10)) < 200


@given(st.text("abx", min_size=1, max_size=60), merge_tables(), st.sampled_from([1, 3, 1000]))
def test_long_words_are_merged_alike(word: str, ranks: Ranks, many: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_words, "MANY", many)  # 1: always at once; 1000: always one by one
        assert long_merge(word, ranks) == naive_merge(word, ranks)


def test_parts_of_a_long_word_come_as_tokens_where_they_are_some() -> None:
    table = MergeTable({("a", "b"): 0, ("b", "b"): 1}, {"ab": 7, "b": 8})
    tokens, bounds = merge_long("xabbb", table)
    assert tokens.tolist() == [-1, 7, -1]  # x, ab, bb
    assert bounds.tolist() == [0, 1, 3, 5]


def test_a_merge_line_is_divided_at_the_first_space_that_does_not_begin_it() -> None:
    lines = MergeLines(["a b", " b c", "c d e", "nothing", "a b", "", "x y"])
    ranks = {("a", "b"): 0, (" b", "c"): 1, ("c", "d e"): 2, ("x", "y"): 4}
    assert [*lines.pairs()] == [*ranks]
    assert {pair: lines.get(pair) for pair in lines.pairs()} == ranks
    for pair in (("c d", "e"), ("", "b c"), ("nothing", ""), ("b", "a"), ("", "")):
        assert lines.get(pair) is None


def test_pairs_that_are_long_are_not_remembered() -> None:
    long = "a" * merges.CACHED_LENGTH
    lines = MergeLines([f"{long} b", "a b"])
    assert [lines.get((long, "b")), lines.get(("a", "b"))] == [0, 1]
    assert lines._remembered.cache_info().currsize == 1


@pytest.mark.parametrize("lines", [[], [""], ["nothing", " b"]])
def test_a_long_word_without_any_merge_stays_in_characters(lines: list[str]) -> None:
    metadata = byte_level_metadata() | {"tokenizer.ggml.merges": lines}
    tokenizer = load_tokenizer(metadata)
    (one,) = tokenizer.encode("a", add_special=False)
    assert tokenizer.encode("a" * bpe.LONG_WORD, add_special=False) == [one] * bpe.LONG_WORD


@given(st.text("abx", max_size=40), merge_tables())
def test_the_lines_of_a_file_merge_as_their_pairs_do(word: str, ranks: Ranks) -> None:
    assert merge(word, MergeLines([" ".join(pair) for pair in ranks])) == merge(word, ranks)


def test_long_words_of_a_real_vocabulary_are_merged_as_short_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "".join(random.Random(4).choices("theinra'émü漢😀  \n", k=3000))
    expected = load_tokenizer(byte_level_metadata()).encode(text)
    monkeypatch.setattr("pyollama.tokenizer.bpe.LONG_WORD", 2)
    monkeypatch.setattr("pyollama.tokenizer.bpe.CACHED_LENGTH", 0)
    assert load_tokenizer(byte_level_metadata()).encode(text) == expected


@pytest.mark.slow
@pytest.mark.parametrize("alphabet", ["e", "etaoinshrdlu", "漢字かな交じり文"])
def test_a_megabyte_without_a_blank_takes_less_than_a_second(alphabet: str) -> None:
    word = "".join(random.Random(5).choices(alphabet, k=1_000_000 // len(alphabet[0].encode())))
    tokenizer = load_tokenizer(byte_level_metadata())
    started = time.process_time()  # other processes do not count
    ids = tokenizer.encode(word)
    assert time.process_time() - started < 1.0
    assert tokenizer.decode(ids) == word
