"""Bytes to text as Go does it: each byte that is not part of a character becomes U+FFFD.

Python's own `errors="replace"` gives one U+FFFD for a cut-off character of two or three bytes.
"""

import codecs

_EACH_BYTE = "pyollama.each-byte"


def _replace_each_byte(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\ufffd" * (error.end - error.start), error.end


codecs.register_error(_EACH_BYTE, _replace_each_byte)


def decode_utf8(data: bytes) -> str:
    """The text of the bytes, with U+FFFD for every byte that belongs to no character."""
    return data.decode("utf-8", errors=_EACH_BYTE)


def incremental_decoder() -> codecs.IncrementalDecoder:
    """A decoder that keeps the bytes of an unfinished character until the rest arrives."""
    return codecs.getincrementaldecoder("utf-8")(errors=_EACH_BYTE)
