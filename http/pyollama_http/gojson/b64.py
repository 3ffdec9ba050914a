"""Base64 as Go's StdEncoding reads it: with padding, line ends skipped, and its own complaint.

Source: encoding/base64 of Go (decodeQuantum).
"""

import binascii
import re

__all__ = ["decode_base64"]

ALPHABET = re.compile(rb"[A-Za-z0-9+/\r\n]*+")
LAST_GROUP = re.compile(rb"(?:[A-Za-z0-9+/]{2}(?:[A-Za-z0-9+/]{2}|[A-Za-z0-9+/]=|==))?")
LINE_ENDS = re.compile(rb"[\r\n]*+")


def decode_base64(text: str) -> bytes:
    """The bytes that the text stands for; ValueError says at which byte it goes wrong."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) % 4 == 0 and LAST_GROUP.fullmatch(data, max(len(data) - 4, 0)):
        decoded = binascii.a2b_base64(data)
        if len(decoded) == len(data) // 4 * 3 - data[-2:].count(b"="):
            return decoded  # nothing was skipped: all of it is of the alphabet
    fault = _fault(data)
    if fault is not None:
        raise ValueError(f"illegal base64 data at input byte {fault}")
    return binascii.a2b_base64(data)


def _fault(data: bytes) -> int | None:
    """Where Go's decoder stops, or None if it takes all of the data."""
    at = _end(ALPHABET, data, 0)
    body = data[:at]
    place = (at - body.count(b"\r") - body.count(b"\n")) % 4  # in the last group of four
    if at == len(data):
        return at - place if place else None
    if data[at] != ord("=") or place < 2:
        return at
    if place == 2:  # a second sign must follow
        second = _end(LINE_ENDS, data, at + 1)
        if second == len(data):
            return second
        if data[second] != ord("="):
            return second - 1
        at = second
    rest = _end(LINE_ENDS, data, at + 1)
    return None if rest == len(data) else rest


def _end(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    """Where a match of the pattern, which may be empty, ends."""
    match = pattern.match(data, at)
    assert match is not None
    return match.end()
