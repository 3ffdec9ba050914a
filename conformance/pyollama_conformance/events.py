"""Streams of server-sent events, as the HTML standard defines them and OpenAI's API uses them."""

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["DONE", "Event", "events_of"]

DONE = "[DONE]"  # the data of an event that is no JSON


@dataclass(frozen=True)
class Event:
    """One event: its name, empty if it has none, and its data."""

    name: str
    data: str

    def value(self) -> Any:
        """The JSON value of the data. Raises ValueError."""
        return json.loads(self.data)


def events_of(body: bytes) -> list[Event]:
    """The events of a whole stream. Raises ValueError for what no client would read."""
    text = body.decode("utf-8")
    if not text.endswith("\n\n"):
        raise ValueError("the last event is not ended by an empty line")
    return [_event(block) for block in text.split("\n\n")[:-1]]


def _event(block: str) -> Event:
    """One event from its lines."""
    fields: dict[str, list[str]] = {"event": [], "data": []}
    for line in block.split("\n"):
        name, _, value = line.partition(":")
        if name not in fields:
            raise ValueError(f"a line is neither event nor data: {line[:100]!r}")
        fields[name].append(value.removeprefix(" "))
    return Event("".join(fields["event"]), "\n".join(fields["data"]))
