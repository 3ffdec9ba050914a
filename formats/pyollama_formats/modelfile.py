"""Reading a Modelfile: text to commands.

    FROM ./model.gguf
    PARAMETER temperature 0.7
    SYSTEM "You are terse.
    You are kind."
    MESSAGE user Why is the sky blue?

The language has no grammar but a way of reading, character by character, whose corners people's
files rely on; digests are taken over the values, so they are kept to the letter. What the commands
mean is told in `instructions`.
"""

import codecs
import re
from dataclasses import dataclass

from pyollama_formats.errors import FormatError

KEYWORDS = (
    "from",
    "license",
    "template",
    "system",
    "adapter",
    "draft",
    "renderer",
    "parser",
    "parameter",
    "message",
    "requires",
)
ROLES = ("system", "user", "assistant")

_BETWEEN = re.compile(r"(?:[ \t\r\n]+|#[^\r\n]*)*")  # blank space and comments
_KEYWORD = re.compile(r".[A-Za-z]*", re.DOTALL)  # whatever it begins with, to be refused later
_PARAMETER = re.compile(r"[A-Za-z0-9_]*")
_ROLE = re.compile(r"[A-Za-z]*")
_LINE = re.compile(r"[^\r\n]*")


class ModelfileError(FormatError):
    """The text is not a Modelfile, in Ollama's words."""


@dataclass(frozen=True)
class Command:
    """One instruction.

    name  the keyword in lower case
    args  its value, unquoted
    key   the name of a PARAMETER or the role of a MESSAGE, else empty
    """

    name: str
    args: str
    key: str = ""


def parse_modelfile(source: str | bytes) -> list[Command]:
    """The commands of a Modelfile in order; ModelfileError if it is none or has no FROM.

    Bytes are UTF-8, or UTF-16 if they begin with its byte-order mark.
    """
    text = _decode(source) if isinstance(source, bytes) else source.removeprefix("\ufeff")
    commands: list[Command] = []
    position = _end(_BETWEEN, text, 0)
    while position < len(text):
        command, position = _command(text, position)
        commands.append(command)
        position = _end(_BETWEEN, text, position)
    if not any(command.name == "from" for command in commands):
        raise ModelfileError("no FROM line")
    return commands


def _decode(source: bytes) -> str:
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return source.decode("utf-16", errors="replace")
    return source.decode("utf-8", errors="replace").removeprefix("\ufeff")


def _command(text: str, position: int) -> tuple[Command, int]:
    """The command that begins at a position, and the position after it."""
    name, position = _keyword(text, position)
    key = ""
    if name == "parameter":
        key, position = _key(_PARAMETER, text, position)
    elif name == "message":
        key, position = _key(_ROLE, text, position)
        if key not in ROLES:
            message = 'message role must be one of "system", "user", or "assistant"'
            raise _error_at(text, position - 1, message)
    args, position = _value(text, position)
    return Command(name, args, key), position


def _keyword(text: str, start: int) -> tuple[str, int]:
    """The keyword in lower case, and the position after the blank that ends it."""
    end = _end(_KEYWORD, text, start)
    if end == len(text):
        raise ModelfileError("unexpected EOF")
    name = _printable(text[start:end]).lower()
    if text[end] not in " \t" or name not in KEYWORDS:
        names = ", ".join(f'"{keyword}"' for keyword in KEYWORDS[:-1])
        message = f'command must be one of {names}, or "{KEYWORDS[-1]}"'
        raise _error_at(text, end, message)
    return name, end + 1


def _key(letters: re.Pattern[str], text: str, start: int) -> tuple[str, int]:
    """A parameter's name or a role, and the position after the one blank that ends it."""
    end = _end(letters, text, start)
    if end == len(text):
        raise ModelfileError("unexpected EOF")
    if text[end] not in " \t":
        raise ModelfileError(f"unexpected EOF: {text[start:end]}")
    return text[start:end], end + 1


def _value(text: str, start: int) -> tuple[str, int]:
    """A value and the position of the line's end after it.

    A value that begins with one or three double quotes goes on over the ends of lines until a
    line ends with the same. Text behind the closing quotes therefore opens the value again.
    """
    end = _end(_LINE, text, start)
    line = _printable(text[start:end]).lstrip(" \t")
    value = line.rstrip(" \t")
    quotes = '"""' if value.startswith('"""') else '"' if value.startswith('"') else ""
    if len(value) >= 2 * len(quotes) and value.endswith(quotes):
        return value[len(quotes) : len(value) - len(quotes)], end
    pieces = [line]
    while True:
        if end == len(text):
            raise ModelfileError("unexpected EOF")
        start, end = end + 1, _end(_LINE, text, end + 1)
        line = _printable(text[start:end])
        pieces += [text[start - 1], line]  # the CR or LF between them belongs to the value
        if line.rstrip(" \t").endswith(quotes):
            return "".join(pieces).rstrip(" \t")[len(quotes) : -len(quotes)], end


def _printable(text: str) -> str:
    """The text without characters that do not print, tabs excepted.

    Emoji lose their zero-width joiners so, but Ollama's digests are those of such texts.
    """
    return "".join(c for c in text if c == "\t" or c.isprintable())


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


def _error_at(text: str, position: int, message: str) -> ModelfileError:
    """An error with its line, of which every CR and every LF begins one: CRLF counts twice."""
    before = text[: position + 1]
    line = 1 + before.count("\r") + before.count("\n")
    return ModelfileError(f"(line {line}): {message}")
