"""What a request may ask of the engine: options, contexts, lengths."""

from pyollama.api import ChatRequest, GenerateRequest
from pyollama.errors import refused_by_engine
from pyollama.sampling import Options, parse_options, require_valid
from pyollama.serving.context import Room
from pyollama.serving.exchange import Exchange
from pyollama.serving.loaded import LoadedModel, RunnerOptions
from pyollama.serving.writers import NativeWriter
from pyollama.settings import Settings
from pyollama.store import StoredModel

MAX_PREDICT_CONTEXTS = 10  # a generation without a limit ends after so many contexts
MAX_BATCH = 2048  # rows of prompts in one step, whatever a request wants
NEVER_SHIFTING = frozenset({"deepseek2"})  # families whose contexts shift only if asked to


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
        kv_cache_type=settings.kv_cache_type,
        shift=stored.config.model_family not in NEVER_SHIFTING if shift is None else shift,
    )


def prompt_room(
    call: GenerateRequest | ChatRequest, options: Options, exchange: Exchange, num_ctx: int
) -> Room:
    """How long a prompt may become while it is built.

    A num_ctx of the request counts as it stands here, even where loading has raised it: history
    then shrinks to one message, or stays whole where the engine applies the template.

    num_ctx: positions that the loaded model has for one request
    """
    n_ctx = num_ctx if options.num_ctx is None else min(options.num_ctx, num_ctx)
    is_native = isinstance(exchange.writer, NativeWriter)
    keeps_all = call.truncate is False or (n_ctx <= 0 and is_native)
    return Room(exchange.loaded.tokenizer, None if keeps_all else n_ctx, exchange.writer.bos)


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
