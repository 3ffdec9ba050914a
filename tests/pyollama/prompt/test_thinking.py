"""Thinking split from content, whatever the pieces."""

import time

import pytest

from pyollama.prompt.thinking import ThinkingSplitter


def split(parts: list[str], *, opened: bool = False) -> tuple[str, str]:
    """Content and thinking of a text that arrives in these parts."""
    splitter = ThinkingSplitter(opened=opened)
    results = [*map(splitter.push, parts), splitter.flush()]
    return "".join(r.content for r in results), "".join(r.thinking for r in results)


CASES = [
    ("<think>\nhm </think>\n\nyes", False, ("yes", "hm ")),
    ("  <think>a</think>b", False, ("b", "a")),
    ("  plain <think>x</think>", False, ("  plain <think>x</think>", "")),
    ("<thin air", False, ("<thin air", "")),
    ("<think>never closed </thin", False, ("", "never closed </thin")),
    ("a</think>b<think>c</think>", True, ("b<think>c</think>", "a")),
    ("<think></think>b", False, ("b", "")),
    ("   ", False, ("   ", "")),
    (" \n <thin", False, (" \n <thin", "")),
    ("", False, ("", "")),
]


@pytest.mark.parametrize(("text", "opened", "expected"), CASES)
def test_text_is_split_at_every_place_alike(
    text: str, opened: bool, expected: tuple[str, str]
) -> None:
    assert split([text], opened=opened) == expected
    assert split(list(text), opened=opened) == expected
    for cut in range(len(text) + 1):
        assert split([text[:cut], text[cut:]], opened=opened) == expected


def test_white_space_in_small_pieces_takes_less_than_a_second() -> None:
    begin = time.process_time()
    assert split([" " * 8] * 100_000) == (" " * 800_000, "")
    assert time.process_time() - begin < 3.0  # well under one second on a machine at rest
