"""Text from single tokens: never half a character, and nothing lost."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.tokenizer import StreamDecoder, load_tokenizer
from pyollama.tokenizer.utf8 import decode_utf8
from tests.pyollama.tokenizer.vocabularies import CORPUS, sentencepiece_metadata

TOKENIZER = load_tokenizer(sentencepiece_metadata())
BYTE_IDS = [TOKENIZER.vocabulary.ids[f"<0x{byte:02X}>"] for byte in range(256)]


def streamed(ids: Sequence[int]) -> list[str]:
    decoder = StreamDecoder(TOKENIZER)
    return [*(decoder.push(id) for id in ids), decoder.flush()]


def test_a_character_of_several_tokens_comes_when_it_is_complete() -> None:
    assert streamed([BYTE_IDS[byte] for byte in "a😀é".encode()]) == [
        *["a", "", "", "", "😀", "", "é"],
        "",
    ]


def test_an_unfinished_character_becomes_one_replacement_per_byte() -> None:
    assert streamed([BYTE_IDS[byte] for byte in b"a\xf0\x9f\x98"])[-1] == "\ufffd" * 3


@given(st.binary(max_size=12))
def test_any_bytes_give_the_text_that_go_would_make_of_them(data: bytes) -> None:
    expected, rest = "", data
    while rest:  # Go: a valid character, or one byte that becomes U+FFFD
        size = next((n for n in (1, 2, 3, 4) if _is_character(rest[:n])), 0)
        expected += rest[:size].decode() if size else "\ufffd"
        rest = rest[size or 1 :]
    assert "".join(streamed([BYTE_IDS[byte] for byte in data])) == expected
    assert decode_utf8(data) == expected


def _is_character(data: bytes) -> bool:
    try:
        return len(data.decode()) == 1
    except UnicodeDecodeError:
        return False


# Two newlines are a user-defined token there, after which the text gets another space; and `<s>`
# can be merged from plain text into the control token, which is silent.
@given(st.text(max_size=30).filter(lambda text: "\n\n" not in text and "<" not in text))
def test_streaming_a_text_gives_it_back(text: str) -> None:
    ids = TOKENIZER.encode(text, parse_special=False)
    assert "".join(streamed(ids)).removeprefix(" ") == text.replace("▁", " ")


def test_control_tokens_are_silent_unless_preserved() -> None:
    ids = TOKENIZER.encode("<|begin_of_text|>a<|tool|>b", add_special=False)
    assert "".join(streamed(ids)) == " a<|tool|> b"
    decoder = StreamDecoder(TOKENIZER, preserved=[ids[0]])
    assert decoder.push(ids[0]) == "<|begin_of_text|>"


@pytest.mark.slow
def test_every_text_of_the_corpus_survives_streaming() -> None:
    for line in CORPUS.splitlines():
        ids = TOKENIZER.encode(line, parse_special=False)
        assert "".join(streamed(ids)) == " " + line
