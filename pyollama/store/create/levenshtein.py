"""How many single characters part two texts: inserted, left out or replaced.

Source: Myers, "A fast bit-vector algorithm for approximate string matching based on dynamic
programming", Journal of the ACM 46 (1999), in the form of Hyyrö (2003). A column of the table of
distances is held as two integers with a bit for each row: where the distance grows by one from
the row above, and where it falls. So a column takes a dozen operations on long integers.
"""

__all__ = ["levenshtein"]


def levenshtein(left: str, right: str) -> int:
    """The distance of two texts in code points."""
    if not left:
        return len(right)
    all_rows, last_row = (1 << len(left)) - 1, 1 << (len(left) - 1)
    rows = _rows_by_character(left)
    grows, falls = all_rows, 0  # down the column of the empty text
    distance = len(left)
    for character in right:
        equal = rows.get(character, 0)
        diagonal = (((equal & grows) + grows) ^ grows) | equal | falls
        grows_across = falls | (~(diagonal | grows) & all_rows)
        falls_across = grows & diagonal
        if grows_across & last_row:
            distance += 1
        elif falls_across & last_row:
            distance -= 1
        grows_across = (grows_across << 1) | 1
        falls_across <<= 1
        grows = (falls_across | ~(equal | falls | grows_across)) & all_rows
        falls = grows_across & (equal | falls) & all_rows
    return distance


def _rows_by_character(text: str) -> dict[str, int]:
    """For each character a bit for each place where it stands."""
    rows: dict[str, int] = {}
    for place, character in enumerate(text):
        rows[character] = rows.get(character, 0) | 1 << place
    return rows
