"""Names of tools, found in a text that grows."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from pyollama.prompt.toolnames import NameFinder

NAMES = st.lists(st.text("ab", min_size=1, max_size=4), max_size=4)


@given(names=NAMES, text=st.text("ab", max_size=6))
def test_a_text_may_go_on_if_it_ends_in_the_beginning_of_a_longer_name(
    names: list[str], text: str
) -> None:
    ends = [text[at:] for at in range(len(text))]
    expected = any(name != end and name.startswith(end) for name in names for end in ends)
    assert NameFinder(names).may_go_on(text) is expected


def test_thousands_of_long_names_take_no_more_memory_than_themselves() -> None:
    names = [f"{n:04}" + "x" * 1000 for n in range(1000)]
    tracemalloc.start()
    finder = NameFinder(names)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert finder.may_go_on("call 0001x")
    assert peak < 5_000_000
