"""POST /api/embed and /api/embeddings: texts in, vectors out.

The checks come in Ollama's order, which is not that of the endpoints that make text: a model is
loaded before it is known to make no embeddings.
"""

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pyollama.api import (
    EmbeddingRequest,
    EmbeddingResponse,
    EmbedRequest,
    EmbedResponse,
    Float32s,
    RerankRequest,
)
from pyollama.engine import Encoded, EncodeRequest
from pyollama.errors import BadRequest, EngineError, NotFound, PyollamaError
from pyollama.models.pooling import unit
from pyollama.sampling import Options, parse_options
from pyollama.serving.answer import Clock
from pyollama.serving.checks import capabilities_of, not_pulled, requested_name
from pyollama.serving.inputs import Limits, cut_input, limits_of, whole_input
from pyollama.serving.limits import runner_options
from pyollama.serving.loaded import DEFAULT_CONTEXT, LoadedModel, RunnerOptions
from pyollama.serving.scheduler import Scheduler
from pyollama.serving.slot import Lease
from pyollama.settings import Settings
from pyollama.store import Name, Store, StoredModel
from pyollama_tensor.types import I32, Array

MAX_VALUES = 1 << 25  # in the vectors of one answer, whose JSON takes ten bytes for each
NOT_FINITE = "embedding contains NaN or Inf values"
RANKS = "the model ranks documents and makes no embeddings"
Call = EmbedRequest | EmbeddingRequest | RerankRequest


async def embed(store: Store, scheduler: Scheduler, call: EmbedRequest) -> EmbedResponse:
    """Answer POST /api/embed. Raises what the first failing check names."""
    arrived = time.perf_counter_ns()
    if not call.model.strip():
        raise NotFound(f"model '{call.model}' not found")
    name, _ = requested_name(call.model)
    texts = texts_of(call.input)
    stored = await asyncio.to_thread(find_stored, store, name, call.model)
    lease, options = await leased(scheduler, stored, call)
    try:
        clock = Clock(arrived, time.perf_counter_ns())
        if not texts:
            return EmbedResponse(model=call.model, embeddings=[])
        require_embeddings(lease.loaded)
        limits = limits_of(lease.loaded, context_wanted(options, scheduler.settings))
        require_few(len(texts), limits)
        request = EncodeRequest(await cut_inputs(texts, limits, call.truncate is not False))
        try:
            await encoded(request, lease)
        except EngineError as error:
            raise BadRequest(str(error)) from error
        vectors = await asyncio.to_thread(unit_vectors, request.vectors, call.dimensions)
        return EmbedResponse(
            model=call.model,
            embeddings=vectors,
            total_duration=clock.total_duration,
            load_duration=clock.load_duration,
            prompt_eval_count=request.prompt_eval_count,
        )
    finally:
        lease.release()


async def embeddings(
    store: Store, scheduler: Scheduler, call: EmbeddingRequest
) -> EmbeddingResponse:
    """Answer POST /api/embeddings, the older one. Raises what the first failing check names."""
    if not call.model.strip():
        raise BadRequest("model is required")
    name, _ = requested_name(call.model)
    stored = await asyncio.to_thread(find_stored, store, name, call.model)
    if stored.name != name:  # elsewhere names are found whatever their case
        raise not_pulled(call.model)
    lease, options = await leased(scheduler, stored, call)
    try:
        if not call.prompt:
            return EmbeddingResponse(embedding=[])
        require_embeddings(lease.loaded)
        limits = limits_of(lease.loaded, context_wanted(options, scheduler.settings))
        try:
            ids = await asyncio.to_thread(whole_input, call.prompt, limits)
            request = EncodeRequest([ids])
            await encoded(request, lease)
            return EmbeddingResponse(embedding=finite(request.vectors[0]).tolist())
        except PyollamaError as error:
            raise EngineError(str(error)) from error
    finally:
        lease.release()


def find_stored(store: Store, name: Name, raw_name: str) -> StoredModel:
    """The model to embed with. Raises NotFound for one that is not here, or elsewhere."""
    try:
        stored = store.find(name)
    except NotFound as error:
        raise not_pulled(raw_name) from error
    if stored.config.remote_host or not stored.has_weights:
        raise not_pulled(raw_name)
    return stored


def texts_of(given: Any) -> Sequence[str]:
    """The texts of an input: none, one or several. Raises BadRequest for anything else."""
    if given is None or given == "":
        return []
    if isinstance(given, str):
        return [given]
    if isinstance(given, list) and all(isinstance(text, str) for text in given):
        return given
    raise BadRequest("invalid input type")


async def leased(scheduler: Scheduler, stored: StoredModel, call: Call) -> tuple[Lease, Options]:
    """The model, loaded, and the options of the request."""
    options = await asyncio.to_thread(parse_options, stored.parameters, call.options)
    wanted = runner_options(options, None, stored, scheduler.settings)
    if "embedding" in await asyncio.to_thread(capabilities_of, stored):
        wanted = encoder_options(wanted, stored, call)
    return await scheduler.acquire(stored, wanted, call.keep_alive), options


def encoder_options(wanted: RunnerOptions, stored: StoredModel, call: Call) -> RunnerOptions:
    """What a model that only makes embeddings is loaded with: one slot, its own size of a step."""
    stated = call.options.get("num_batch"), stored.parameters.get("num_batch")
    is_stated = any(value is not None for value in stated)
    return replace(wanted, num_parallel=1, num_batch=wanted.num_batch if is_stated else 0)


def context_wanted(options: Options, settings: Settings) -> int:
    """The context that the request wants; zero or less wants all that the model has."""
    if options.num_ctx is not None:
        return options.num_ctx
    return settings.context_length or DEFAULT_CONTEXT


def require_embeddings(loaded: LoadedModel) -> None:
    """Raise BadRequest if what the model makes of a text is a score."""
    if loaded.model.pooling is not None and loaded.model.pooling.ranks:
        raise BadRequest(RANKS)


def require_few(n_text: int, limits: Limits) -> None:
    """Raise BadRequest if the vectors of so many texts would fill the memory."""
    n_embd = limits.loaded.model.config.n_embd
    if n_text * n_embd > MAX_VALUES:
        raise BadRequest(f"more than {MAX_VALUES // n_embd} texts in one request")


async def cut_inputs(texts: Sequence[str], limits: Limits, truncate: bool) -> list[I32]:
    """The token ids of each text. Raises BadRequest, NoEmbeddings."""

    def cut(text: str) -> I32:
        return np.array(cut_input(text, limits, truncate=truncate), np.int32)

    return await each_in_turn(cut, texts)


async def each_in_turn(encode: Callable[[str], I32], texts: Sequence[str]) -> list[I32]:
    """What a function makes of each text, in a thread that stops at the next if the client leaves.

    Raises what the function raises.
    """
    abandoned = threading.Event()
    remaining = itertools.takewhile(lambda _: not abandoned.is_set(), texts)
    try:
        return await asyncio.to_thread(lambda: [encode(text) for text in remaining])
    finally:
        abandoned.set()


@dataclass(eq=False)
class EmbeddingJob:
    """A request to an encoder, and the future that waits for it."""

    request: EncodeRequest
    done: "asyncio.Future[None]"

    def take(self, event: Encoded) -> bool:
        """All vectors are there."""
        self._tell(None)
        return False

    def fail(self, error: PyollamaError) -> None:
        """There will be no vectors."""
        self._tell(error)

    def _tell(self, error: PyollamaError | None) -> None:
        """Called in the runner's thread; a loop that has been closed wants nothing any more."""
        with suppress(RuntimeError):
            self.done.get_loop().call_soon_threadsafe(self._end, error)

    def _end(self, error: PyollamaError | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


async def encoded(request: EncodeRequest, lease: Lease) -> None:
    """Wait until a request has its vectors; one that nobody waits for any more is dropped."""
    runner = lease.loaded.runner
    job = EmbeddingJob(request, asyncio.get_running_loop().create_future())
    runner.submit(job)
    try:
        await job.done
    except asyncio.CancelledError:
        runner.cancel(job)
        raise


def unit_vectors(vectors: Sequence[Array], dimensions: int) -> list[Float32s]:
    """The vectors scaled to length 1, cut to so many values if they have more, and scaled again."""
    return [Float32s("f", unit_vector(vector, dimensions).tobytes()) for vector in vectors]


def unit_vector(vector: Array, dimensions: int) -> Array:
    """One vector of length 1, or its beginning made one. Raises BadRequest if it is not finite."""
    whole = unit(finite(vector))
    return unit(whole[:dimensions]) if 0 < dimensions < len(whole) else whole


def finite(vector: Array) -> Array:
    """The vector itself. Raises BadRequest if it holds infinities or what is no number."""
    if not abs(vector).max() < float("inf"):
        raise BadRequest(NOT_FINITE)
    return vector
