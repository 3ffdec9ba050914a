"""Thinking split off from the answer while the text arrives in pieces."""

from enum import Enum, auto

from pyollama.prompt.delta import Delta
from pyollama.prompt.stop import overlap


class State(Enum):
    """Where in the answer the splitter is."""

    LOOKING = auto()  # nothing but white space, or the start of an opening tag, so far
    THINKING_BLANK = auto()  # after the opening tag: white space is dropped
    THINKING = auto()
    DONE_BLANK = auto()  # after the closing tag: white space is dropped
    DONE = auto()  # everything is content; later tags are ordinary text


class ThinkingSplitter:
    """Cuts one thinking section off the front of an answer.

    opened: whether the prompt already ends with the opening tag, so that thinking comes first.
    """

    def __init__(
        self, opening: str = "<think>", closing: str = "</think>", *, opened: bool = False
    ) -> None:
        self.opening = opening
        self.closing = closing
        self.state = State.THINKING_BLANK if opened else State.LOOKING
        self.held = ""
        self.blanks: list[str] = []  # before what is held, while it is not clear whose they are

    def push(self, text: str) -> Delta:
        """Add text; what it adds to content and to thinking."""
        self.held += text
        content, thinking = "", ""
        while self.held:
            before = self.state, len(self.held)
            split = self._advance()
            content += split.content
            thinking += split.thinking
            if (self.state, len(self.held)) == before:
                break
        return Delta(content, thinking)

    def flush(self) -> Delta:
        """What was held back, once the answer has ended."""
        held, self.held = self.held, ""
        if self.state is State.THINKING:
            return Delta(thinking=held)
        return Delta(content=self._with_blanks(held) if self.state is State.LOOKING else "")

    def _advance(self) -> Delta:
        """Consume as much of the held text as the present state can."""
        if self.state is State.LOOKING:
            return self._look()
        if self.state is State.THINKING:
            return self._think()
        if self.state is not State.DONE:
            return self._skip_blanks()
        held, self.held = self.held, ""
        return Delta(content=held)

    def _look(self) -> Delta:
        trimmed = self.held.lstrip()
        if len(trimmed) < len(self.held):
            self.blanks.append(self.held[: len(self.held) - len(trimmed)])
        self.held = trimmed
        if trimmed.startswith(self.opening):
            self.held = trimmed[len(self.opening) :]
            self.state = State.THINKING_BLANK
        elif not self.opening.startswith(trimmed):
            self.held = self._with_blanks(trimmed)
            self.state = State.DONE  # and the text is content as it came, white space included
        return Delta()

    def _with_blanks(self, text: str) -> str:
        """A text behind the white space that came before it."""
        return "".join([*self.blanks, text])

    def _think(self) -> Delta:
        text, tag, rest = self.held.partition(self.closing)
        if tag:
            self.held = rest
            self.state = State.DONE_BLANK
            return Delta(thinking=text)
        keep = overlap(self.held, self.closing)
        text = self.held[: len(self.held) - keep]
        self.held = self.held[len(text) :]
        return Delta(thinking=text)

    def _skip_blanks(self) -> Delta:
        self.held = self.held.lstrip()
        if self.held:
            self.state = State.THINKING if self.state is State.THINKING_BLANK else State.DONE
        return Delta()
