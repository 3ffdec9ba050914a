"""Images and sounds named in a message: ``run llava "What is this? ./photo.jpg"``.

What looks like the path of one and exists is sent with the message and taken out of its text. A
path begins at a slash, so that of ``~/photo.jpg`` only what follows the ``~`` is one.
"""

import base64
import errno
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from pyollama.cli.errors import MediaError
from pyollama.cli.sniffing import HEAD, content_type
from pyollama.gotext import go_quoted

__all__ = ["accepts_media", "media_paths", "take_media"]

PATH_START = re.compile(r"(?:[a-zA-Z]:)?(?:\./|/|\\)")
PATH_END = re.compile(r"\.(?i:jpg|jpeg|png|webp|wav)\b", re.ASCII)
LINE_ENDS = re.compile(r"[\t\n\f\r]+")  # a path may have blanks in it, but no others
ESCAPED = re.compile(r"\\([ ()\[\]{}$&;'\\*?~])")  # as a shell writes a name that is dragged to it

KINDS = ("image/jpeg", "image/png", "image/webp", "audio/wave")
MAX_FILE = 100 << 20  # bytes
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)  # no such file, nor could there be


def accepts_media(shown: dict[str, Any]) -> bool:
    """Whether a model, by its answer of /api/show, takes images or sounds."""
    return not {"vision", "audio"}.isdisjoint(shown.get("capabilities") or [])


def media_paths(text: str) -> Iterator[str]:
    r"""What looks like the path of an image or a sound, as it stands in the text.

    The shortest texts from a slash to a known ending, in the order in which they begin. It is what
    the pattern ``(?:[a-zA-Z]:)?(?:\./|/|\\)[\S\\ ]+?\.(?i:jpg|jpeg|png|webp|wav)\b`` finds, in a
    time that grows with the text and not with its square.
    """
    for line in LINE_ENDS.split(text):
        position = 0
        while start := PATH_START.search(line, position):
            end = PATH_END.search(line, start.end() + 1)  # a name has a letter at least
            if end is None:
                break
            yield line[start.start() : end.end()]
            position = end.end()


def take_media(text: str) -> tuple[str, list[str]]:
    """The text without the paths of files that exist, and those files in base64.

    MediaError, told on stderr, for a file that is no image or sound, too large or unreadable.
    """
    media = []
    for written in list(media_paths(text)):
        path = ESCAPED.sub(r"\1", written)
        try:
            data = read_media(path)
        except MediaError as error:
            click.echo(f"Couldn't process file: {go_quoted(str(error))}", err=True)
            raise
        if data is None:
            continue
        kind = "audio" if content_type(data).startswith("audio/") else "image"
        click.echo(f"Added {kind} '{path}'", err=True)
        for name in (f"'{path}'", f"'{written}'", written):
            text = text.replace(name, "")
        media.append(base64.b64encode(data).decode())
    return text.strip(), media


def read_media(path: str) -> bytes | None:
    """The bytes of an image or a sound; None if there is no such file, MediaError otherwise."""
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for
            raise MediaError(f"read {path}: not a regular file")
        with Path(path).open("rb") as file:
            kind = content_type(file.read(HEAD))
            if kind not in KINDS:
                raise MediaError(f"invalid file type: {kind}")
            if status.st_size > MAX_FILE:
                raise MediaError("file size exceeds maximum limit (100MB)")
            file.seek(0)
            return file.read(MAX_FILE)
    except ValueError:  # a NUL in the name
        return None
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise MediaError(f"open {path}: {(error.strerror or str(error)).lower()}") from error
