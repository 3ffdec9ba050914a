"""POST /api/chat: a conversation in, the next message out."""

import asyncio
import time
from collections.abc import Mapping
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
from pyollama.errors import BadRequest, PyollamaError
from pyollama.prompt.jinja import JsonObject
from pyollama.prompt.thinking import Split, ThinkingSplitter
from pyollama.prompt.toolcalls import OPENING, ToolCallCollector
from pyollama.sampling import parse_options
from pyollama.serving.answer import Answer, Clock, Refused, Single
from pyollama.serving.checks import (
    capabilities_of,
    find_model,
    may_think,
    require_free_text,
    require_text_only,
    require_top_logprobs,
    require_weights,
)
from pyollama.serving.loaded import LoadedModel
from pyollama.serving.scheduler import Scheduler
from pyollama.serving.start import conversation, require_acceptable, runner_options, start, tokenize
from pyollama.store import Store, StoredModel

Events = Answer[ChatResponse] | Refused[ChatResponse] | Single[ChatResponse]


async def answer(store: Store, scheduler: Scheduler, call: ChatRequest) -> Events:
    """Every check of a request in Ollama's order, then its answer's events."""
    arrived = time.perf_counter_ns()
    require_top_logprobs(call)
    if not call.model.strip():
        raise BadRequest("model is required")
    stored = await asyncio.to_thread(find_model, store, call.model)
    if not call.messages and call.keep_alive == 0:
        scheduler.unload(stored)
        return Single(bare(call, "unload"))
    thinks = await asyncio.to_thread(check, stored, call)
    options = parse_options(stored.parameters, call.options)
    wanted = runner_options(options, scheduler.settings)
    lease = await scheduler.acquire(stored, wanted, call.keep_alive)
    clock = Clock(arrived, time.perf_counter_ns())
    try:
        if not call.messages:
            lease.release()
            return Single(bare(call, "load"))
        prompt = await asyncio.to_thread(build_prompt, lease.loaded, stored, call, thinks)
        if call.debug_render_only:
            lease.release()
            return Single(rendered(call, prompt))
        require_free_text(call)
        tokens = await tokenize(lease.loaded, prompt)
        try:
            require_text_only([image for message in call.messages for image in message.images])
            require_acceptable(lease.loaded, tokens, options)
        except PyollamaError as error:
            lease.release()
            return Refused(error)
        form = ChatForm(call, lease.loaded, prompt, thinks)
        return start(lease, tokens, options, form, clock)
    except BaseException:
        lease.release()
        raise


def check(stored: StoredModel, call: ChatRequest) -> bool:
    """The checks between the model and its options; whether the answer may think."""
    capabilities = capabilities_of(stored)
    thinks = may_think(call, capabilities)
    require_weights(stored, call.model)
    if "completion" not in capabilities:
        raise BadRequest(f'"{call.model}" does not support chat')
    if call.tools and "tools" not in capabilities:
        raise BadRequest(f"{stored.name.full} does not support tools")
    return thinks


def build_prompt(loaded: LoadedModel, stored: StoredModel, call: ChatRequest, thinks: bool) -> str:
    """The conversation as the model's own template writes it."""
    starts_with_system = call.messages[0].role.lower() == "system"
    system = "" if starts_with_system else stored.system or ""
    messages = conversation(stored, system, [as_template_sees(m) for m in call.messages])
    return loaded.template.render(
        messages,
        tools=call.tools,
        enable_thinking=thinks,
        think_requested=bool(call.think),
        reasoning_effort=call.think if isinstance(call.think, str) else None,
    )


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

    def __init__(self, call: ChatRequest, loaded: LoadedModel, prompt: str, thinks: bool) -> None:
        self.call = call
        opened = prompt.rstrip().endswith("<think>")
        splits = thinks and loaded.template.has_thinking
        self.splitter = ThinkingSplitter(opened=opened) if splits else None
        has_form = OPENING in loaded.template.source
        self.collector = ToolCallCollector() if call.tools and has_form else None

    def text(self, text: str) -> list[ChatResponse]:
        """An event, unless all of the text is held back."""
        split = self.splitter.push(text) if self.splitter else Split(content=text)
        return self._events(split)

    def _events(self, split: Split) -> list[ChatResponse]:
        content = self.collector.push(split.content) if self.collector else split.content
        if not content and not split.thinking:
            return []
        return [
            self._event(ResponseMessage(role="assistant", content=content, thinking=split.thinking))
        ]

    def _event(self, message: ResponseMessage, done: bool = False) -> ChatResponse:
        return ChatResponse(model=self.call.model, created_at=now(), message=message, done=done)

    async def end(self, reason: DoneReason, stats: Stats, clock: Clock) -> list[ChatResponse]:
        """What was held back, then the final event with the tool calls and the statistics."""
        events = self._events(self.splitter.flush()) if self.splitter else []
        rest = self.collector.flush() if self.collector else ""
        if rest:
            events.append(self._event(ResponseMessage(role="assistant", content=rest)))
        final = self._event(ResponseMessage(role="assistant", content=""), done=True)
        final.message.tool_calls = self.collector.calls if self.collector else []
        final.done_reason = reason
        final.total_duration = clock.total_duration
        final.load_duration = clock.load_duration
        final.prompt_eval_count = stats.prompt_eval_count
        final.prompt_eval_duration = stats.prompt_eval_duration
        final.eval_count = stats.eval_count
        final.eval_duration = stats.eval_duration
        return [*events, final]


def now() -> Time:
    """The present moment."""
    return Time(time.time_ns())


def bare(call: ChatRequest, reason: str) -> ChatResponse:
    """The answer to a load or an unload: no text, no statistics."""
    message = ResponseMessage(role="assistant", content="")
    return ChatResponse(
        model=call.model, created_at=now(), message=message, done=True, done_reason=reason
    )


def rendered(call: ChatRequest, prompt: str) -> ChatResponse:
    """The answer to _debug_render_only."""
    return ChatResponse(
        model=call.model,
        created_at=now(),
        message=ResponseMessage(role="", content=""),
        done=False,
        debug_info=DebugInfo(rendered_template=prompt),
    )
