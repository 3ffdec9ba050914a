"""From a checked request to a running generation: the steps that generate and chat share."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pyollama.engine import Request
from pyollama.errors import refused_by_engine
from pyollama.sampling import Options, Sampler, check
from pyollama.serving.answer import Answer, Clock, Form, PieceQueue
from pyollama.serving.generation import new_generation
from pyollama.serving.loaded import LoadedModel, RunnerOptions
from pyollama.serving.scheduler import Lease
from pyollama.settings import Settings
from pyollama.store import StoredModel

R = TypeVar("R")

MAX_PREDICT_CONTEXTS = 10  # a generation without a limit ends after so many contexts


def runner_options(options: Options, settings: Settings) -> RunnerOptions:
    """The part of the options that a runner is loaded with."""
    return RunnerOptions(options.num_ctx, max(options.num_batch, 1), max(settings.num_parallel, 1))


def conversation(
    stored: StoredModel, system: str, messages: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The messages that a template sees: system, those stored with the model, the request's own."""
    kept = [{"role": message.role, "content": message.content} for message in stored.messages]
    front = [{"role": "system", "content": system}] if system else []
    return [*front, *kept, *messages]


async def tokenize(loaded: LoadedModel, prompt: str) -> list[int]:
    """The prompt's token ids, special tokens understood and BOS added; off the event loop."""
    return await asyncio.to_thread(loaded.tokenizer.encode, prompt)


def start(
    lease: Lease, tokens: list[int], options: Options, form: Form[R], clock: Clock
) -> Answer[R]:
    """Start generating after a prompt of token ids."""
    loaded = lease.loaded
    request = Request(
        prompt=tokens,
        sampler=Sampler(options, loaded.tokenizer.n_vocab),
        num_predict=predict_limit(options.num_predict, loaded.num_ctx),
        end_tokens=loaded.tokenizer.eog,
    )
    pieces = PieceQueue()
    generation = new_generation(request, options.stop, loaded.tokenizer, pieces.deliver)
    return Answer(lease, generation, pieces, form, clock)


def require_acceptable(loaded: LoadedModel, tokens: list[int], options: Options) -> None:
    """Raise BadRequest, in llama.cpp's words, for what an engine refuses when a run starts."""
    check(options)
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


def predict_limit(num_predict: int, num_ctx: int) -> int:
    """The most tokens of an answer: negative, zero and huge limits become ten contexts."""
    most = MAX_PREDICT_CONTEXTS * num_ctx
    return num_predict if 0 < num_predict <= most else most
