"""What an interactive session keeps from one line to the next."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from pyollama.cli.asking import Server, View
from pyollama.cli.media import accepts_media, take_media
from pyollama.cli.repl.history import HistoryFile

__all__ = ["Abandoned", "Conversation", "Leave", "Reader"]

Message = dict[str, Any]


class Leave(Exception):
    """The user wants to go."""


class Abandoned(Exception):
    """Ctrl-C at the prompt: the line, and the block that it was in, are given up."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.line = line


class Reader(Protocol):
    """Where lines come from."""

    def read(self, *, continued: bool = False) -> str:
        """The next line; Abandoned for Ctrl-C, EOFError at the end."""
        ...


@dataclass
class Conversation:
    """A model, what has been said, and how it is shown.

    request    the fields of every request: model, and as far as they are set format, think,
               keep_alive and options
    shown      the answer of /api/show for the model
    messages   said in this session; those stored with the model are added by the server
    system     the system message that was set here, "" for the model's own
    """

    server: Server
    reader: Reader
    history: HistoryFile
    request: dict[str, Any]
    shown: dict[str, Any]
    view: View
    think_is_chosen: bool = False
    system: str = ""
    messages: list[Message] = field(default_factory=list)

    @property
    def model(self) -> str:
        """The model's name, as the user has written it."""
        return str(self.request["model"])

    @property
    def options(self) -> dict[str, Any]:
        """The parameters that were set here."""
        options: dict[str, Any] = self.request.get("options", {})
        return options

    def can(self, capability: str) -> bool:
        """Whether the model has a capability."""
        return capability in (self.shown.get("capabilities") or [])

    def load(self) -> None:
        """Load the model, so that the first answer need not wait for it."""
        self.server.load(self.request)

    def switch(self, name: str) -> None:
        """Go over to another model and begin anew; ApiError, and no change, if it cannot be."""
        shown = self.server.client.call("POST", "/api/show", {"model": name})
        request = self.request | {"model": name}
        if not self.think_is_chosen:
            request.pop("think", None)
            if "thinking" in (shown.get("capabilities") or []):
                request["think"] = True
        self.server.load(request)
        self.request, self.shown = request, shown
        self.system, self.messages = "", []

    def clear(self) -> None:
        """Forget what has been said, but not the system message."""
        self.messages = [self._system_message()] if self.system else []

    def set_system(self, text: str) -> None:
        """Give the model a system message from here on."""
        self.system = text
        if self.messages and self.messages[-1]["role"] == "system":
            self.messages.pop()
        self.messages.append(self._system_message())

    def send(self, text: str) -> None:
        """Send a message with all that has been said before it, and print the answer.

        An interrupted answer is not kept, but the message is: KeyboardInterrupt. A message that
        the server refuses is not kept: ApiError. MediaError for a file that cannot go with it.
        """
        messages = [*self.messages, self._question(text)]
        request = self.request | {"messages": messages}
        try:
            answer = self.server.answer("/api/chat", request, self.view)
        except KeyboardInterrupt:
            self.messages = messages
            raise
        self.messages = [*messages, answer]

    @property
    def takes_media(self) -> bool:
        """Whether the model takes images or sounds."""
        return accepts_media(self.shown)

    def _question(self, text: str) -> Message:
        """What the user says, with the files it names if the model takes any."""
        if not self.takes_media:
            return {"role": "user", "content": text}
        content, media = take_media(text)
        return {"role": "user", "content": content} | ({"images": media} if media else {})

    def _system_message(self) -> Message:
        return {"role": "system", "content": self.system}
