"""How one request is written for the model, and how its answer is read.

Ollama has two ways. It renders the prompt and parses the answer itself, by a renderer and a parser
that the model's config names or by the model's Go template; or it leaves both to the engine, which
uses the chat template of the GGUF.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pyollama.api import Message
from pyollama.prompt.parsers import Parser, Start, new_parser
from pyollama.prompt.parsers.base import Tool
from pyollama.prompt.parsers.generic import GenericParser
from pyollama.prompt.parsers.native import NativeParser
from pyollama.serving.loaded import LoadedModel
from pyollama.serving.writers import NativeWriter, Thinking, Writer, parsed
from pyollama.store.model import DEFAULT_TEMPLATE, StoredModel

__all__ = ["Exchange"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Exchange:
    """The writer of one request, and the parser of its answer.

    tools: of the request
    start: what the parser that the model names is told; None if it is not to be used
    """

    stored: StoredModel
    loaded: LoadedModel
    writer: Writer
    thinking: Thinking
    tools: Sequence[Tool] = ()
    start: Start | None = None

    @cached_property
    def named_parser(self) -> Parser | None:
        """The parser that the model's config names, for this one answer."""
        name = self.stored.parser_name
        parser = new_parser(name, self.start) if name and self.start else None
        logger.debug(
            "%s: prompt by %s, answer by %s",
            self.stored.name.full,
            self.writer.name,
            f"parser {name}" if parser else "the tags of its template",
        )
        return parser

    def write(self, messages: Sequence[Message]) -> str:
        """The prompt for some messages; tools have the names that the parser gives them."""
        parser = self.named_parser
        tools = parser.tools if parser else self.tools
        return self.writer.write(messages, tools, self.thinking)

    def reader(self, prompt: str) -> Parser:
        """What takes the answer to a chat apart."""
        if self.named_parser:
            return self.named_parser
        if not isinstance(self.writer, NativeWriter):
            return self.generic_parser(prompt)
        template = self.loaded.template
        thinks = self.thinking.on and template.has_thinking
        return NativeParser(self._start, template.source, prompt, thinks=thinks)

    def generic_parser(self, prompt: str) -> GenericParser:
        """A parser by the tags of the Go template, whatever has written the prompt."""
        template = self.stored.template
        go = parsed(DEFAULT_TEMPLATE if template is None else template)
        tags = go.tags if self.thinking.on else ("", "")
        opened = bool(tags[0]) and prompt.rstrip().endswith(tags[0])
        tool_tag = go.tool_tag if self.tools else ""
        return GenericParser(self._start, tags, tool_tag, opened=opened)

    @property
    def _start(self) -> Start:
        return Start(self.tools, think=self.thinking.value)
