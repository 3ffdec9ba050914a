"""Where two lists of tokens differ, as lines in the manner of ``diff -u``.

    @@ token 3 | token 3 @@
      872 "user"
    - 198 "\\n"
    + 271 "\\n\\n"

Source: Myers, An O(ND) Difference Algorithm and Its Variations (1986), the greedy algorithm.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

__all__ = ["token_diff"]

CONTEXT = 2  # tokens shown before and after a difference
MAX_EDITS = 1500  # tokens that come or go; time and memory grow with its square

Tokens = Sequence[int]
TOO_MANY = "  more than {} tokens differ: too many to be set side by side"


class Edit(NamedTuple):
    """A token that stays (" "), goes ("-") or comes ("+"), and the places reached before it."""

    sign: str
    old: int
    new: int
    token: int


def token_diff(old: Tokens, new: Tokens, shown: Callable[[int], str]) -> Iterator[str]:
    """The lines; none where the tokens are the same.

    shown: the text of a token, as it is to be printed
    """
    edits = shortest_edits(old, new)
    if edits is None:
        yield TOO_MANY.format(MAX_EDITS)
        return
    for first, last in hunks(edits):
        yield f"@@ token {edits[first].old} | token {edits[first].new} @@"
        for _, run in groupby(edits[first:last], lambda edit: edit.sign == " "):
            ordered = sorted(run, key=lambda edit: " -+".index(edit.sign))  # what goes comes first
            yield from (f"{edit.sign} {edit.token} {shown(edit.token)}" for edit in ordered)


def hunks(edits: Sequence[Edit]) -> Iterator[tuple[int, int]]:
    """Where edits that are shown begin and end: every change with what is around it."""
    changes = [place for place, edit in enumerate(edits) if edit.sign != " "]
    while changes:
        n = 1
        while n < len(changes) and changes[n] - changes[n - 1] <= 2 * CONTEXT + 1:
            n += 1
        yield max(changes[0] - CONTEXT, 0), changes[n - 1] + CONTEXT + 1
        changes = changes[n:]


def shortest_edits(old: Tokens, new: Tokens) -> list[Edit] | None:
    """The fewest edits that turn one list into the other; None if they are more than MAX_EDITS.

    A diagonal k holds the points (x, y) with x - y = k: x tokens of old and y of new are done.
    furthest[k + MAX_EDITS + 1] is the greatest x that n edits reach there.
    """
    furthest = [0] * (2 * MAX_EDITS + 3)
    history: list[list[int]] = []
    for n in range(MAX_EDITS + 1):
        middle = MAX_EDITS + 1
        history.append(furthest[middle - n - 1 : middle + n + 2])
        for k in range(-n, n + 1, 2):
            x = first_x(history[-1], k, n)
            while x < len(old) and x - k < len(new) and old[x] == new[x - k]:
                x += 1
            furthest[middle + k] = x
            if x >= len(old) and x - k >= len(new):
                return list(reversed([*way_back(old, new, history)]))
    return None


def first_x(before: Sequence[int], k: int, n: int) -> int:
    """Where the n-th edit enters diagonal k: a token of new comes, or one of old goes.

    before: how far n - 1 edits reach, for the diagonals -n - 1 to n + 1
    """
    below, above = before[k + n], before[k + n + 2]
    comes = k == -n or (k != n and below < above)
    return above if comes or n == 0 else below + 1


def way_back(old: Tokens, new: Tokens, history: Sequence[Sequence[int]]) -> Iterator[Edit]:
    """The edits from the last to the first."""
    x, y = len(old), len(new)
    for n in range(len(history) - 1, -1, -1):
        k = x - y
        start = first_x(history[n], k, n)
        while x > start:
            x, y = x - 1, y - 1
            yield Edit(" ", x, y, old[x])
        if n == 0:
            return
        below, above = history[n][k + n], history[n][k + n + 2]
        if k == -n or (k != n and below < above):
            y -= 1
            yield Edit("+", x, y, new[y])
        else:
            x -= 1
            yield Edit("-", x, y, old[x])
