"""GPT-2's byte alphabet, and the corrections of whole texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.tokenizer.bpe import clean_spaces
from pyollama.tokenizer.byte_alphabet import BYTES, CHARACTERS, from_alphabet, to_alphabet


def test_the_alphabet_has_a_printable_character_for_every_byte() -> None:
    assert len(CHARACTERS) == len(BYTES) == 256
    assert all(character.isprintable() and character != " " for character in BYTES)
    assert (CHARACTERS[0x20], CHARACTERS[0x0A], CHARACTERS[0xAD]) == ("Ġ", "Ċ", "Ń")


@given(st.text())
def test_the_alphabet_is_reversible(text: str) -> None:
    assert from_alphabet(to_alphabet(text)) == text.encode()


def test_characters_outside_the_alphabet_are_named() -> None:
    assert from_alphabet("a☃") == "a[UNK_BYTE_0xe29883a☃]".encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello , world !", "Hello, world!"),
        ("a ' b ' c", "a'b'c"),
        ("it 's I 'm we 're they 've", "it's I'm we're they've"),
        ("don 't I 'd I 'll", "don 't I 'd I 'll"),
        ("  .", " ."),
        (" ? ?", "??"),
        ("", ""),
    ],
)
def test_spaces_that_whole_texts_lose(text: str, expected: str) -> None:
    assert clean_spaces(text.encode()).decode() == expected
