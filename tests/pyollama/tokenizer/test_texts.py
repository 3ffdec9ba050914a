"""Texts kept in one piece of memory, and found again by what they say."""

import sys
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.tokenizer.texts import TextNumbers, Texts

any_text = st.text(st.characters(codec=None), max_size=6)  # halves of surrogate pairs too
few = st.lists(st.one_of(st.sampled_from(["", "a", "b", "ab", "ä"]), any_text), max_size=60)


@given(few)
def test_texts_are_a_sequence_like_the_list_they_are_made_of(texts: list[str]) -> None:
    held = Texts(texts)
    assert [*held] == texts
    assert [held[i] for i in range(-len(texts), len(texts))] == [*texts, *texts]
    assert held[1:5] == texts[1:5]
    assert held == Texts(texts)
    with pytest.raises(IndexError):
        held[len(texts)]


@given(few, any_text, st.booleans())
def test_numbers_are_those_of_a_dictionary(texts: list[str], other: str, latest: bool) -> None:
    numbered = enumerate(texts) if latest else reversed([*enumerate(texts)])
    expected = {text: number for number, text in numbered}
    numbers = TextNumbers(texts, Texts(texts), latest=latest)
    for text in {*texts, other}:
        assert numbers.get(text) == expected.get(text)
        assert (text in numbers) == (text in expected)
    assert numbers.numbers() == sorted(expected.values())
    assert len(numbers) == len(expected)


def test_a_text_that_is_not_there_has_no_number() -> None:
    with pytest.raises(KeyError, match="c"):
        TextNumbers(["a"], Texts(["a"]), latest=True)["c"]


def test_a_hundred_thousand_equal_texts_are_one() -> None:
    texts = ["same"] * 100_000 + ["other"]
    numbers = TextNumbers(texts, Texts(texts), latest=True)
    assert (numbers["same"], numbers["other"], len(numbers)) == (99_999, 100_000, 2)


def test_a_text_takes_a_fifth_of_what_a_list_and_a_dictionary_would() -> None:
    texts = [f"token{i}" for i in range(100_000)]
    held = Texts(texts)
    numbers = TextNumbers(texts, held, latest=True)
    parts = [*vars(held).values(), *vars(numbers).values()]
    taken = sum(sys.getsizeof(part) for part in parts if isinstance(part, bytes | array))
    ids = dict(zip(texts, range(len(texts)), strict=True))
    plain = [texts, ids, *texts, *ids.values()]
    assert taken < sum(map(sys.getsizeof, plain)) / 5
