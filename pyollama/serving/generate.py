"""POST /api/generate: a prompt in, text out."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pyollama.api import DebugInfo, GenerateRequest, GenerateResponse, Time
from pyollama.engine import DoneReason, Stats
from pyollama.errors import BadRequest, EngineError
from pyollama.prompt.thinking import Split, ThinkingSplitter
from pyollama.sampling.logprobs import TokenLogprob
from pyollama.serving.answer import Clock, tell_cost
from pyollama.serving.checks import capabilities_of, may_think, require_weights
from pyollama.serving.context import Messages, Room, fitted
from pyollama.serving.flow import conversation, with_system
from pyollama.serving.loaded import LoadedModel
from pyollama.serving.logprobs import told
from pyollama.serving.templates import go_prompt, parsed, think_of, with_image_tags
from pyollama.store import StoredModel
from pyollama.tokenizer import Tokenizer


@dataclass(frozen=True)
class Generate:
    """One request of /api/generate; see flow.Endpoint."""

    call: GenerateRequest

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

    def prompt(self, loaded: LoadedModel, stored: StoredModel, thinks: bool, room: Room) -> str:
        """The text that the model goes on from."""
        call = self.call
        if call.raw:
            return call.prompt
        past = history(loaded.tokenizer, call.context)
        template = parsed(call.template) if call.template else go_prompt(stored)
        think = think_of(call, thinks)
        if call.suffix:
            filled = template or parsed(stored.template or "")
            return past + filled.fill_in(call.prompt, call.suffix, think)
        user = [{"role": "user", "content": call.prompt, "images": call.images}]
        system = call.system or stored.system or ""
        history_is_given = call.context is not None
        messages = (
            with_system(system, user) if history_is_given else conversation(stored, system, user)
        )

        if call.template and template is not None:
            return past + template.render(messages, (), think)

        def render(kept: Messages) -> str:
            if template is not None:
                return template.render(with_image_tags(kept), (), think)
            # As in Ollama nothing splits thinking off this text: no template is told to ask for it.
            return loaded.template.render(kept, enable_thinking=thinks, think_requested=False)

        return past + fitted(messages, render, room)

    def form(
        self, loaded: LoadedModel, stored: StoredModel, prompt: str, thinks: bool
    ) -> "GenerateForm":
        """What dresses the answer's text."""
        go = go_prompt(stored)
        tags = go.tags if go and thinks else ("", "")
        return GenerateForm(self.call, prompt, loaded.tokenizer, tags)

    def bare(self, reason: str) -> GenerateResponse:
        """The answer to a load or an unload: no text, no statistics."""
        return GenerateResponse(
            model=self.call.model, created_at=now(), response="", done=True, done_reason=reason
        )

    def rendered(self, prompt: str) -> GenerateResponse:
        """The answer to _debug_render_only."""
        info = DebugInfo(rendered_template=prompt)
        return GenerateResponse(
            model=self.call.model, created_at=now(), response="", done=False, debug_info=info
        )


def history(tokenizer: Tokenizer, context: list[int] | None) -> str:
    """The text of an earlier answer's tokens. Raises EngineError for ids that no token has."""
    if not context:
        return ""
    if not all(0 <= token < tokenizer.n_vocab for token in context):
        raise EngineError("detokenize error: context holds a token that the model does not have")
    return tokenizer.decode(context, special=True)


class GenerateForm:
    """Events of /api/generate."""

    def __init__(
        self,
        call: GenerateRequest,
        prompt: str,
        tokenizer: Tokenizer,
        tags: tuple[str, str] = ("", ""),
    ) -> None:
        self.call = call
        self.tokenizer = tokenizer
        self.texts = [prompt]  # prompt and answer, whose tokens are the context of a next request
        opened = bool(tags[0]) and prompt.rstrip().endswith(tags[0])
        self.splitter = ThinkingSplitter(*tags, opened=opened) if all(tags) else None

    def text(self, text: str, logprobs: Sequence[TokenLogprob]) -> list[GenerateResponse]:
        """One event for each piece of text."""
        self.texts.append(text)
        event = self._event(self.splitter.push(text) if self.splitter else Split(content=text))
        event.logprobs = told(logprobs, self.tokenizer)
        return [event]

    def _event(self, split: Split) -> GenerateResponse:
        return GenerateResponse(
            model=self.call.model,
            created_at=now(),
            response=split.content,
            thinking=split.thinking,
            done=False,
        )

    async def end(self, reason: DoneReason, stats: Stats, clock: Clock) -> list[GenerateResponse]:
        """The final event, with the statistics and, unless the prompt was raw, the context."""
        final = GenerateResponse(
            model=self.call.model,
            created_at=now(),
            response="",
            done=True,
            done_reason=reason,
            context=[] if self.call.raw else await asyncio.to_thread(self.context),
        )
        tell_cost(final, stats, clock)
        rest = self.splitter.flush() if self.splitter else Split()
        return [*([self._event(rest)] if rest != Split() else []), final]

    def context(self) -> list[int]:
        """The tokens of prompt and answer, neither BOS nor EOS added."""
        return self.tokenizer.encode("".join(self.texts), add_special=False)


def now() -> Time:
    """The present moment."""
    return Time(time.time_ns())
