"""A conversation with a scripted server, whose lines come from the test."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pyollama.cli.asking import Server, View
from pyollama.cli.client import Client
from pyollama.cli.repl.conversation import Conversation
from pyollama.cli.repl.history import HistoryFile
from pyollama.cli.repl.loop import converse
from pyollama.settings import Settings

SHOWN = {
    "capabilities": ["completion"],
    "details": {"family": "llama", "parameter_size": "3M", "quantization_level": "Q8_0"},
}


@dataclass
class Lines:
    """What the user types, one after the other; an exception is raised instead."""

    lines: list[str | BaseException]
    continued: list[bool] = field(default_factory=list)

    def read(self, *, continued: bool = False) -> str:
        """The next line; EOFError when there is none."""
        self.continued.append(continued)
        if not self.lines:
            raise EOFError
        line = self.lines.pop(0)
        if isinstance(line, BaseException):
            raise line
        return line


@dataclass
class Printed:
    """What a conversation has printed."""

    out: str
    err: str


@pytest.fixture
def talk(server: Any, tmp_path: Path) -> Conversation:
    """A conversation with the model m, which answers "Yes." to everything."""
    answer = [{"message": {"content": text}} for text in ("Ye", "s.")] + [{"done": True}]
    server.answers["POST /api/show"] = (200, SHOWN)
    server.answers["POST /api/chat"] = (200, answer)
    server.answers["POST /api/generate"] = (200, [{"done": True}])
    client = Client(Settings.from_environ().host)
    history = HistoryFile(tmp_path / "history")
    shown = dict(SHOWN)
    return Conversation(Server(client), Lines([]), history, {"model": "m"}, shown, View())


@pytest.fixture
def enter(talk: Conversation, capsys: pytest.CaptureFixture[str]) -> Callable[..., Printed]:
    """Enter lines into the conversation, until its end."""

    def lines(*texts: str | BaseException) -> Printed:
        talk.reader = Lines(list(texts))
        converse(talk)
        return Printed(*capsys.readouterr())

    return lines
