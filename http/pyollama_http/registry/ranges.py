"""Which bytes of a file a Range header asks for. Source: RFC 9110, section 14."""

import re

__all__ = ["Unsatisfiable", "requested"]

ONE_RANGE = re.compile(r"bytes=\s*(\d{0,20})-(\d{0,20})\s*", re.ASCII | re.IGNORECASE)


class Unsatisfiable(Exception):
    """The file has none of the bytes that are asked for."""


def requested(header: str, size: int) -> range | None:
    """The bytes of a file of so many bytes, or None where all of it is the answer.

    That is also the answer to a header that cannot be read or has several ranges, which a server
    may overlook. Unsatisfiable for a range that begins where the file has ended.
    """
    found = ONE_RANGE.fullmatch(header)
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:  # the last so many bytes
        span = range(max(size - int(last), 0), size)
    elif not last:
        span = range(int(first), size)
    elif int(last) < int(first):
        return None
    else:
        span = range(int(first), min(int(last) + 1, size))
    if not span:
        raise Unsatisfiable
    return span
