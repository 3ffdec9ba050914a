"""Splitting at special tokens against llama.cpp's own procedure, token by token."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.tokenizer import splitter
from pyollama.tokenizer.errors import TokenizerError
from pyollama.tokenizer.splitter import MAX_LENGTH, WHITESPACE, SpecialToken, Splitter

Parts = list[str | int]

TOKENS = st.lists(
    st.builds(
        SpecialToken,
        id=st.just(0),
        text=st.text("ab< ", min_size=1, max_size=4),
        hidden=st.booleans(),
        lstrip=st.booleans(),
        rstrip=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda token: token.text,
).map(lambda tokens: [_with_id(id, token) for id, token in enumerate(tokens)])


def _with_id(id: int, token: SpecialToken) -> SpecialToken:
    return SpecialToken(id, token.text, token.hidden, token.lstrip, token.rstrip)


def test_a_special_token_of_any_length_is_refused() -> None:
    with pytest.raises(TokenizerError, match="special token 7 is too long"):
        Splitter([SpecialToken(7, "a" * (MAX_LENGTH + 1), hidden=True)])


def test_tokens_that_overlap_everywhere_do_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(splitter, "MAX_PLACES", 100_000)
    nested = Splitter(SpecialToken(n, "a" * n, hidden=True) for n in range(1, 20))
    with pytest.raises(TokenizerError, match="the text holds too many special tokens"):
        list(nested.split("a" * 100_000, parse_special=True))


def naive_split(tokens: list[SpecialToken], text: str, parse_special: bool) -> Parts:
    """One token after the other, the longest first, in whatever is still text."""
    parts: Parts = [text]
    for token in sorted(tokens, key=lambda token: -len(token.text.encode())):
        if parse_special or not token.hidden:
            parts = [new for part in parts for new in _cut(part, token)]
    return [part for part in parts if part != ""]


def _cut(part: str | int, token: SpecialToken) -> Parts:
    if isinstance(part, int) or token.text not in part:
        return [part]
    before, after = part.split(token.text, 1)
    if token.lstrip:
        before = before.rstrip(WHITESPACE)
    if token.rstrip:
        after = after.lstrip(WHITESPACE)
    return [before, token.id, *_cut(after, token)]


@given(TOKENS, st.text("ab< ", max_size=30), st.booleans())
def test_splitting_is_that_of_searching_for_one_token_after_the_other(
    tokens: list[SpecialToken], text: str, parse: bool
) -> None:
    got = [*Splitter(tokens).split(text, parse_special=parse)]
    assert got == naive_split(tokens, text, parse)


def test_the_longest_token_wins_even_where_a_shorter_one_begins_earlier() -> None:
    tokens = [SpecialToken(0, "ab", False), SpecialToken(1, "bcd", False)]
    assert [*Splitter(tokens).split("abcd", parse_special=True)] == ["a", 1]


def test_of_equally_long_tokens_the_lower_id_goes_first() -> None:
    tokens = [SpecialToken(0, "b", False, rstrip=True), SpecialToken(1, " ", False)]
    assert [*Splitter(tokens).split(" b ", parse_special=True)] == [1, 0]


def test_a_vocabulary_without_special_tokens_leaves_the_text_whole() -> None:
    assert [*Splitter([]).split("text", parse_special=True)] == ["text"]
    assert [*Splitter([]).split("", parse_special=True)] == []


@pytest.mark.slow
def test_thousands_of_special_tokens_are_found_in_a_megabyte_at_once() -> None:
    tokens = [SpecialToken(i, f"<unused{i}>", True) for i in range(6000)]
    splitter = Splitter([*tokens, *(SpecialToken(6000 + n, "\n" * n, False) for n in range(1, 30))])
    text = "Some text <with> brackets <unused17>\n\n" * 25_000
    started = time.process_time()
    parts = [*splitter.split(text, parse_special=True)]
    assert time.process_time() - started < 6.0
    assert parts.count(17) == 25_000
