"""Integers between two bounds, as a regular expression over their decimal digits."""

from pyollama.grammar.errors import GrammarError

MOST_DIGITS = 16  # of an integer that nothing bounds on that side


def integers_between(low: int | None, high: int | None) -> str:
    """The integers from low to high, both included; None is no bound. No leading zeros, no -0.

    Raises GrammarError if there are none.
    """
    if low is None:
        low = -largest_beside(high or 0)
    if high is None:
        high = largest_beside(low)
    parts = []
    if low < 0:
        parts.append(f"-(?:{_naturals(max(1, -high), -low)})" if high < 0 else _negatives(-low))
    if high >= 0 and low <= high:
        parts.append(_naturals(max(0, low), high))
    if low > high:
        raise GrammarError("an integer's bounds exclude each other")
    return "|".join(parts)


def largest_beside(bound: int) -> int:
    """The largest number of digits that an integer has by default, or that its bound has."""
    return int("9" * max(MOST_DIGITS, len(str(abs(bound)))))


def _negatives(most: int) -> str:
    """-1 to -most."""
    return f"-(?:{_naturals(1, most)})"


def _naturals(low: int, high: int) -> str:
    """From low to high, 0 <= low <= high: a part for each number of digits."""
    parts = []
    for n_digit in range(len(str(low)), len(str(high)) + 1):
        least = max(low, 10 ** (n_digit - 1) if n_digit > 1 else 0)
        most = min(high, 10**n_digit - 1)
        parts.append(_same_length(str(least), str(most)))
    return "|".join(parts)


def _same_length(low: str, high: str) -> str:
    """The digits between two texts of equal length, by their first digit: low's, between, high's.

    What follows low's first digit reaches up to nines, what follows high's begins at zeros.
    """
    n_rest = len(low) - 1
    nines, zeros = "9" * n_rest, "0" * n_rest
    if low[1:] == zeros and high[1:] == nines:
        return _digit(low[0], high[0]) + (f"[0-9]{{{n_rest}}}" if n_rest else "")
    if low[0] == high[0]:
        return low[0] + f"(?:{_same_length(low[1:], high[1:])})"
    parts = []
    if low[1:] != zeros:
        parts.append(low[0] + f"(?:{_same_length(low[1:], nines)})")
        low = chr(ord(low[0]) + 1) + zeros
    top = None
    if high[1:] != nines:
        top = high[0] + f"(?:{_same_length(zeros, high[1:])})"
        high = chr(ord(high[0]) - 1) + nines
    if low <= high:
        parts.append(_same_length(low, high))
    return "|".join(parts if top is None else [*parts, top])


def _digit(first: str, last: str) -> str:
    return first if first == last else f"[{first}-{last}]"
