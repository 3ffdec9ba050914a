"""Servers that are wrong in one thing: every message of the application's answers is changed."""

from collections.abc import Callable
from typing import Any

from thread_server import Application, Message

Change = Callable[[Message], None]


def faulty(change: Change) -> Callable[[Application], Application]:
    """The application with every message of its answers changed."""

    def around(app: Application) -> Application:
        async def changed(scope: Message, receive: Any, send: Any) -> None:
            async def send_changed(message: Message) -> None:
                change(message)
                await send(message)

            await app(scope, receive, send_changed)

        return changed

    return around


def header(name: bytes, value: bytes | None) -> Change:
    """A header with another value, or missing."""

    def change(message: Message) -> None:
        if message["type"] == "http.response.start":
            pairs = [(n, value if n.lower() == name else v) for n, v in message["headers"]]
            message["headers"] = [(n, v) for n, v in pairs if v is not None]

    return change


def status(old: int, new: int) -> Change:
    """Another status."""

    def change(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == old:
            message["status"] = new

    return change


def body(old: bytes, new: bytes) -> Change:
    """Other bytes, as many as before."""
    assert len(old) == len(new)

    def change(message: Message) -> None:
        if message["type"] == "http.response.body":
            message["body"] = message["body"].replace(old, new)

    return change
