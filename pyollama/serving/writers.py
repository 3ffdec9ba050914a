"""Who writes the prompt: a built-in renderer, the Go template, or the GGUF's chat template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from pyollama.api import Message
from pyollama.errors import EngineError, engine_error
from pyollama.gotemplate.prompts import GoPrompt, Think
from pyollama.prompt.jinja import ChatTemplate
from pyollama.prompt.renderers import Renderer, find_renderer
from pyollama.prompt.renderers.registry import sized_renderer
from pyollama.prompt.tools import tool_object
from pyollama.serving.views import as_go_sees, as_template_sees, with_image_tags
from pyollama.store.model import DEFAULT_TEMPLATE, StoredModel

__all__ = ["GoWriter", "Thinking", "Writer", "choose_writer", "is_rendered", "parsed"]

NO_IMAGES = engine_error(
    "image input is not supported - hint: if this is unexpected, you may need to provide the "
    "mmproj",
    code=500,
    type="server_error",
)
Tools = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Thinking:
    """Whether the answer may think, and what the request says of it: yes, no, a level, nothing."""

    on: bool
    asked: bool | str | None = None

    @property
    def value(self) -> bool | str | None:
        """As asked; where nobody asks, a model that can think is told to."""
        return self.on or None if self.asked is None else self.asked

    @property
    def level(self) -> str | None:
        """The level, if one is asked for."""
        return self.asked if isinstance(self.asked, str) else None


class Writer(Protocol):
    """Makes prompts of conversations."""

    name: str  # for the log
    bos: str  # text that begins prompts and stands for the token that a tokenizer may add

    def write(self, messages: Sequence[Message], tools: Tools, thinking: Thinking) -> str:
        """The prompt for a conversation."""


class RendererWriter:
    """A built-in renderer, named by the model's config."""

    def __init__(self, name: str, renderer: Renderer) -> None:
        self.name = f"renderer {name}"
        self.bos = renderer.bos
        self.renderer = renderer

    def write(self, messages: Sequence[Message], tools: Tools, thinking: Thinking) -> str:
        """See Writer. Raises RenderError."""
        return self.renderer.render(messages, tools, thinking.value)


class GoWriter:
    """A Go template: the model's layer, or the request's own."""

    name = "Go template"
    bos = ""

    def __init__(self, template: GoPrompt) -> None:
        self.template = template

    def write(self, messages: Sequence[Message], tools: Tools, thinking: Thinking) -> str:
        """See Writer. Raises ExecutionError."""
        return self.render(with_image_tags(messages), tools, thinking)

    def render(self, messages: Sequence[Message], tools: Tools, thinking: Thinking) -> str:
        """The same, images not tagged."""
        seen = [as_go_sees(message) for message in messages]
        return self.template.render(seen, tools, go_think(thinking))

    def fill_in(self, prompt: str, suffix: str, thinking: Thinking) -> str:
        """The prompt for what is missing between two texts."""
        return self.template.fill_in(prompt, suffix, go_think(thinking))


class NativeWriter:
    """The GGUF's own chat template."""

    name = "chat template of the GGUF"

    def __init__(self, template: ChatTemplate) -> None:
        self.template = template
        self.bos = template.tokens["bos_token"]

    def write(self, messages: Sequence[Message], tools: Tools, thinking: Thinking) -> str:
        """See Writer. Raises BadRequest; EngineError for images, which no template here shows."""
        if any(message.images for message in messages):
            raise EngineError(NO_IMAGES)
        return self.template.render(
            [as_template_sees(message) for message in messages],
            tools=[tool_object(tool) for tool in tools],
            enable_thinking=thinking.on,
            think_requested=bool(thinking.asked),
            reasoning_effort=thinking.level,
        )


def is_rendered(stored: StoredModel) -> bool:
    """Whether Ollama itself writes the model's prompts, so that its chats are text completions.

    Otherwise the engine is handed the messages, and its own limits act.
    """
    config = stored.config
    return bool(config.renderer or config.parser) or stored.uses_go_template


def choose_writer(stored: StoredModel, native: ChatTemplate) -> Writer:
    """What writes the prompts of a model. Raises RenderError, ParseError."""
    if stored.config.renderer:
        n_params = stored.facts.parameter_count if stored.facts else 0
        name = sized_renderer(stored.config.renderer, stored.name.short, n_params)
        return RendererWriter(name, find_renderer(name))
    if is_rendered(stored):
        template = stored.template
        return GoWriter(parsed(DEFAULT_TEMPLATE if template is None else template))
    return NativeWriter(native)


@lru_cache(maxsize=64)
def parsed(source: str) -> GoPrompt:
    """A template; those in use are parsed once. Raises ParseError."""
    return GoPrompt(source)


def go_think(thinking: Thinking) -> Think:
    """What a Go template is told of thinking; where the model can think, somebody always said."""
    level = thinking.level or ("medium" if thinking.on else "")
    return Think(on=thinking.on, level=level, is_set=thinking.on or thinking.asked is not None)
