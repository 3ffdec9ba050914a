"""Cutting text into words: nothing is lost, numbers are grouped, long texts are cut quickly."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.tokenizer.pre_expressions import EXPRESSIONS
from pyollama.tokenizer.pretokenizer import PRETOKENIZERS, words
from tests.pyollama.tokenizer.vocabularies import ALPHABETS, CORPUS

TEXTS = st.text(st.sampled_from([*"".join(ALPHABETS), *" \n'AaZz01239"]), max_size=60)


@given(TEXTS, st.sampled_from(sorted(EXPRESSIONS)))
def test_the_words_joined_are_the_text(text: str, expressions: str) -> None:
    found = list(words(text, expressions))
    assert "".join(found) == text
    assert all(found)


def test_every_class_of_expressions_is_used_by_some_name() -> None:
    assert {meaning.expressions for meaning in PRETOKENIZERS.values()} == {*EXPRESSIONS}


@pytest.mark.parametrize(
    ("expressions", "text", "expected"),
    [
        ("gpt2", "Hello  world\n", ["Hello", " ", " world", "\n"]),
        ("gpt2", "it's 12345", ["it", "'s", " 12345"]),
        ("gpt2", "it'S", ["it", "'", "S"]),
        ("llama3", "it'S 12345!\n\n a", ["it", "'S", " ", "123", "45", "!\n\n", " a"]),
        ("qwen2", "a 123", ["a", " ", "1", "2", "3"]),
        ("gpt4o", "helloWorld HTTPServer", ["hello", "World", " HTTPServer"]),
        ("gpt4o", "path/to//\n", ["path", "/to", "//\n"]),
        ("tiny_aya", "a 12345 b", ["a", " ", "12", "345", " b"]),
        ("superbpe", "a1234567 x", ["a", "1", "234", "567", " x"]),
        ("newlines", "a b\n\nc", ["a b", "\n\n", "c"]),
        ("kimi", "漢字abc漢", ["漢字", "abc", "漢"]),
        ("deepseek_llm", "a\u3000b  ", ["a", "\u3000b", "  "]),
        ("whitespace", "ab  c", ["ab", "  ", "c"]),
    ],
)
def test_words_of_some_classes(expressions: str, text: str, expected: list[str]) -> None:
    assert list(words(text, expressions)) == expected


@pytest.mark.slow
@pytest.mark.parametrize("expressions", sorted(EXPRESSIONS))
def test_a_megabyte_is_cut_quickly_whatever_it_holds(expressions: str) -> None:
    texts = [
        CORPUS * 250,
        *(character * 250_000 for character in " \n1a.'é漢"),
        "".join(random.Random(0).choices(" \n1a.'", k=250_000)),
        " " * 250_000 + "x",
    ]
    for text in texts:  # a quarter of a megabyte each, against expressions that go wrong by squares
        started = time.process_time()
        assert sum(map(len, words(text, expressions))) == len(text)
        assert time.process_time() - started < 6.0, text[:3]
