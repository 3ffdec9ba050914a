"""A model in memory: its tokenizer, its template, its engine and the thread that runs it."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pyollama.engine import Encoder, Engine
from pyollama.errors import EngineError
from pyollama.machine import total_memory
from pyollama.models.loader import Checked, Model, check_model
from pyollama.serving.runner import Runner
from pyollama.serving.text_side import TextSide, read_text_side
from pyollama.settings import KVCacheType
from pyollama_formats.gguf import GGUFFile, open_gguf
from pyollama_tensor.cores import n_cores
from pyollama_tensor.kept import BLOCK, fits
from pyollama_tensor.memory import trim
from pyollama_tensor.ops import prepare
from pyollama_tensor.threads import set_threads

Progress = Callable[[int, int], None]

MIN_CONTEXT = 4
DEFAULT_CONTEXT = 4096

logger = logging.getLogger(__name__)


class OutOfMemory(EngineError):
    """No memory is left for the model beside what is loaded already."""


@dataclass(frozen=True)
class RunnerOptions:
    """The options that a runner is loaded with; a request that wants others reloads it.

    num_ctx: None where nobody asked for a size
    num_batch: rows of prompts in one step; 0, for embeddings alone, as many as the context has
    num_thread: how many threads compute, for all models from then on; 0 for as many as the machine
        has cores, which is also the most
    shift: whether a full context goes on by forgetting its older half
    kv_cache_type: how keys and values are kept; f16 where a model's heads do not fit anything else
    """

    num_ctx: int | None
    num_batch: int
    num_parallel: int
    num_thread: int = 0
    shift: bool = True
    kv_cache_type: KVCacheType = "f16"


@dataclass(frozen=True)
class LoadedModel(TextSide):
    """Everything that answering with a model needs."""

    model: Model
    runner: Runner[Any]  # of an Engine, or of an Encoder if the model makes embeddings
    num_ctx: int  # positions of one request, as clients see it; the engine rounds it up
    file: GGUFFile  # formats without a fast kernel run from its mapped pages

    @property
    def size(self) -> int:
        """Bytes that the weights and the cache take."""
        n_cached: int = self.runner.engine.cache.nbytes
        return self.model.nbytes + n_cached

    def context_for(self, options: RunnerOptions, default: int) -> int:
        """The context that these options would give this model."""
        return context_size(options.num_ctx or default, self.model.config.n_ctx_train)

    def unload(self) -> None:
        """Stop the runner and let go of the memory; requests still running end with an error."""
        self.runner.close()
        self.file.close()


def load(
    path: str, options: RunnerOptions, default_context: int, progress: Progress | None = None
) -> LoadedModel:
    """Load a GGUF and start its runner. Blocks for as long as reading and repacking take.

    Raises FormatError for a file that is damaged or is no model, EngineError if memory is short.
    """
    file = open_gguf(path)
    try:
        return load_opened(file, options, default_context, progress)
    except BaseException:
        file.close()
        raise


def load_opened(
    file: GGUFFile, options: RunnerOptions, default_context: int, progress: Progress | None
) -> LoadedModel:
    """As load, from a file that is open already; it is closed by the caller if this fails."""
    checked = check_model(file)
    try:
        with ThreadPoolExecutor(2, thread_name_prefix="beside") as beside:  # repacking: no GIL
            reading = beside.submit(read_text_side, file)
            preparing = beside.submit(prepare_for, checked, options.kv_cache_type)
            model = checked.load(progress)
            text = reading.result()
            preparing.result()
        file.drop_all()
        wanted = options.num_ctx or default_context
        num_ctx = context_size(wanted, model.config.n_ctx_train)
        if num_ctx < wanted:
            logger.warning("num_ctx %d exceeds the model's trained %d", wanted, num_ctx)
        engine = new_engine(model, num_ctx, options)
        require_memory(engine.cache.nbytes + model.nbytes)
        set_threads(min(options.num_thread, n_cores()))
        trim()
    except MemoryError as error:
        raise OutOfMemory("the model requires more system memory than is available") from error
    return LoadedModel(text.tokenizer, text.template, model, Runner(engine), num_ctx, file)


def prepare_for(checked: Checked, wanted: KVCacheType) -> None:
    """Have the kernels at hand with which a model that makes text decodes."""
    if checked.pooling is None:
        does_fit = fits(wanted, checked.config.heads.n_embd_head)
        prepare(checked.matrix_types, wanted if does_fit else "f16")


def new_engine(model: Model, num_ctx: int, options: RunnerOptions) -> Engine | Encoder:
    """What steps the model: an encoder if it makes embeddings, and else an engine for text."""
    if model.pooling is not None:
        return Encoder(model, num_ctx, options.num_batch)
    element = kept_as(options.kv_cache_type, model.config.heads.n_embd_head)
    return Engine(model, num_ctx, options.num_parallel, options.num_batch, element)


def kept_as(wanted: KVCacheType, n_embd_head: int) -> KVCacheType:
    """How the cache keeps vectors of that length: as wanted, or f16 with a line in the log."""
    if fits(wanted, n_embd_head):
        return wanted
    logger.warning(
        "OLLAMA_KV_CACHE_TYPE %s needs heads of whole blocks of %d, not %d: using f16",
        wanted,
        BLOCK,
        n_embd_head,
    )
    return "f16"


def context_size(wanted: int, n_ctx_train: int) -> int:
    """The context that a request gets: at least 4 positions, at most what the model knows."""
    return min(max(wanted, MIN_CONTEXT), n_ctx_train)


def require_memory(nbytes: int) -> None:
    """Raise EngineError if the machine cannot hold so much at all."""
    installed = total_memory()
    if installed is not None and nbytes > installed:
        raise EngineError(
            f"model requires more system memory ({gibibytes(nbytes)}) "
            f"than is available ({gibibytes(installed)})"
        )


def gibibytes(nbytes: int) -> str:
    """1610612736 -> 1.5 GiB."""
    return f"{nbytes / (1 << 30):.1f} GiB"
