"""The line editor: Ollama's prompt and keys on prompt_toolkit's line buffer.

prompt_toolkit already has the keys of Emacs: Ctrl-A, E, B, F, K, U, W, L, P, N, arrows, words with
Alt, history, bracketed paste. What Ollama does differently is bound here.
"""

import sys
from collections.abc import Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output
from prompt_toolkit.output.defaults import create_output

from pyollama.cli.errors import CommandError
from pyollama.cli.repl.composing import composed
from pyollama.cli.repl.conversation import Abandoned
from pyollama.cli.repl.history import HistoryFile

__all__ = ["LineEditor"]

PROMPT, PLACEHOLDER = ">>> ", "Send a message (/? for help)"
ALTERNATE_PROMPT, ALTERNATE_PLACEHOLDER = "... ", "Press Enter to send"
GREY = "fg:#8a8a8a"  # number 245 of the 256 colours
TAB = " " * 8


class LineEditor:
    """Reads messages from the terminal, with the history of earlier sessions."""

    def __init__(self, history: HistoryFile) -> None:
        self.session: PromptSession[str] = PromptSession(
            history=Remembered(history),
            key_bindings=bindings(),
            multiline=True,  # a message may have line ends in it: pasted, or by Ctrl-J
            prompt_continuation=continuation,
            enable_suspend=True,
            reserve_space_for_menu=0,
            output=output(),
        )

    def read(self, *, continued: bool = False) -> str:
        """A message; continued is for the further lines of a block.

        Abandoned for Ctrl-C, EOFError for Ctrl-D on an empty line.
        """
        prompt, placeholder = PROMPT, PLACEHOLDER
        if continued:
            prompt, placeholder = ALTERNATE_PROMPT, ALTERNATE_PLACEHOLDER
        try:
            return self.session.prompt(prompt, placeholder=lambda: _hint(placeholder))
        except KeyboardInterrupt:
            raise Abandoned(self.session.default_buffer.text) from None


def continuation(width: int, line_number: int, wrap_count: int) -> str:
    """What precedes a further line of the message, and the rest of one that is too long."""
    return " " * width if wrap_count else ALTERNATE_PROMPT


def _hint(text: str) -> StyleAndTextTuples:
    """The placeholder, which goes when the line is done, or shows what a search has found."""
    app = get_app()
    return [] if app.is_done or app.layout.is_searching else [(GREY, text)]


def output() -> Output:
    """The terminal, which is not asked for the cursor's position.

    Only menus would need the answer, and it would arrive among the keys.
    """
    terminal = create_output(sys.stdout)
    if hasattr(terminal, "enable_cpr"):
        terminal.enable_cpr = False
    return terminal


class Remembered(History):
    """The history file as prompt_toolkit sees it."""

    def __init__(self, file: HistoryFile) -> None:
        super().__init__()
        self.file = file

    def load_history_strings(self) -> Iterable[str]:
        """The entries, the newest first."""
        return reversed(self.file.entries())

    def store_string(self, string: str) -> None:
        """Save one more entry."""
        self.file.add(string)


def bindings() -> KeyBindings:
    """The keys that differ from prompt_toolkit's own."""
    keys = KeyBindings()
    in_line = has_focus(DEFAULT_BUFFER)  # and not in a search through the history

    @keys.add("enter", filter=in_line)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("c-j", filter=in_line)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("tab", filter=in_line)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text(TAB)

    @keys.add("c-g", filter=in_line)
    def _(event: KeyPressEvent) -> None:
        run_in_terminal(lambda: _compose(event))

    return keys


def _compose(event: KeyPressEvent) -> None:
    """Put what the user writes in an editor into the line; nothing written changes nothing."""
    try:
        text = composed(event.current_buffer.text)
    except CommandError as error:
        print(error, file=sys.stderr)
        return
    if text.strip():
        event.current_buffer.document = Document(text)
