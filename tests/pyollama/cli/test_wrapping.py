"""Word wrap: which word goes to the next line, however the text is cut into pieces."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pyollama.cli.wrapping import Wrapper, cells

TAKEN_BACK = re.compile(r"\x1b\[(\d+)D\x1b\[K")


def printed(*pieces: str, width: int | None = 20) -> str:
    wrapper = Wrapper(width)
    return "".join(map(wrapper.wrap, pieces))


def screen(output: str) -> list[str]:
    """The lines that a terminal shows once it has followed the escapes."""
    position, shown = 0, ""
    for match in TAKEN_BACK.finditer(output):
        shown += output[position : match.start()]
        columns = int(match[1])
        while columns > 0:
            columns -= cells(shown[-1])
            shown = shown[:-1]
        position = match.end()
    return (shown + output[position:]).split("\n")


def test_a_word_that_begins_at_the_margin_goes_to_the_next_line() -> None:
    assert printed("the quick brown fo", "x jumps ", "over") == "the quick brown fox \njumps over"


def test_a_broken_word_is_erased_and_written_again() -> None:
    expected = "aaaa bbbb cccc ddddd\x1b[5D\x1b[K\nddddddddd"
    assert printed("aaaa bbbb cccc ddddddddd") == expected


def test_a_word_longer_than_the_line_is_cut() -> None:
    assert printed("x" * 30) == "x" * 20 + "\n" + "x" * 10


def test_without_a_width_nothing_is_broken() -> None:
    assert printed("aaaa " * 10, width=None) == "aaaa " * 10


def test_wide_letters_take_two_columns_and_marks_none() -> None:
    assert [cells(char) for char in ("a", "é", "字", "\u0301", "\u200d")] == [1, 1, 2, 0, 0]
    assert screen(printed("字" * 11)) == ["字" * 10, "字"]
    assert screen(printed("aaaa bbbb cccc 字字字字")) == ["aaaa bbbb cccc ", "字字字字"]


def test_a_tab_goes_to_the_next_stop() -> None:
    assert screen(printed("a\tb\tcccccc")) == ["a\tb\t", "cccccc"]


@given(words=st.lists(st.text("abc字é\u0301", min_size=1, max_size=30)), cut=st.integers(1, 9))
def test_no_line_is_too_wide_and_no_letter_is_lost(words: list[str], cut: int) -> None:
    text = " ".join("a" + word for word in words)  # a mark stands on a letter
    pieces = [text[i : i + cut] for i in range(0, len(text), cut)]
    lines = screen(printed(*pieces))
    assert "".join(lines) == text
    assert all(sum(map(cells, line.rstrip(" "))) <= 20 for line in lines)
    assert lines == screen(printed(text))
