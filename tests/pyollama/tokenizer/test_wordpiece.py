"""WordPiece: how text is made plain, cut into words, and words into the longest pieces."""

import time
from typing import Any

import pytest
from random_bert import BertShape, bert_metadata, bert_vocabulary

from pyollama.tokenizer import Tokenizer, load_tokenizer
from pyollama.tokenizer.errors import TokenizerError
from pyollama.tokenizer.slices import SLICE
from pyollama.tokenizer.wordpiece import (
    CACHED_CHARACTERS,
    MAX_LENGTHS,
    MAX_PIECE,
    WordPieceTokenizer,
)

TOKENS = bert_vocabulary()


def tokenizer(**more: Any) -> Tokenizer:
    return load_tokenizer(bert_metadata(BertShape(), **more))


def pieces(text: str, **more: Any) -> list[str]:
    """The pieces of a text, without [CLS] and [SEP]."""
    used = tokenizer(**more)
    return [used.token(id) for id in used.encode(text, add_special=False)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hello world", ["▁hello", "▁world"]),
        ("unaffable", ["▁un", "a", "f", "f", "able"]),  # the longest piece first, from the left
        ("worlds", ["▁world", "s"]),
        ("wording", ["▁wor", "d", "ing"]),
        ("hello,world!", ["▁hello", "▁,", "▁world", "▁!"]),
        ("  hello \t\n world\u3000", ["▁hello", "▁world"]),
        ("HELLO World", ["▁hello", "▁world"]),
        ("h\u00e9llo", ["▁hello"]),  # an accent that is part of the letter
        ("he\u0301llo", ["▁hello"]),  # and one that follows it
        ("hel\x00lo\x07 wor\u200bld\ufffd", ["▁hello", "▁world"]),  # nothing to see here
        ("hello\u00a0world", ["▁hello", "▁world"]),
        ("hel\u4e2dlo", ["▁h", "e", "l", "[UNK]", "▁l", "o"]),  # an ideograph is a word
        ("hel\u043blo world", ["[UNK]", "▁world"]),  # a letter that no piece has
        ("hello 9 world", ["▁hello", "[UNK]", "▁world"]),
        ("", []),
        (" \n", []),
    ],
)
def test_a_text_becomes_these_pieces(text: str, found: list[str]) -> None:
    assert pieces(text) == found


def test_a_text_stands_between_cls_and_sep() -> None:
    used = tokenizer()
    assert [used.token(id) for id in used.encode("hello")] == ["[CLS]", "▁hello", "[SEP]"]
    assert [used.token(id) for id in used.encode("")] == ["[CLS]", "[SEP]"]


def test_special_tokens_in_a_text_are_found_unless_it_is_plain() -> None:
    assert pieces("hello[SEP]world") == ["▁hello", "[SEP]", "▁world"]
    used = tokenizer()
    plain = used.encode("[SEP]", add_special=False, parse_special=False)
    assert [used.token(id) for id in plain] == ["[UNK]", "▁s", "e", "p", "[UNK]"]


def test_case_and_accents_are_kept_where_the_file_says_so() -> None:
    cased = {"tokenizer__ggml__normalizer__lowercase": False}
    assert pieces("hello Hello", **cased) == ["▁hello", "[UNK]"]
    assert pieces("h\u00e9llo", **cased) == ["[UNK]"]
    strips = {**cased, "tokenizer__ggml__normalizer__strip_accents": True}
    assert pieces("h\u00e9llo Hello", **strips) == ["▁hello", "[UNK]"]


def test_without_an_unknown_token_unknown_words_are_left_out() -> None:
    assert pieces("hello 9", tokenizer__ggml__unknown_token_id=None) == ["▁hello"]


def test_decoding_gives_words_with_blanks_before_them() -> None:
    used = tokenizer()
    assert used.decode(used.encode("Worlds, hello!")) == " worlds, hello!"
    assert b"".join(used.piece(id) for id in used.encode("a, b")) == b" a , b"


def test_no_more_tokens_are_made_than_asked_for() -> None:
    used = tokenizer()
    whole = used.encode("hello world " * 500)
    some = used.encode("hello world " * 500, at_most=10)
    assert some == whole[: len(some)]
    assert 10 < len(some) < 20


@pytest.mark.parametrize(
    "pieces", [["aaa" + "b" * n for n in range(MAX_LENGTHS)], ["a" * (MAX_PIECE + 1)]]
)
def test_pieces_that_would_have_to_be_tried_at_every_place_are_refused(pieces: list[str]) -> None:
    metadata = {
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.tokens": ["[UNK]", "[CLS]", "[SEP]", *pieces],
    }
    with pytest.raises(TokenizerError, match="the pieces that begin with 'aaa' are too long or"):
        load_tokenizer(metadata)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "n_token"),
    [
        ("a" * 1_000_000, 1_000_000),
        ("\u00e9" * 1_000_000, 1_000_000),
        ("a" * 999_999 + "9", 1),  # which is known only at the end
        ("9" * 1_000_000, 1),
        ("," * 1_000_000, 1_000_000),
        ("\u0301" * 1_000_000, 0),
        ("hello\n" * 166_666, 166_666),
    ],
    ids=lambda value: str(value)[:12].encode("unicode_escape").decode(),
)
def test_a_megabyte_takes_time_in_proportion(text: str, n_token: int) -> None:
    used = tokenizer()
    started = time.process_time()
    assert len(used.encode(text, add_special=False)) == n_token
    assert time.process_time() - started < 20


def test_words_may_reach_across_slices() -> None:
    text = "x" * (SLICE - 3) + " world worlds" + "a" * SLICE + "\u0301" * SLICE + " hello"
    used = tokenizer()
    words = text.replace("\u0301", "").split()
    once = [id for word in words for id in used.encode(word, add_special=False)]
    assert used.encode(text, add_special=False) == once


def test_every_character_can_be_read() -> None:
    used = tokenizer()
    for code in range(0, 0x110000, 61):
        used.encode(f"a{chr(code)}b")


@pytest.mark.slow
def test_many_different_characters_do_not_fill_the_memory() -> None:
    used = tokenizer()
    assert isinstance(used, WordPieceTokenizer)
    used.encode("".join(map(chr, range(0x30000))))
    assert len(used._plain) <= CACHED_CHARACTERS
