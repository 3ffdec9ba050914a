"""The way of a request through serving, the same for every endpoint that generates.

Find the model, check, load, build the prompt, start. The order is Ollama's, because a client sees
which of several mistakes is reported. What differs between endpoints is an ``Endpoint``.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from pyollama.api import ChatRequest, GenerateRequest
from pyollama.engine import Request
from pyollama.errors import PyollamaError, refused_by_engine
from pyollama.prompt.parsers import Parser
from pyollama.sampling import Options, Sampler, parse_options, require_valid
from pyollama.sampling.constraint import Constraint
from pyollama.serving.answer import Answer, Clock, Form, PieceQueue, Refused, Single
from pyollama.serving.checks import (
    find_model,
    require_text_only,
    require_top_logprobs,
)
from pyollama.serving.context import Room, cut, kept_at_front
from pyollama.serving.exchange import Exchange
from pyollama.serving.formats import constraint_for, requested_format
from pyollama.serving.generation import new_generation
from pyollama.serving.loaded import LoadedModel, RunnerOptions
from pyollama.serving.repetition import RepetitionGuard
from pyollama.serving.scheduler import Scheduler
from pyollama.serving.slot import Lease
from pyollama.serving.writers import NativeWriter
from pyollama.settings import Settings
from pyollama.store import Store, StoredModel

R = TypeVar("R")

MAX_PREDICT_CONTEXTS = 10  # a generation without a limit ends after so many contexts
MAX_BATCH = 2048  # rows of prompts in one step, whatever a request wants
NEVER_SHIFTING = frozenset({"deepseek2"})  # families whose contexts shift only if asked to

Events = Answer[R] | Refused[R] | Single[R]


class ReadingForm(Form[R], Protocol[R]):
    """A form that takes the text apart by a parser."""

    reader: Parser


class Endpoint(Protocol[R]):
    """One request, and what is particular to its endpoint."""

    @property
    def call(self) -> GenerateRequest | ChatRequest:
        """The request."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to answer: the request only loads or unloads the model."""

    @property
    def images(self) -> Sequence[bytes]:
        """Every image of the request."""

    def require_name(self) -> None:
        """Raise if the endpoint has words of its own for a missing name."""

    def check(self, stored: StoredModel) -> bool:
        """The checks between the model and its options; whether the answer may think."""

    def is_completion(self, stored: StoredModel) -> bool:
        """Whether the run is a text completion, with the limits that Ollama sets to those."""

    def exchange(self, stored: StoredModel, loaded: LoadedModel, thinks: bool) -> Exchange:
        """Who writes the prompt, and who reads the answer."""

    def prompt(self, exchange: Exchange, room: Room) -> str:
        """The text that the model goes on from."""

    def form(self, exchange: Exchange, prompt: str) -> ReadingForm[R]:
        """What dresses the answer's text."""

    def bare(self, reason: str) -> R:
        """The answer to a load or an unload: no text, no statistics."""

    def rendered(self, prompt: str) -> R:
        """The answer to _debug_render_only."""


async def answer(store: Store, scheduler: Scheduler, endpoint: Endpoint[R]) -> Events[R]:
    """Every check of a request in Ollama's order, then its answer's events."""
    arrived = time.perf_counter_ns()
    call = endpoint.call
    require_top_logprobs(call)
    endpoint.require_name()
    stored = await asyncio.to_thread(find_model, store, call.model)
    if endpoint.is_empty and call.keep_alive == 0:
        scheduler.unload(stored)
        return Single(endpoint.bare("unload"))
    thinks = await asyncio.to_thread(endpoint.check, stored)
    options = await asyncio.to_thread(all_options, stored, call)
    wanted = runner_options(options, call.shift, stored, scheduler.settings)
    lease = await scheduler.acquire(stored, wanted, call.keep_alive)
    clock = Clock(arrived, time.perf_counter_ns())
    run = Run(endpoint, stored, lease, options, clock)
    try:
        return await run.begin(thinks)
    except BaseException:
        lease.release()
        raise


class Run(Generic[R]):
    """A request whose model is leased."""

    def __init__(
        self,
        endpoint: Endpoint[R],
        stored: StoredModel,
        lease: Lease,
        options: Options,
        clock: Clock,
    ) -> None:
        self.endpoint = endpoint
        self.stored = stored
        self.lease = lease
        self.options = options
        self.clock = clock

    async def begin(self, thinks: bool) -> Events[R]:
        """Build the prompt and start; a model that need not run is given back at once."""
        endpoint, loaded = self.endpoint, self.lease.loaded
        if endpoint.is_empty:
            return self._without_running(endpoint.bare("load"))
        exchange = await asyncio.to_thread(endpoint.exchange, self.stored, loaded, thinks)
        room = prompt_room(endpoint.call, self.options, exchange)
        prompt = await asyncio.to_thread(endpoint.prompt, exchange, room)
        if endpoint.call.debug_render_only:
            return self._without_running(endpoint.rendered(prompt))
        requested_format(endpoint.call.format)
        tokens = await asyncio.to_thread(room.tokens, prompt)
        try:
            require_text_only(endpoint.images)
            tokens = self._cut(tokens)
            constraint = await asyncio.to_thread(constraint_for, endpoint.call.format, loaded)
            require_acceptable(loaded, tokens, self.options)
        except PyollamaError as error:
            self.lease.release()
            return Refused(error)
        return self._start(tokens, constraint, endpoint.form(exchange, prompt))

    @property
    def _shifts(self) -> bool:
        """Whether the runner's contexts shift when they are full."""
        return self.lease.slot.options.shift

    @property
    def _n_keep(self) -> int:
        return kept_at_front(self.options.num_keep, self.lease.loaded.tokenizer)

    def _cut(self, tokens: list[int]) -> list[int]:
        """The prompt of a text completion cut to the context; that of a chat is the engine's."""
        if self.endpoint.call.truncate is False or not self._is_completion:
            return tokens
        return cut(tokens, self.lease.loaded.num_ctx, self._n_keep, shift=self._shifts)

    @property
    def _is_completion(self) -> bool:
        return self.endpoint.is_completion(self.stored)

    def _without_running(self, event: R) -> Single[R]:
        self.lease.release()
        return Single(event)

    def _start(
        self, tokens: list[int], constraint: Constraint | None, form: ReadingForm[R]
    ) -> Answer[R]:
        """Start generating after a prompt of token ids."""
        loaded, options, call = self.lease.loaded, self.options, self.endpoint.call
        tokenizer, is_completion = loaded.tokenizer, self._is_completion
        request = Request(
            prompt=tokens,
            sampler=Sampler(options, tokenizer.n_vocab, tokenizer.suppressed),
            num_predict=predict_limit(options.num_predict, loaded.num_ctx, is_completion),
            end_tokens=tokenizer.eog,
            num_keep=self._n_keep,
            shift=self._shifts,
            n_top_logprobs=call.top_logprobs if call.logprobs else None,
            constraint=constraint,
        )
        pieces = PieceQueue(self.lease.release)
        guard = RepetitionGuard() if is_completion else None
        preserved = form.reader.preserved
        generation = new_generation(
            request, options.stop, tokenizer, pieces.deliver, guard, preserved
        )
        return Answer(self.lease, generation, pieces, form, self.clock)


def all_options(stored: StoredModel, call: GenerateRequest | ChatRequest) -> Options:
    """Defaults, the model's stored parameters and the request's options. Raises OptionError."""
    return parse_options(stored.parameters, call.options)


def runner_options(
    options: Options, shift: bool | None, stored: StoredModel, settings: Settings
) -> RunnerOptions:
    """What a request wants its runner to be loaded with."""
    return RunnerOptions(
        num_ctx=options.num_ctx,
        num_batch=min(max(options.num_batch, 1), MAX_BATCH),
        num_parallel=max(settings.num_parallel, 1),
        num_thread=max(options.num_thread, 0),
        shift=stored.config.model_family not in NEVER_SHIFTING if shift is None else shift,
    )


def prompt_room(call: GenerateRequest | ChatRequest, options: Options, exchange: Exchange) -> Room:
    """How long a prompt may become while it is built.

    A num_ctx of the request counts as it stands here, even where loading has raised it: history
    then shrinks to one message, or stays whole where the engine applies the template.
    """
    loaded = exchange.loaded
    n_ctx = min(loaded.num_ctx if options.num_ctx is None else options.num_ctx, loaded.num_ctx)
    is_native = isinstance(exchange.writer, NativeWriter)
    keeps_all = call.truncate is False or (n_ctx <= 0 and is_native)
    return Room(loaded.tokenizer, None if keeps_all else n_ctx, exchange.writer.bos)


def require_acceptable(loaded: LoadedModel, tokens: list[int], options: Options) -> None:
    """Raise BadRequest, in llama.cpp's words, for what an engine refuses when a run starts."""
    require_valid(options)
    engine = loaded.runner.engine
    if not tokens:
        raise refused_by_engine("the prompt is empty")
    if not engine.fits(len(tokens)):
        raise refused_by_engine(
            f"request ({len(tokens)} tokens) exceeds the available context size "
            f"({engine.n_ctx} tokens), try increasing it",
            type="exceed_context_size_error",
            n_prompt_tokens=len(tokens),
            n_ctx=engine.n_ctx,
        )


def predict_limit(num_predict: int, num_ctx: int, is_completion: bool) -> int:
    """The most tokens of an answer: negative and huge limits become ten contexts.

    So does zero in a text completion, where it means no limit; elsewhere it reaches llama.cpp,
    which makes one token of it.
    """
    most = MAX_PREDICT_CONTEXTS * num_ctx
    if num_predict == 0 and not is_completion:
        return 1
    return num_predict if 0 < num_predict <= most else most
