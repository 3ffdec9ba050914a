"""What kind of file some bytes are, by how they begin, in the words of Go's standard library.

What is neither known nor text is ``application/octet-stream``: weights are, whatever their format.
Source: the MIME Sniffing Standard of the WHATWG, of which these are the rows that matter here.
"""

import re
from pathlib import Path

__all__ = ["BINARY", "HEAD", "TEXT", "ZIP", "content_type", "kind_of"]

HEAD = 512  # bytes that are looked at
BINARY = "application/octet-stream"
TEXT = "text/plain"
ZIP = "application/zip"
UTF_8, UTF_16_BE, UTF_16_LE = (f"; charset={name}" for name in ("utf-8", "utf-16be", "utf-16le"))

TAGS = rb"!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P"
SIGNATURES = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (rb"[\t\n\f\r ]*<(?i:" + TAGS + rb")[ >]", "text/html" + UTF_8),
        (rb"[\t\n\f\r ]*<!--", "text/html" + UTF_8),
        (rb"[\t\n\f\r ]*<\?xml", "text/xml" + UTF_8),
        (rb"%PDF-", "application/pdf"),
        (rb"%!PS-Adobe-", "application/postscript"),
        (rb"\xfe\xff", TEXT + UTF_16_BE),
        (rb"\xff\xfe", TEXT + UTF_16_LE),
        (rb"\xef\xbb\xbf", TEXT + UTF_8),
        (rb"\x00\x00[\x01\x02]\x00", "image/x-icon"),
        (rb"BM", "image/bmp"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"RIFF....WEBPVP", "image/webp"),
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"ID3", "audio/mpeg"),
        (rb"OggS\x00", "application/ogg"),
        (rb"RIFF....AVI ", "video/avi"),
        (rb"RIFF....WAVE", "audio/wave"),
        (rb"\x1a\x45\xdf\xa3", "video/webm"),
        (rb"PK\x03\x04", ZIP),
        (rb"\x1f\x8b\x08", "application/x-gzip"),
    )
)
NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")  # bytes that no text has


def content_type(head: bytes) -> str:
    """The kind of a file that begins so, text with its encoding."""
    head = head[:HEAD]
    for pattern, kind in SIGNATURES:
        if pattern.match(head):
            return kind
    return BINARY if NO_TEXT.search(head) else TEXT + UTF_8


def kind_of(path: Path) -> str:
    """The kind of a file without the encoding; OSError if it cannot be read."""
    with path.open("rb") as file:
        return content_type(file.read(HEAD)).partition(";")[0]
