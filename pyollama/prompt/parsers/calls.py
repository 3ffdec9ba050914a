"""Calls of tools in the answers of models whose Go template tells how they begin.

Only the tag is known: what the template writes before a call. After it, calls are recognised by the
names of the request's tools and by the JSON objects around them.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any

from pyollama.api import ToolCallFunction
from pyollama.prompt.delta import Delta
from pyollama.prompt.jsonobjects import ObjectFinder, decoded
from pyollama.prompt.stop import overlap
from pyollama.prompt.toolnames import NameFinder

__all__ = ["CallFinder", "tool_name"]

CLOSING = {"{": "}", "[": "]"}
MAX_DEPTH = 100  # of an object that is searched for its arguments
MAX_BROKEN = 1000  # things in braces that are no JSON; behind more of them no call is searched


class State(Enum):
    """Where in the answer the finder is."""

    LOOKING = auto()  # for the tag; what comes before it is content
    CALLING = auto()
    DONE = auto()  # everything is content


class CallFinder:
    """Takes calls out of text that arrives in pieces.

    tag: what a call begins with; "{" and "[" count only where nothing but blanks is before them
    """

    def __init__(self, tag: str, tools: Sequence[Mapping[str, Any]]) -> None:
        self.tag = tag
        self.is_bare = tag in CLOSING
        self.names = NameFinder([tool_name(tool) for tool in tools])
        self.state = State.LOOKING
        self.text = ""  # from the tag on; before that, what may become the tag
        self.begin = 0  # where in the text the rest begins that is not used up
        self.objects = ObjectFinder()
        self.balance = Balance(tag)
        self.n_call = 0
        self.n_broken = 0

    def add(self, text: str) -> Delta:
        """What some more text adds."""
        if self.state is State.DONE:
            return Delta(content=text)
        grown, self.text = self.text, ""  # one owner only: so it grows in place
        grown += text
        self.text = grown
        if self.state is State.LOOKING:
            before, is_found = self._look()
            return Delta(content=before) + (self._collect() if is_found else Delta())
        return self._collect()

    def flush(self) -> str:
        """What is content after all, once the answer has ended."""
        if self.state is State.DONE or not self.is_bare or self.n_call:
            return ""
        return self.text[self.begin :]

    def _look(self) -> tuple[str, bool]:
        """Search the tag: the content before it, and whether it was found."""
        before, found, _ = self.text.partition(self.tag)
        keep = len(self.text) - len(before) if found else overlap(self.text, self.tag)
        before = self.text[: len(self.text) - keep]
        if self.is_bare and before.strip():
            self.state = State.DONE
            return self.text, False
        self.text = self.text[len(before) :]
        if found:
            self.state = State.CALLING
        return before, bool(found)

    def _collect(self) -> Delta:
        """Every call that is complete; with a bare tag, content once the brackets are closed."""
        calls = []
        while (call := self._next_call()) is not None:
            calls.append(call)
        content = ""
        if self.balance.closes(self.text):
            self.state = State.DONE
            content = self.text[self.begin :]
        return Delta(content=content, calls=tuple(calls))

    def _next_call(self) -> ToolCallFunction | None:
        """The first call in the rest of the text, which is used up with it."""
        if self.begin >= len(self.text) or self.names.may_go_on(self.text):
            return None
        found = self.names.find(self.text, self.begin)
        if found is None:
            return None
        place, name = found
        if (arguments := self._arguments(name)) is None:
            return None
        self.begin = max(place + len(name), self.objects.position - 1)
        self.objects = ObjectFinder(self.begin)
        self.balance = Balance(self.tag, self.begin)
        self.n_call += 1
        return ToolCallFunction(index=self.n_call - 1, name=name, arguments=arguments)

    def _arguments(self, name: str) -> dict[str, Any] | None:
        """Those of the first object; an object that names a tool without them ends the search."""
        for begin, end in self.objects.spans(self.text):
            value = decoded(self.text[begin:end])
            if value is not None:
                is_call, arguments = find_arguments(value, name)
                if is_call and arguments is None:
                    self._give_up()  # as upstream: nothing is found after it
                return arguments if is_call else value
            self.n_broken += 1
            if self.n_broken > MAX_BROKEN:
                self._give_up()
                break
        return None

    def _give_up(self) -> None:
        """Search no more calls."""
        self.names = NameFinder([])


def find_arguments(value: Any, tool: str, depth: int = 0) -> tuple[bool, dict[str, Any] | None]:
    """Whether an object, or one inside of it, is a call; and the call's arguments."""
    if depth > MAX_DEPTH:
        return False, None
    items: list[Any]
    if isinstance(value, list):
        items = [item for item in value if isinstance(item, dict)]
    elif "name" in value:
        return True, arguments_of(value)
    elif isinstance(value.get(tool), dict):
        return True, value[tool]
    else:
        items = [item for item in value.values() if isinstance(item, dict | list)]
    for item in items:
        is_call, arguments = find_arguments(item, tool, depth + 1)
        if is_call:
            return True, arguments
    return False, None


def arguments_of(call: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments of an object with a name: an object, or the text of one."""
    for key in ("arguments", "parameters"):
        value = call.get(key)
        if isinstance(value, str):
            value = decoded(value)
        if isinstance(value, dict):
            return value
    return None


class Balance:
    """Tells when the brackets of a bare tag are closed; those inside of strings count too."""

    def __init__(self, tag: str, position: int = 0) -> None:
        self.opening, self.closing = tag, CLOSING.get(tag, "")
        self.position = position
        self.depth = 0

    def closes(self, text: str) -> bool:
        """Whether the text, as far as it was not looked at before, closes the outermost one."""
        if not self.closing:
            return False
        position, self.position = self.position, len(text)
        for place in range(position, len(text)):
            char = text[place]
            if char == self.opening:
                self.depth += 1
            elif char == self.closing:
                self.depth -= 1
                if self.depth == 0:
                    return True
        return False


def tool_name(tool: Mapping[str, Any]) -> str:
    """The name of a tool, "" if it has none."""
    function = tool.get("function")
    name = function.get("name") if isinstance(function, Mapping) else None
    return name if isinstance(name, str) else ""
