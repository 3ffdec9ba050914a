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
from pyollama.builtin import PARSERS, ParserFacts
from pyollama.gotemplate.prompts import GoPrompt
from pyollama.prompt.parsers import Parser, Start, new_parser
from pyollama.prompt.parsers.base import Tool
from pyollama.prompt.parsers.generic import GenericParser
from pyollama.prompt.parsers.native import NativeParser
from pyollama.serving.checks import capabilities_of
from pyollama.serving.text_side import TextSide
from pyollama.serving.writers import NativeWriter, Thinking, Writer, parsed
from pyollama.store.model import DEFAULT_TEMPLATE, StoredModel

__all__ = ["Exchange"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Exchange:
    """The writer of one request, and the parser of its answer.

    tools: of the request
    tells_thinking: whether the client is told of thinking apart from the rest
    start: what the parser that the model names is told; None if it is not to be used
    """

    stored: StoredModel
    loaded: TextSide
    writer: Writer
    thinking: Thinking
    tools: Sequence[Tool] = ()
    start: Start | None = None
    tells_thinking: bool = True

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

    @property
    def thinks_before_format(self) -> bool:
        """Whether a chat's answer in a format is made in two passes, thoughts first."""
        if isinstance(self.writer, NativeWriter):
            return False
        can_think = self.thinking.on or "thinking" in capabilities_of(self.stored)
        if self.named_parser:
            facts = PARSERS.get(self.stored.parser_name, ParserFacts())
            return can_think and not (facts.thinking and self.thinking.asked is False)
        return self.thinking.on and all(self._go.tags)

    @property
    def after_thoughts(self) -> str:
        """What a prompt that ends in thoughts lacks for the answer to begin."""
        is_harmony = self.stored.parser_name == "harmony"
        return "<|end|><|start|>assistant<|channel|>final<|message|>" if is_harmony else ""

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
        go = self._go
        tags = go.tags if self.thinking.on else ("", "")
        opened = bool(tags[0]) and prompt.rstrip().endswith(tags[0])
        tool_tag = go.tool_tag if self.tools else ""
        return GenericParser(self._start, tags, tool_tag, opened=opened)

    @property
    def _go(self) -> GoPrompt:
        template = self.stored.template
        return parsed(DEFAULT_TEMPLATE if template is None else template)

    @property
    def _start(self) -> Start:
        return Start(self.tools, think=self.thinking.value)
