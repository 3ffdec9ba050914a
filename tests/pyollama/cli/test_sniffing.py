"""The kind of a file by its first bytes, as Go's standard library tells it."""

from pathlib import Path

import pytest

from pyollama.cli.sniffing import content_type, kind_of


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", "text/plain; charset=utf-8"),
        (b"plain\n", "text/plain; charset=utf-8"),
        ("für".encode(), "text/plain; charset=utf-8"),
        (b'{"a": 1}', "text/plain; charset=utf-8"),
        (b"\xef\xbb\xbf{}", "text/plain; charset=utf-8"),
        (b"\xff\xfea\x00", "text/plain; charset=utf-16le"),
        (b"\xfe\xff\x00a", "text/plain; charset=utf-16be"),
        (b"\x1b[1m", "text/plain; charset=utf-8"),
        (b"a\x00b", "application/octet-stream"),
        (b"GGUF\x03\x00\x00\x00", "application/octet-stream"),
        (b" \n<!doctype html><p>", "text/html; charset=utf-8"),
        (b"<html>", "text/html; charset=utf-8"),
        (b"<htmlx>", "text/plain; charset=utf-8"),
        (b"<!-- x", "text/html; charset=utf-8"),
        (b"<?xml version", "text/xml; charset=utf-8"),
        (b"PK\x03\x04", "application/zip"),
        (b"%PDF-1.7", "application/pdf"),
        (b"GIF87a", "image/gif"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xdb", "image/jpeg"),
        (b"RIFF1234WEBPVP8 ", "image/webp"),
        (b"RIFF\n234WAVEfmt ", "audio/wave"),
        (b"ID3\x04", "audio/mpeg"),
        (b"a" * 600 + b"\x00", "text/plain; charset=utf-8"),  # only 512 bytes count
    ],
)
def test_what_bytes_begin_with_tells_what_they_are(head: bytes, kind: str) -> None:
    assert content_type(head) == kind


def test_a_files_kind_has_no_encoding(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("text")
    assert kind_of(path) == "text/plain"
