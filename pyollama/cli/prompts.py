"""What ``template`` prints: a conversation written each way, and how the others differ."""

import json
import re
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

from pyollama.api import ChatRequest
from pyollama.cli.errors import CommandError
from pyollama.cli.tokendiff import token_diff
from pyollama.serving.chat import Chat
from pyollama.serving.checks import find_model, not_pulled
from pyollama.serving.text_side import load_text_side
from pyollama.serving.ways import Written, ways, written
from pyollama.settings import Settings
from pyollama.store import Store
from pyollama.tokenizer import Tokenizer

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["BUILT_IN", "Page", "print_prompts", "request_of"]

BUILT_IN: list[Any] = [
    {"role": "system", "content": "Answer in one sentence."},
    {"role": "user", "content": "Why is the sky blue?"},
    {"role": "assistant", "content": "Because air scatters blue light more than red."},
    {"role": "user", "content": "And at sunset?"},
]
"""The conversation of a call without a file: every role, and more than one turn."""

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
STYLES = {"@": "cyan", "-": "red", "+": "green"}


def request_of(model: str, text: str | None, think: bool | str | None) -> ChatRequest:
    """The chat that a file describes: a request for /api/chat, or its messages alone.

    It is decoded by the server's own rules, for tools are printed as those leave them. Raises
    DecodeError, and CommandError if there are no messages.
    """
    whole = json.dumps(BUILT_IN) if text is None else text.strip()
    if whole.startswith("["):
        whole = f'{{"messages":{whole}}}'
    gojson = import_module("pyollama_http.gojson")  # by its name, as serve names the server
    request: ChatRequest = gojson.decode(ChatRequest, whole.encode())
    if not request.messages:
        raise CommandError("the conversation has no messages")
    request.model = model
    if think is not None:
        request.think = think
    return request


class Page:
    """Where it is printed: on a terminal in colours, and no control characters; elsewhere plain."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.on_terminal = out.isatty()
        self.console = new_console(out) if self.on_terminal else None

    def print(self, text: str, style: str = "") -> None:
        """Print a text and a line break."""
        if self.console is None:
            self.out.write(text + "\n")
            return
        shown = CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
        self.console.print(shown, style=style or None, soft_wrap=True)


def new_console(out: TextIO) -> "Console":
    """A console that changes nothing but colours."""
    from rich.console import Console

    return Console(file=out, markup=False, emoji=False, highlight=False)


def print_prompts(request: ChatRequest, page: Page) -> None:
    """Print the prompt in every way, the one that is taken first, and what sets others apart.

    Raises what /api/chat would answer for a model, or a request, that it refuses.
    """
    settings = Settings.from_environ()
    stored = find_model(Store(settings.models, go_template=settings.go_template), request.model)
    if not stored.has_weights:
        raise not_pulled(request.model)
    chat = Chat(request)
    thinks = chat.check(stored)
    side = load_text_side(str(stored.model_path))
    found = [written(way, chat, stored, side, thinks) for way in ways(stored, side.template)]
    found.sort(key=lambda each: not each.way.why)
    for each in found:
        print_written(each, page)
    for other in found[1:]:
        print_difference(found[0], other, page, shown_by(side.tokenizer))


def print_written(each: Written, page: Page) -> None:
    """One prompt with its heading."""
    use = f"used: {each.way.why}" if each.way.why else "not used"
    page.print(f"=== {each.way.name} ({use})", "bold")
    if each.error:
        page.print(f"Error: {each.error}", "red")
        return
    page.print(each.prompt)
    page.print(f"=== {len(each.tokens)} tokens\n", "bold")


def print_difference(
    used: Written, other: Written, page: Page, shown: Callable[[int], str]
) -> None:
    """How the tokens of two prompts differ."""
    if used.error or other.error:
        return
    page.print(f"--- {used.way.name}\n+++ {other.way.name}", "bold")
    lines = list(token_diff(used.tokens, other.tokens, shown))
    if not lines:
        page.print("  the same tokens")
    for line in lines:
        page.print(line, STYLES.get(line[0], ""))


def shown_by(tokenizer: Tokenizer) -> Callable[[int], str]:
    """Prints a token as a JSON string; bytes that are no whole character as U+FFFD."""

    def shown(id: int) -> str:
        text = tokenizer.piece(id, special=True).decode("utf-8", "replace")
        return json.dumps(text, ensure_ascii=False)

    return shown
