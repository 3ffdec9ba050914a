"""Stop strings in text that arrives in pieces."""

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pyollama.prompt.stop import StopMatcher, overlap

TEXT = st.text("ab<>|", max_size=20)


def pieces(text: str, cuts: list[int]) -> list[str]:
    """The text cut at some places."""
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    return [text[a:b] for a, b in pairwise(places)]


@given(
    text=TEXT,
    stops=st.lists(st.text("ab<>|", min_size=1, max_size=4), max_size=3),
    cuts=st.lists(st.integers(0, 20), max_size=6),
)
def test_pieces_give_what_the_whole_text_gives(
    text: str, stops: list[str], cuts: list[int]
) -> None:
    matcher = StopMatcher(stops)
    shown = ""
    for piece in pieces(text, cuts):
        if not matcher.stopped:
            shown += matcher.push(piece)
    if not matcher.stopped:
        shown += matcher.flush()
    # The first stop string to be complete ends the text, at the earliest match complete by then.
    ends = [text.find(stop) + len(stop) for stop in stops if stop in text]
    if not ends:
        assert (shown, matcher.stopped) == (text, False)
        return
    assert matcher.stopped
    assert not any(stop in shown for stop in stops)
    assert text.startswith(shown)
    assert any(text[len(shown) :].startswith(stop) for stop in stops)


def test_an_empty_stop_string_matches_at_once() -> None:
    matcher = StopMatcher([""])
    assert matcher.push("hello") == ""
    assert matcher.stopped


def test_all_text_is_held_back_while_its_end_may_become_a_stop_string() -> None:
    matcher = StopMatcher(["<end>"])
    assert matcher.push("a<en") == ""
    assert matcher.push("tity>") == "a<entity>"


@given(text=st.text("ab", max_size=12), stop=st.text("ab", min_size=1, max_size=8))
def test_the_overlap_is_the_longest_proper_start_that_the_text_ends_with(
    text: str, stop: str
) -> None:
    lengths = [n for n in range(len(stop)) if text.endswith(stop[:n])]
    assert overlap(text, stop) == max(lengths)


def test_a_long_stop_string_costs_little_where_it_cannot_begin() -> None:
    begin = time.process_time()
    assert overlap("a" * 1_000_000 + "c", "a" * 1_000_000 + "b") == 0
    assert time.process_time() - begin < 1.0
