"""POST /api/generate: a prompt in, text out."""

import asyncio
import time

from pyollama.api import DebugInfo, GenerateRequest, GenerateResponse, Time
from pyollama.engine import DoneReason, Stats
from pyollama.errors import BadRequest, EngineError, PyollamaError
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
from pyollama.tokenizer import Tokenizer

Events = Answer[GenerateResponse] | Refused[GenerateResponse] | Single[GenerateResponse]


async def answer(store: Store, scheduler: Scheduler, call: GenerateRequest) -> Events:
    """Every check of a request in Ollama's order, then its answer's events."""
    arrived = time.perf_counter_ns()
    require_top_logprobs(call)
    stored = await asyncio.to_thread(find_model, store, call.model)
    if not call.prompt and call.keep_alive == 0:
        scheduler.unload(stored)
        return Single(bare(call, "unload"))
    thinks = await asyncio.to_thread(check, stored, call)
    options = parse_options(stored.parameters, call.options)
    wanted = runner_options(options, scheduler.settings)
    lease = await scheduler.acquire(stored, wanted, call.keep_alive)
    clock = Clock(arrived, time.perf_counter_ns())
    try:
        if not call.prompt:
            lease.release()
            return Single(bare(call, "load"))
        prompt = await asyncio.to_thread(build_prompt, lease.loaded, stored, call, thinks)
        if call.debug_render_only:
            lease.release()
            return Single(rendered(call, prompt))
        require_free_text(call)
        tokens = await tokenize(lease.loaded, prompt)
        try:
            require_text_only(call.images)
            require_acceptable(lease.loaded, tokens, options)
        except PyollamaError as error:
            lease.release()
            return Refused(error)
        form = GenerateForm(call, prompt, lease.loaded.tokenizer)
        return start(lease, tokens, options, form, clock)
    except BaseException:
        lease.release()
        raise


def check(stored: StoredModel, call: GenerateRequest) -> bool:
    """The checks between the model and its options; whether the answer may think."""
    capabilities = capabilities_of(stored)
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
    if call.suffix:
        raise EngineError("suffix is not supported yet: it needs the model's Go template")
    return thinks


def build_prompt(
    loaded: LoadedModel, stored: StoredModel, call: GenerateRequest, thinks: bool
) -> str:
    """The text that the model goes on from."""
    if call.raw:
        return call.prompt
    if call.template:
        raise EngineError("template is not supported yet: it is a Go template")
    user = {"role": "user", "content": call.prompt}
    system = call.system or stored.system or ""
    if call.context is None:
        messages = conversation(stored, system, [user])
    else:
        messages = [*([{"role": "system", "content": system}] if system else []), user]
    # As in Ollama nothing splits thinking off this text, so no template is told to ask for it.
    prompt = loaded.template.render(messages, enable_thinking=thinks, think_requested=False)
    return history(loaded.tokenizer, call.context) + prompt


def history(tokenizer: Tokenizer, context: list[int] | None) -> str:
    """The text of an earlier answer's tokens. Raises EngineError for ids that no token has."""
    if not context:
        return ""
    if not all(0 <= token < tokenizer.n_vocab for token in context):
        raise EngineError("detokenize error: context holds a token that the model does not have")
    return tokenizer.decode(context, special=True)


class GenerateForm:
    """Events of /api/generate."""

    def __init__(self, call: GenerateRequest, prompt: str, tokenizer: Tokenizer) -> None:
        self.call = call
        self.tokenizer = tokenizer
        self.texts = [prompt]  # prompt and answer, whose tokens are the context of a next request

    def text(self, text: str) -> list[GenerateResponse]:
        """One event for each piece of text."""
        self.texts.append(text)
        return [
            GenerateResponse(model=self.call.model, created_at=now(), response=text, done=False)
        ]

    async def end(self, reason: DoneReason, stats: Stats, clock: Clock) -> list[GenerateResponse]:
        """The final event, with the statistics and, unless the prompt was raw, the context."""
        final = GenerateResponse(
            model=self.call.model,
            created_at=now(),
            response="",
            done=True,
            done_reason=reason,
            context=[] if self.call.raw else await asyncio.to_thread(self.context),
            total_duration=clock.total_duration,
            load_duration=clock.load_duration,
            prompt_eval_count=stats.prompt_eval_count,
            prompt_eval_duration=stats.prompt_eval_duration,
            eval_count=stats.eval_count,
            eval_duration=stats.eval_duration,
        )
        return [final]

    def context(self) -> list[int]:
        """The tokens of prompt and answer, neither BOS nor EOS added."""
        return self.tokenizer.encode("".join(self.texts), add_special=False)


def now() -> Time:
    """The present moment."""
    return Time(time.time_ns())


def bare(call: GenerateRequest, reason: str) -> GenerateResponse:
    """The answer to a load or an unload: no text, no statistics."""
    return GenerateResponse(
        model=call.model, created_at=now(), response="", done=True, done_reason=reason
    )


def rendered(call: GenerateRequest, prompt: str) -> GenerateResponse:
    """The answer to _debug_render_only."""
    info = DebugInfo(rendered_template=prompt)
    return GenerateResponse(
        model=call.model, created_at=now(), response="", done=False, debug_info=info
    )
