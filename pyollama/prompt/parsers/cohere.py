"""`cohere`: thinking, then blocks of text and of actions, each between tokens of its own.

    <|START_TEXT|>Let me look.<|END_TEXT|><|START_ACTION|>[
        {"tool_call_id": "0", "tool_name": "get_weather", "parameters": {"city": "Paris"}}
    ]<|END_ACTION|>

The prompt opens thinking. Text outside of all blocks is content as well.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from pyollama.prompt.jsonobjects import ObjectFinder
from pyollama.prompt.parsers.gojson import JSONError, read_json
from pyollama.prompt.parsers.states import Next, State, ThinkingParser

__all__ = ["Cohere"]

TEXTS = ("<|START_TEXT|>", "<|START_RESPONSE|>")
TEXT_ENDS = ("<|END_TEXT|>", "<|END_RESPONSE|>")
ACTION, ACTION_END = "<|START_ACTION|>", "<|END_ACTION|>"
MAX_PARTS = 1000  # things in braces that are looked at in a list that is no JSON


class Cohere(ThinkingParser):
    """Thinking unless it is turned off, or the model goes on from content of its own."""

    opening, closing = "<|START_THINKING|>", "<|END_THINKING|>"
    preserved = (opening, closing, *TEXTS, *TEXT_ENDS, ACTION, ACTION_END)

    def first(self) -> State:
        """The prompt has opened thinking, or a text."""
        if self.start.continues:
            return self.text
        return self.gap if self.start.think is False else self.thinking

    def content(self) -> Next:
        """Outside of all blocks."""
        tag = self.pass_on((*TEXTS, ACTION), self.out.content)
        if not tag:
            return None
        return self.action if tag == ACTION else self.text

    def text(self) -> Next:
        """A block of text; an action ends it too."""
        tag = self.pass_on((*TEXT_ENDS, ACTION), self.out.content)
        if not tag:
            return None
        return self.action if tag == ACTION else self.gap

    def action(self) -> Next:
        """A list of calls."""
        if not self.gather(ACTION_END):
            return None
        self.read_actions()
        return self.gap

    def finish(self) -> None:
        """What looked like the beginning of a tag is text; so many calls as are complete count."""
        if self.state == self.action:
            self.read_actions()
            return
        sink = self.out.thinking if self.state == self.thinking else self.out.content
        sink.append(self.blanks.push(self.feed.rest()))

    def read_actions(self) -> None:
        """Note the calls of a block; what is no call is passed over."""
        for action in actions(self.take_body()):
            name, arguments = action.get("tool_name"), action.get("parameters")
            if isinstance(name, str) and name and isinstance(arguments, dict | None):
                self.out.call(name, arguments or {})


def actions(text: str) -> Iterator[dict[str, Any]]:
    """The objects of a list; of a text that is no JSON, those that are."""
    try:
        value = read_json(text)
    except JSONError:
        value = None
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))
        return
    for begin, end in islice(ObjectFinder().spans(text), MAX_PARTS):
        try:
            yield read_json(text[begin:end])
        except JSONError:
            continue
