"""Finding strings by guessing: the same places as one step after the other."""

import mmap
import random
import time
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyollama_formats.gguf import GGUFError, strings
from pyollama_formats.gguf.strings import skip_strings, string_positions

# Short texts, empty ones, texts full of zeros, and lengths around 256 (two bytes of length).
TEXTS = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.integers(0, 40).map(bytes),
        st.integers(250, 300).map(lambda n: b"x" * n),
    ),
    min_size=1,
    max_size=80,
)


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of a few strings, so that small inputs cross many of them."""
    monkeypatch.setattr(strings, "WINDOW", 64)
    monkeypatch.setattr(strings, "STEPS", 3)


def mapped(content: bytes) -> mmap.mmap:
    data = mmap.mmap(-1, len(content))
    data.write(content)
    return data


def encoded(texts: list[bytes]) -> bytes:
    return b"".join(len(text).to_bytes(8, "little") + text for text in texts)


@settings(deadline=None)
@given(before=st.binary(max_size=9), texts=TEXTS, after=st.binary(max_size=9))
def test_strings_are_found_where_they_are(before: bytes, texts: list[bytes], after: bytes) -> None:
    data = mapped(before + encoded(texts) + after)
    places = [*accumulate((8 + len(text) for text in texts), initial=len(before))]
    assert string_positions(data, len(before), len(texts)).tolist() == places
    assert skip_strings(data, len(before), len(texts)) == places[-1]


@settings(deadline=None)
@given(texts=TEXTS, data=st.data())
def test_strings_that_are_cut_off_are_an_unexpected_end(
    texts: list[bytes], data: st.DataObject
) -> None:
    content = encoded(texts)
    cut = data.draw(st.integers(1, len(content) - 1))
    with pytest.raises(GGUFError, match="unexpected EOF"):
        skip_strings(mapped(content[:cut]), 0, len(texts))


def test_a_length_beyond_the_limit_is_refused_before_it_is_believed() -> None:
    data = mapped(encoded([b"a"] * 5) + (2**63).to_bytes(8, "little") + bytes(100))
    with pytest.raises(GGUFError, match=f"string length {2**63} exceeds maximum 16777216"):
        skip_strings(data, 0, 6)


def test_no_strings_take_no_bytes() -> None:
    assert skip_strings(mapped(b"x"), 1, 0) == 1
    assert string_positions(mapped(b"x"), 1, 0).tolist() == [1]


def test_windows_of_the_real_size_give_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert strings.WINDOW > 1000
    rng = random.Random(0)
    texts = [bytes(rng.choices(range(1, 256), k=rng.randrange(40))) for _ in range(20_000)]
    data = mapped(encoded(texts))
    places = [*accumulate((8 + len(text) for text in texts), initial=0)]
    assert len(data) > 3 * strings.WINDOW
    assert string_positions(data, 0, len(texts)).tolist() == places


def test_empty_strings_are_no_slower_than_a_plain_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    n = 200_000
    started = time.process_time()
    assert skip_strings(mapped(bytes(8 * n)), 0, n) == 8 * n
    assert time.process_time() - started < 1.0  # ten times as long, if each guess is looked up
