"""Long texts are worked on in slices: with the same results, and without stopping other threads."""

import gc
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.tokenizer import bpe, load_tokenizer, pretokenizer, slices, spm
from pyollama.tokenizer.pre_expressions import EXPRESSIONS
from pyollama.tokenizer.pretokenizer import words
from tests.pyollama.tokenizer.vocabularies import (
    ALPHABETS,
    byte_level_metadata,
    marked_metadata,
    sentencepiece_metadata,
)

TEXTS = st.text(st.sampled_from([*"".join(ALPHABETS), *" \n\r'AaZz01239<|_"]), max_size=40)
METADATA = {
    "byte level": byte_level_metadata(),
    "space marks": marked_metadata(),
    "sentencepiece": sentencepiece_metadata(),
}
TOKENIZERS = {name: load_tokenizer(metadata) for name, metadata in METADATA.items()}


@contextmanager
def slices_of(n: int) -> Iterator[None]:
    """Slices of n characters in every module that knows their size; every word counts as long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bpe, "LONG_WORD", 2)
        for module in (slices, pretokenizer, spm):
            patch.setattr(module, "SLICE", n)
        yield


@given(TEXTS, st.integers(1, 9))
def test_slices_joined_are_the_text(text: str, n: int) -> None:
    with slices_of(n):
        found = list(slices.slices(text))
    assert "".join(found) == text
    assert all(0 < len(part) <= n for part in found)


@given(TEXTS, st.integers(1, 9), st.sampled_from(sorted(EXPRESSIONS)))
def test_words_are_the_same_one_by_one(text: str, n: int, expressions: str) -> None:
    whole = list(words(text, expressions))
    with slices_of(n):
        assert list(words(text, expressions)) == whole


@pytest.mark.parametrize("name", TOKENIZERS)
@given(text=TEXTS, n=st.integers(1, 9))
def test_ids_are_the_same_in_slices(name: str, text: str, n: int) -> None:
    whole = TOKENIZERS[name].encode(text)
    with slices_of(n):
        assert TOKENIZERS[name].encode(text) == whole


def test_halves_of_surrogate_pairs_are_replaced_in_every_slice() -> None:
    encode = TOKENIZERS["byte level"].encode
    assert encode("a\udc80" * slices.SLICE) == encode("a\ufffd" * slices.SLICE)


def longest_stop(work: Callable[[], Any]) -> float:
    """The longest time in seconds for which a thread that works keeps this one from running."""
    thread = threading.Thread(target=work)
    longest = 0.0
    thread.start()
    while thread.is_alive():
        started = time.perf_counter()
        time.sleep(0.001)
        longest = max(longest, time.perf_counter() - started)
    return longest


N = 2_000_000
LONG_TEXTS = {
    "one word": "".join(random.Random(0).choices("abcdefghijklmnopqrstuvwxyz", k=N)),
    "one letter": "a" * N,
    "special tokens": "<|end|>" * (N // 7),
}


@pytest.mark.slow
@pytest.mark.parametrize("text", LONG_TEXTS.values(), ids=LONG_TEXTS)
def test_two_megabytes_never_stop_other_threads_for_long(text: str) -> None:
    encode = TOKENIZERS["byte level"].encode
    gc.disable()  # going through the objects of all tests would stop the threads, too
    try:
        # A busy machine is late by itself at times: one good try of five is enough. Without
        # slices it is a quarter of a second at least.
        assert any(longest_stop(lambda: encode(text)) < 0.1 for _ in range(5))
    finally:
        gc.enable()
