"""POST /api/chat: a conversation in, the next message out."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyollama.api import (
    ChatRequest,
    ChatResponse,
    DebugInfo,
    Message,
    ResponseMessage,
    Time,
)
from pyollama.engine import DoneReason, Stats
from pyollama.errors import BadRequest
from pyollama.gotemplate.prompts import GoPrompt
from pyollama.prompt.jinja import JsonObject
from pyollama.prompt.thinking import Split, ThinkingSplitter
from pyollama.prompt.toolcalls import OPENING, ToolCallCollector
from pyollama.sampling.logprobs import TokenLogprob
from pyollama.serving.answer import Clock, tell_cost
from pyollama.serving.checks import capabilities_of, is_rendered, may_think, require_weights
from pyollama.serving.context import Messages, Room, fitted
from pyollama.serving.flow import conversation
from pyollama.serving.loaded import LoadedModel
from pyollama.serving.logprobs import told
from pyollama.serving.templates import as_go_sees, go_prompt, think_of, with_image_tags
from pyollama.store import StoredModel


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

    def prompt(self, loaded: LoadedModel, stored: StoredModel, thinks: bool, room: Room) -> str:
        """The conversation as the model's own template writes it."""
        call = self.call
        starts_with_system = call.messages[0].role.lower() == "system"
        system = "" if starts_with_system else stored.system or ""
        template = go_prompt(stored)
        if template is not None:
            think = think_of(call, thinks)
            messages = conversation(stored, system, [as_go_sees(m) for m in call.messages])
            return fitted(
                messages, lambda m: template.render(with_image_tags(m), call.tools, think), room
            )
        messages = conversation(stored, system, [as_template_sees(m) for m in call.messages])

        def render(kept: Messages) -> str:
            return loaded.template.render(
                kept,
                tools=call.tools,
                enable_thinking=thinks,
                think_requested=bool(call.think),
                reasoning_effort=call.think if isinstance(call.think, str) else None,
            )

        return fitted(messages, render, room)

    def form(
        self, loaded: LoadedModel, stored: StoredModel, prompt: str, thinks: bool
    ) -> "ChatForm":
        """What dresses the answer's text."""
        return ChatForm(self.call, loaded, prompt, thinks, go_prompt(stored))

    def bare(self, reason: str) -> ChatResponse:
        """The answer to a load or an unload: no text, no statistics."""
        event = new_event(self.call, ResponseMessage(role="assistant", content=""), done=True)
        event.done_reason = reason
        return event

    def rendered(self, prompt: str) -> ChatResponse:
        """The answer to _debug_render_only."""
        event = new_event(self.call, ResponseMessage(role="", content=""))
        event.debug_info = DebugInfo(rendered_template=prompt)
        return event


def as_template_sees(message: Message) -> Mapping[str, Any]:
    """A message as a plain mapping; earlier thinking is not shown to the model again."""
    seen: dict[str, Any] = {"role": message.role.lower(), "content": message.content}
    if message.tool_calls:
        seen["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {
                    "name": call.function.name,
                    "arguments": JsonObject(call.function.arguments),
                },
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        seen["tool_call_id"] = message.tool_call_id
    if message.tool_name:
        seen["name"] = message.tool_name
    return seen


class ChatForm:
    """Events of /api/chat: thinking and tool calls are split off the text."""

    def __init__(
        self,
        call: ChatRequest,
        loaded: LoadedModel,
        prompt: str,
        thinks: bool,
        go: GoPrompt | None = None,
    ) -> None:
        self.call = call
        self.tokenizer = loaded.tokenizer
        tags = go.tags if go else ("<think>", "</think>") if loaded.template.has_thinking else None
        self.splitter = None
        if thinks and tags and all(tags):
            opened = prompt.rstrip().endswith(tags[0])
            self.splitter = ThinkingSplitter(*tags, opened=opened)
        has_form = OPENING in (go.source if go else loaded.template.source)
        self.collector = ToolCallCollector() if call.tools and has_form else None

    def text(self, text: str, logprobs: Sequence[TokenLogprob]) -> list[ChatResponse]:
        """An event, unless all of the text is held back; log probabilities never are."""
        split = self.splitter.push(text) if self.splitter else Split(content=text)
        return self._events(split, logprobs)

    def _events(self, split: Split, logprobs: Sequence[TokenLogprob] = ()) -> list[ChatResponse]:
        content = self.collector.push(split.content) if self.collector else split.content
        if not content and not split.thinking and not logprobs:
            return []
        message = ResponseMessage(role="assistant", content=content, thinking=split.thinking)
        event = self._event(message)
        event.logprobs = told(logprobs, self.tokenizer)
        return [event]

    def _event(self, message: ResponseMessage, done: bool = False) -> ChatResponse:
        return new_event(self.call, message, done)

    async def end(self, reason: DoneReason, stats: Stats, clock: Clock) -> list[ChatResponse]:
        """What was held back, then the final event with the tool calls and the statistics."""
        events = self._events(self.splitter.flush()) if self.splitter else []
        rest = self.collector.flush() if self.collector else ""
        if rest:
            events.append(self._event(ResponseMessage(role="assistant", content=rest)))
        final = self._event(ResponseMessage(role="assistant", content=""), done=True)
        final.message.tool_calls = self.collector.calls if self.collector else []
        final.done_reason = reason
        tell_cost(final, stats, clock)
        return [*events, final]


def new_event(call: ChatRequest, message: ResponseMessage, done: bool = False) -> ChatResponse:
    """An event of this moment."""
    now = Time(time.time_ns())
    return ChatResponse(model=call.model, created_at=now, message=message, done=done)
