"""POST /api/generate: a prompt in, text out."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pyollama.api import DebugInfo, GenerateRequest, GenerateResponse, Message, Time, ToolCall
from pyollama.engine import DoneReason, Stats
from pyollama.errors import BadRequest, EngineError, engine_error
from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers import Parser, Start
from pyollama.prompt.parsers.generic import GenericParser
from pyollama.prompt.parsers.passthrough import Passthrough
from pyollama.sampling.logprobs import TokenLogprob
from pyollama.serving.answer import Clock, tell_cost
from pyollama.serving.checks import capabilities_of, may_think, require_weights
from pyollama.serving.context import Room, fitted
from pyollama.serving.exchange import Exchange
from pyollama.serving.history import conversation, with_system
from pyollama.serving.logprobs import told
from pyollama.serving.text_side import TextSide
from pyollama.serving.writers import (
    GoWriter,
    NativeWriter,
    Thinking,
    Writer,
    choose_writer,
    is_rendered,
    parsed,
)
from pyollama.store import StoredModel
from pyollama.tokenizer import Tokenizer


@dataclass(frozen=True)
class Generate:
    """One request of /api/generate; see flow.Endpoint. tells_context: as Steering has it."""

    call: GenerateRequest
    tells_context: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether the request only loads or unloads the model."""
        return not self.call.prompt

    @property
    def images(self) -> Sequence[bytes]:
        """Every image of the request."""
        return self.call.images

    def require_name(self) -> None:
        """A missing name is a model that is not found."""

    def check(self, stored: StoredModel) -> bool:
        """The checks between the model and its options; whether the answer may think."""
        call, capabilities = self.call, capabilities_of(stored)
        if "image" in capabilities:
            raise BadRequest("image generation models are not currently supported")
        if call.raw and (call.template or call.system or call.context):
            raise BadRequest("raw mode does not support template, system, or context")
        thinks = may_think(call, capabilities)
        if call.suffix and "insert" not in capabilities and "completion" in capabilities:
            raise BadRequest(f"{stored.name.full} does not support insert")
        require_weights(stored, call.model)
        if "completion" not in capabilities:
            raise BadRequest(f'"{call.model}" does not support generate')
        return thinks

    def is_completion(self, stored: StoredModel) -> bool:
        """The run is a text completion, whatever built the prompt."""
        return True

    def exchange(self, stored: StoredModel, loaded: TextSide, thinks: bool) -> Exchange:
        """Who writes the prompt, and who reads the answer.

        As in Ollama the parser is told of thinking only what the request says, not the default; and
        nothing splits thinking off what is written by the GGUF's template, so that is not told of
        the request.
        """
        call = self.call
        writer: Writer = choose_writer(stored, loaded.template)
        asked = None if isinstance(writer, NativeWriter) else call.think
        if call.template:
            writer = GoWriter(parsed(call.template))
        start = None if call.raw else Start(think=call.think)
        thinking = Thinking(thinks, asked)
        return Exchange(stored, loaded, writer, thinking, start=start, tells_thinking=False)

    def prompt(self, exchange: Exchange, room: Room, thoughts: str = "") -> str:
        """The text that the model goes on from; there is no second pass with thoughts here."""
        call, stored = self.call, exchange.stored
        if call.raw:
            return call.prompt
        past = history(exchange.loaded.tokenizer, call.context)
        if call.suffix:
            template = parsed(call.template or stored.template or "")
            return past + GoWriter(template).fill_in(call.prompt, call.suffix, exchange.thinking)
        user = [Message(role="user", content=call.prompt, images=call.images)]
        system = call.system or stored.system or ""
        history_is_given = call.context is not None
        messages = (
            with_system(system, user) if history_is_given else conversation(stored, system, user)
        )
        if call.template and isinstance(exchange.writer, GoWriter):
            return past + exchange.writer.render(messages, (), exchange.thinking)
        return past + fitted(messages, exchange.write, room)

    def form(self, exchange: Exchange, prompt: str) -> "GenerateForm":
        """What dresses the answer's text."""
        reader: Parser = Passthrough(Start())
        if is_rendered(exchange.stored):
            reader = exchange.named_parser or exchange.generic_parser(prompt)
        past = None if self.call.raw or not self.tells_context else prompt
        return GenerateForm(self.call, past, exchange.loaded.tokenizer, reader)

    def bare(self, reason: str) -> GenerateResponse:
        """The answer to a load or an unload: no text, no statistics."""
        return GenerateResponse(
            model=self.call.model, created_at=now(), response="", done=True, done_reason=reason
        )

    def rendered(self, prompt: str) -> GenerateResponse:
        """The answer to _debug_render_only."""
        info = DebugInfo(rendered_template=prompt, image_count=len(self.images))
        return GenerateResponse(
            model=self.call.model, created_at=now(), response="", done=False, debug_info=info
        )


def history(tokenizer: Tokenizer, context: list[int] | None) -> str:
    """The text of an earlier answer's tokens. Raises EngineError for ids that no token has."""
    if not context:
        return ""
    unknown = next((id for id in context if not 0 <= id < tokenizer.n_vocab), None)
    if unknown is not None:
        raise EngineError("detokenize error: " + out_of_range(unknown, tokenizer.n_vocab))
    return tokenizer.decode(context, special=True)


def out_of_range(token: int, n_vocab: int) -> str:
    """What llama.cpp says of a token that it looks up in vain."""
    text = f"__n (which is {token % 2**64}) >= this->size() (which is {n_vocab})"
    return engine_error("vector::_M_range_check: " + text, code=500, type="server_error")


class GenerateForm:
    """Events of /api/generate, which keep to a format from their first token on.

    past: the prompt; None if no context of a next request is wanted
    """

    awaits_thoughts = False

    def __init__(
        self, call: GenerateRequest, past: str | None, tokenizer: Tokenizer, reader: Parser
    ) -> None:
        self.call = call
        self.tokenizer = tokenizer
        self.reader = reader
        # Prompt and answer, whose tokens are the context.
        self.texts = None if past is None else [past]

    def text(self, text: str, logprobs: Sequence[TokenLogprob]) -> list[GenerateResponse]:
        """One event for each piece of text; none while a family's own parser holds it back."""
        if self.texts is not None:
            self.texts.append(text)
        delta = self.reader.add(text, done=False)
        if not delta and not logprobs and not isinstance(self.reader, GenericParser):
            return []
        event = self._event(delta)
        event.logprobs = told(logprobs, self.tokenizer)
        return [event]

    def take_thoughts(self) -> str:
        """See ThinkingForm: never any."""
        return ""

    def _event(self, delta: Delta) -> GenerateResponse:
        return GenerateResponse(
            model=self.call.model,
            created_at=now(),
            response=delta.content,
            thinking=delta.thinking,
            done=False,
        )

    async def end(self, reason: DoneReason, stats: Stats, clock: Clock) -> list[GenerateResponse]:
        """The final event: statistics, what was held back, and the context of a next request.

        As in Ollama calls of tools are told here only, and only those complete with the last text.
        """
        delta = self.reader.add("", done=True)
        final = self._event(delta)
        final.done, final.done_reason = True, reason
        if self.texts is not None:
            final.context = await asyncio.to_thread(self._tokens, "".join(self.texts))
        final.tool_calls = [ToolCall(function=call) for call in delta.calls]
        tell_cost(final, stats, clock)
        return [final]

    def _tokens(self, text: str) -> list[int]:
        """The tokens of a text, neither BOS nor EOS added."""
        return self.tokenizer.encode(text, add_special=False)


def now() -> Time:
    """The present moment."""
    return Time(time.time_ns())
