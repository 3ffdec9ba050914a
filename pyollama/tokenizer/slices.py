"""Long texts a slice at a time.

A call into C holds Python's global lock until it returns, and meanwhile no other thread runs: not
the server's event loop, not a runner. So whatever is done to a whole text by one call is done here
to some thousands of characters, which takes about a millisecond, and then to the next.
"""

from collections.abc import Iterator

SLICE = 1 << 15  # characters, tokens or places


def spans(n: int) -> Iterator[tuple[int, int]]:
    """Where the slices of n items begin and end."""
    return ((start, min(start + SLICE, n)) for start in range(0, n, SLICE))


def slices(text: str) -> Iterator[str]:
    """The text in slices; none for an empty one."""
    return (text[start:end] for start, end in spans(len(text)))
