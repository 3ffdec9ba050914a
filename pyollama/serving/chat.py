"""POST /api/chat: a conversation in, the next message out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyollama.api import (
    ChatRequest,
    ChatResponse,
    DebugInfo,
    Message,
    ResponseMessage,
    Time,
    ToolCall,
)
from pyollama.engine import DoneReason, Stats
from pyollama.errors import BadRequest
from pyollama.ids import call_id, engine_id
from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers import Parser, Start
from pyollama.prompt.parsers.generic import GenericParser
from pyollama.sampling.logprobs import TokenLogprob
from pyollama.serving.answer import Clock, tell_cost
from pyollama.serving.checks import capabilities_of, may_think, require_weights
from pyollama.serving.context import Room, fitted
from pyollama.serving.exchange import Exchange
from pyollama.serving.history import conversation
from pyollama.serving.logprobs import told
from pyollama.serving.text_side import TextSide
from pyollama.serving.writers import NativeWriter, Thinking, Writer, choose_writer, is_rendered
from pyollama.store import StoredModel
from pyollama.tokenizer import Tokenizer


@dataclass(frozen=True)
class Chat:
    """One request of /api/chat; see flow.Endpoint."""

    call: ChatRequest

    @property
    def is_empty(self) -> bool:
        """Whether the request only loads or unloads the model."""
        return not self.call.messages

    @property
    def images(self) -> Sequence[bytes]:
        """Every image of the request."""
        return [image for message in self.call.messages for image in message.images]

    def require_name(self) -> None:
        """Raise BadRequest if the name is missing."""
        if not self.call.model.strip():
            raise BadRequest("model is required")

    def check(self, stored: StoredModel) -> bool:
        """The checks between the model and its options; whether the answer may think."""
        call, capabilities = self.call, capabilities_of(stored)
        thinks = may_think(call, capabilities)
        require_weights(stored, call.model)
        if "completion" not in capabilities:
            raise BadRequest(f'"{call.model}" does not support chat')
        if call.tools and "tools" not in capabilities:
            raise BadRequest(f"{stored.name.full} does not support tools")
        return thinks

    def is_completion(self, stored: StoredModel) -> bool:
        """Whether the run is a text completion, with the limits that Ollama sets to those."""
        return is_rendered(stored)

    def exchange(
        self,
        stored: StoredModel,
        loaded: TextSide,
        thinks: bool,
        writer: Writer | None = None,
    ) -> Exchange:
        """Who writes the prompt, and who reads the answer; writer is another than is chosen."""
        call = self.call
        harmony_knows = stored.parser_name == "harmony" and call.think == "max"
        thinking = Thinking(thinks, "high" if harmony_knows else call.think)
        start = Start(call.tools, call.messages[-1], thinking.value) if call.messages else None
        writer = writer or choose_writer(stored, loaded.template)
        return Exchange(stored, loaded, writer, thinking, call.tools, start)

    def prompt(self, exchange: Exchange, room: Room, thoughts: str = "") -> str:
        """The conversation as the model knows conversations."""
        messages, stored = self.call.messages, exchange.stored
        starts_with_system = messages[0].role.lower() == "system"
        system = "" if starts_with_system else stored.system or ""
        history = conversation(stored, system, messages)
        if not thoughts:
            return fitted(history, exchange.write, room)
        history.append(Message(role="assistant", thinking=thoughts))
        return fitted(history, exchange.write, room) + exchange.after_thoughts

    def form(self, exchange: Exchange, prompt: str) -> "ChatForm":
        """What dresses the answer's text."""
        is_native = isinstance(exchange.writer, NativeWriter)
        form = ChatForm(
            self.call,
            exchange.reader(prompt),
            exchange.loaded.tokenizer,
            engine_id if is_native else call_id,
        )
        form.awaits_thoughts = bool(self.call.format) and exchange.thinks_before_format
        return form

    def bare(self, reason: str) -> ChatResponse:
        """The answer to a load or an unload: no text, no statistics."""
        event = new_event(self.call, ResponseMessage(role="assistant", content=""), done=True)
        event.done_reason = reason
        return event

    def rendered(self, prompt: str) -> ChatResponse:
        """The answer to _debug_render_only."""
        event = new_event(self.call, ResponseMessage(role="", content=""))
        event.debug_info = DebugInfo(rendered_template=prompt, image_count=len(self.images))
        return event


class ChatForm:
    """Events of /api/chat: what the reader takes apart becomes thinking, content and calls.

    new_id: names each call
    """

    awaits_thoughts = False

    def __init__(
        self, call: ChatRequest, reader: Parser, tokenizer: Tokenizer, new_id: Callable[[], str]
    ) -> None:
        self.call = call
        self.reader = reader
        self.tokenizer = tokenizer
        self.new_id = new_id
        self.thoughts: list[str] = []
        self.begins = False  # to answer, after it has thought

    def text(self, text: str, logprobs: Sequence[TokenLogprob]) -> list[ChatResponse]:
        """An event, unless all of the text is held back; log probabilities never are."""
        delta = self.reader.add(text, done=False)
        if self.awaits_thoughts:
            self.thoughts.append(delta.thinking)
            if delta.content and any(self.thoughts):
                self.begins, self.awaits_thoughts = True, False
                if not isinstance(self.reader, GenericParser):  # as upstream, not even the last
                    return []  # thought of it is told
                delta = Delta(thinking=delta.thinking)
        if not delta and not logprobs:
            return []
        event = new_event(self.call, self._message(delta))
        event.logprobs = told(logprobs, self.tokenizer)
        return [event]

    def take_thoughts(self) -> str:
        """See ThinkingForm."""
        begins, self.begins = self.begins, False
        return "".join(self.thoughts) if begins else ""

    async def end(self, reason: DoneReason, stats: Stats, clock: Clock) -> list[ChatResponse]:
        """The final event: with the statistics, and what the reader has held back."""
        final = new_event(self.call, self._message(self.reader.add("", done=True)), done=True)
        final.done_reason = reason
        tell_cost(final, stats, clock)
        return [final]

    def _message(self, delta: Delta) -> ResponseMessage:
        return ResponseMessage(
            role="assistant",
            content=delta.content,
            thinking=delta.thinking,
            tool_calls=[ToolCall(id=self.new_id(), function=call) for call in delta.calls],
        )


def new_event(call: ChatRequest, message: ResponseMessage, done: bool = False) -> ChatResponse:
    """An event of this moment."""
    now = Time(time.time_ns())
    return ChatResponse(model=call.model, created_at=now, message=message, done=done)
