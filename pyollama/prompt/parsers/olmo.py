"""The parsers of Olmo 3: calls written like Python's, and, of the thinking models, thinking alone.

Let me look.<function_calls>forecast(place="Oslo", hours=3)
forecast(place="Bergen")</function_calls>
"""

from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.parsers.python_calls import CallsError, read_calls
from pyollama.prompt.parsers.states import Next, State, StateParser, ThinkingParser

__all__ = ["Olmo3", "Olmo3Think"]

CALLS, END_CALLS = "<function_calls>", "</function_calls>"


class Olmo3(StateParser):
    """Content, passed on as it comes with all its white space, and blocks of calls.

    What comes with the end of an answer is not read any more: it is content, or, inside of a
    block, lost.
    """

    preserved = (CALLS, END_CALLS)

    def first(self) -> State:
        """An answer begins with content."""
        return self.content

    def add(self, text: str, *, done: bool) -> Delta:
        """What more text adds."""
        if not done:
            return super().add(text, done=False)
        rest = self.feed.rest() + text
        return Delta(content=rest) if self.state == self.content else Delta()

    def content(self) -> Next:
        """Content, up to a block."""
        text, tag = self.feed.upto((CALLS,))
        self.out.content.append(text)
        return self.block if tag else None

    def block(self) -> Next:
        """Calls, one to a line; a line that is none is passed over."""
        if not self.gather(END_CALLS):
            return None
        for line in self.take_body().split("\n"):
            if line := line.strip(SPACE):
                self.line(line)
        return self.content

    def line(self, line: str) -> None:
        """Note the call of a line."""
        try:
            calls = read_calls(line, escapes=True)
        except CallsError:
            return
        for name, arguments in calls:
            self.out.call(name, arguments)


class Olmo3Think(ThinkingParser):
    """Thinking up to its closing tag, then content."""

    preserved = (ThinkingParser.closing,)

    def first(self) -> State:
        """The opening tag stands in the prompt, unless the answer goes on from content."""
        return self.content if self.start.continues else self.thinking

    def content(self) -> Next:
        """All that comes, but for white space at the end."""
        self.out.content.append(self.blanks.push(self.feed.rest()))
        return None
