"""Asking a model and printing its answer as it comes; ``run`` does it once or many times."""

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import click

from pyollama.cli.client import Client
from pyollama.cli.errors import CommandError
from pyollama.cli.output import Answer
from pyollama.cli.statistics import timings
from pyollama.cli.waiting import Waiting

__all__ = ["Server", "View"]

Kernels = Callable[[], int | None]


@dataclass
class View:
    """How answers are shown."""

    verbose: bool = False
    word_wrap: bool = True
    hide_thinking: bool = False


@dataclass(frozen=True)
class Server:
    """Where models answer; kernels counts the compiled ones, for a server in this process."""

    client: Client
    kernels: Kernels = lambda: None

    def load(self, request: dict[str, Any]) -> None:
        """Load a model, with a spinner while it takes its time."""
        self.finish("/api/generate", request)

    def finish(self, path: str, request: dict[str, Any]) -> None:
        """Wait until a request is done, with a spinner, whatever the server tells meanwhile."""
        with Waiting(self.kernels), contextlib.closing(self.client.stream(path, request)) as lines:
            for _ in lines:
                continue

    def answer(self, path: str, request: dict[str, Any], view: View) -> dict[str, Any]:
        """Print the answer of /api/generate or /api/chat and give it as a message.

        An interrupt closes the connection, whereupon the server stops, and goes on to the caller.
        """
        answer = Answer(word_wrap=view.word_wrap, hide_thinking=view.hide_thinking)
        message = {"role": "assistant", "content": ""}
        line: dict[str, Any] = {}
        try:
            with contextlib.closing(self._lines(path, request)) as lines:
                for line in lines:
                    show_piece(answer, message, piece(line))
        except KeyboardInterrupt:
            answer.abandon()
            raise
        except CommandError:
            answer.fail()
            raise
        answer.finish()
        if view.verbose and line.get("eval_count"):
            click.echo(timings(line), err=True)
        return message

    def _lines(self, path: str, request: dict[str, Any]) -> Generator[dict[str, Any], None, None]:
        """The lines of an answer; a spinner turns until the first."""
        with (
            Waiting(self.kernels) as waiting,
            contextlib.closing(self.client.stream(path, request)) as lines,
        ):
            for line in lines:
                waiting.stop()
                yield line


def piece(line: dict[str, Any]) -> dict[str, Any]:
    """A line of an answer as a piece of a message, whichever endpoint it is from."""
    if "response" in line:
        return {"content": line["response"], "thinking": line.get("thinking", "")}
    return line.get("message") or {}


def show_piece(answer: Answer, message: dict[str, Any], part: dict[str, Any]) -> None:
    """Print a piece and add it to the message."""
    if thinking := part.get("thinking"):
        answer.think(thinking)
        message["thinking"] = message.get("thinking", "") + thinking
    answer.say(part.get("content", ""))
    message["content"] += part.get("content", "")
    for call in part.get("tool_calls") or []:
        answer.call(call.get("function") or {})
        message.setdefault("tool_calls", []).append(call)
