"""The ways in which a model's prompts could be written, which of them is taken, and why.

Choosing is done by writers.choose_writer; this explains it, and writes a conversation each way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyollama.errors import PyollamaError
from pyollama.prompt.jinja import ChatTemplate
from pyollama.serving.chat import Chat
from pyollama.serving.context import Room
from pyollama.serving.text_side import TextSide
from pyollama.serving.writers import GoWriter, NativeWriter, Writer, choose_writer, parsed
from pyollama.store.model import DEFAULT_TEMPLATE, StoredModel
from pyollama.store.templates import offers_of_go, offers_of_jinja

__all__ = ["Way", "Written", "reason", "ways", "written"]

RENDERER, GO, NATIVE = "renderer", GoWriter.name, NativeWriter.name


@dataclass(frozen=True)
class Way:
    """One way; make gives what writes so, why tells the reason if it is taken, else ""."""

    name: str
    make: Callable[[], Writer]
    why: str = ""


@dataclass(frozen=True)
class Written:
    """What a conversation becomes one way: a prompt and its tokens, or the error instead."""

    way: Way
    prompt: str = ""
    tokens: Sequence[int] = ()
    error: str = ""


def ways(stored: StoredModel, native: ChatTemplate) -> list[Way]:
    """Every way that the model has something for, and in any case the one that is taken."""
    taken, why = reason(stored)
    template, renderer = stored.template, stored.config.renderer
    go_source = DEFAULT_TEMPLATE if template is None else template
    known: list[tuple[str, bool, Callable[[], Writer]]] = [
        (f"{RENDERER} {renderer}", bool(renderer), lambda: choose_writer(stored, native)),
        (GO, template is not None, lambda: GoWriter(parsed(go_source))),
        (NATIVE, bool(_jinja(stored)), lambda: NativeWriter(native)),
    ]
    return [
        Way(name, make, why if name == taken else "")
        for name, is_there, make in known
        if is_there or name == taken
    ]


def reason(stored: StoredModel) -> tuple[str, str]:
    """The name of the way that is taken, and why it is."""
    config, jinja = stored.config, _jinja(stored)
    if config.renderer:
        return f"{RENDERER} {config.renderer}", "the model's config names it"
    if config.parser:
        return GO, f"the model's config names the parser {config.parser}, and no renderer"
    if stored.template is None:
        stand_in = "" if jinja else ", and its GGUF has no chat template: ChatML stands in"
        return NATIVE, f"the model has no template layer{stand_in}"
    name = GO if stored.uses_go_template else NATIVE
    if stored.is_harmony:
        return name, "gpt-oss is always written so"
    if stored.go_template is not None:
        return name, "OLLAMA_GO_TEMPLATE says so"
    if not jinja:
        return name, "the GGUF has no chat template"
    return name, _comparison(stored.template, jinja, name)


def _comparison(go: str, jinja: str, name: str) -> str:
    """Why one of two templates is preferred to the other."""
    by_go = " and ".join(sorted(offers_of_go(go))) or "plain conversation"
    by_jinja = " and ".join(sorted(offers_of_jinja(jinja))) or "plain conversation"
    verdict = "no less able" if name == GO else "abler"
    return f"it is {verdict}: the layer knows {by_go}, the chat template {by_jinja}"


def _jinja(stored: StoredModel) -> str:
    return stored.facts.chat_template if stored.facts else ""


def written(way: Way, chat: Chat, stored: StoredModel, side: TextSide, thinks: bool) -> Written:
    """A whole conversation, one way. What goes wrong is part of what is given."""
    try:
        exchange = chat.exchange(stored, side, thinks, way.make())
        room = Room(side.tokenizer, None, exchange.writer.bos)
        prompt = chat.prompt(exchange, room)
        return Written(way, prompt, room.tokens(prompt))
    except PyollamaError as error:
        return Written(way, error=str(error))
