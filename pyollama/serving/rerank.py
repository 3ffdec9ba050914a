"""POST /v1/rerank: documents in the order of their relevance to a query.

A model that ranks reads the query together with each document. Ollama has no such endpoint; the
checks come in the order of /api/embed, whose path through the engine this is.
"""

import asyncio
from collections.abc import Sequence

import numpy as np

from pyollama.api import RankedDocument, RerankRequest, RerankResponse
from pyollama.engine import EncodeRequest
from pyollama.errors import BadRequest, NotFound
from pyollama.gotext import go_quoted
from pyollama.serving.checks import capabilities_of, requested_name
from pyollama.serving.embed import context_wanted, each_in_turn, encoded, find_stored, leased
from pyollama.serving.inputs import TOO_LONG, Limits, limits_of
from pyollama.serving.loaded import LoadedModel
from pyollama.serving.scheduler import Scheduler
from pyollama.store import Store
from pyollama.tokenizer.pairs import pair_form
from pyollama_tensor.types import I32, Array

MAX_DOCUMENTS = 10_000
NO_DOCUMENTS = "documents must not be empty"
TOO_MANY = f"more than {MAX_DOCUMENTS} documents in one request"
NO_ROOM = "the query leaves no room for a document in the context"
NOT_FINITE = "a score is NaN or Inf"


async def rerank(store: Store, scheduler: Scheduler, call: RerankRequest) -> RerankResponse:
    """Answer POST /v1/rerank. Raises what the first failing check names."""
    if not call.model.strip():
        raise NotFound(f"model '{call.model}' not found")
    name, _ = requested_name(call.model)
    require_documents(call)
    stored = await asyncio.to_thread(find_stored, store, name, call.model)
    if "embedding" not in await asyncio.to_thread(capabilities_of, stored):
        raise ranks_nothing(call.model)
    lease, options = await leased(scheduler, stored, call)
    try:
        require_ranking(lease.loaded, call.model)
        limits = limits_of(lease.loaded, context_wanted(options, scheduler.settings))
        request = EncodeRequest(await pairs(call, limits))
        await encoded(request, lease)
        return RerankResponse(
            model=call.model,
            results=best(first_scores(request.vectors), call.top_n),
            prompt_eval_count=request.prompt_eval_count,
        )
    finally:
        lease.release()


def require_documents(call: RerankRequest) -> None:
    """Raise BadRequest unless there are documents, and not too many, and some are wanted back."""
    if not call.documents:
        raise BadRequest(NO_DOCUMENTS)
    if len(call.documents) > MAX_DOCUMENTS:
        raise BadRequest(TOO_MANY)
    if call.top_n is not None and call.top_n < 1:
        raise BadRequest("top_n must be at least 1")


def require_ranking(loaded: LoadedModel, raw_name: str) -> None:
    """Raise BadRequest if the model makes embeddings."""
    pooling = loaded.model.pooling
    if pooling is None or not pooling.ranks:
        raise ranks_nothing(raw_name)


def ranks_nothing(raw_name: str) -> BadRequest:
    """The words for a model that does something else."""
    return BadRequest(f"{go_quoted(raw_name)} does not support rerank")


async def pairs(call: RerankRequest, limits: Limits) -> list[I32]:
    """The token ids of the query with each document. Raises BadRequest for what is too long.

    A document is cut to the room that the query leaves it, unless ``truncate`` is false.
    """
    form = pair_form(limits.tokenizer, limits.loaded.file.metadata)
    n_ctx = min(limits.n_ctx, limits.encoder.n_ctx)
    query = await asyncio.to_thread(plain, call.query, limits, n_ctx)
    room = n_ctx - len(query) - len(form)
    if room < 1:
        raise BadRequest(NO_ROOM)

    def pair(document: str) -> I32:
        ids = plain(document, limits, room)
        if len(ids) > room and call.truncate is False:
            raise BadRequest(TOO_LONG)
        return np.array(form.join(query, ids[:room]), np.int32)

    return await each_in_turn(pair, call.documents)


def plain(text: str, limits: Limits, at_most: int) -> list[int]:
    """The tokens of a text, in which nothing is special, and not many more than at_most."""
    tokenizer = limits.tokenizer
    return tokenizer.encode(text, add_special=False, parse_special=False, at_most=at_most)


def first_scores(vectors: Sequence[Array]) -> list[float]:
    """The scores of the first label, which is the only one of models made for ranking.

    Raises BadRequest for a score that is not finite.
    """
    scores = [float(vector[0]) for vector in vectors]
    if not np.isfinite(scores).all():
        raise BadRequest(NOT_FINITE)
    return scores


def best(scores: Sequence[float], top_n: int | None) -> list[RankedDocument]:
    """The documents with the highest scores, the best first; of equal ones the earlier."""
    order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)  # sorting is stable
    return [RankedDocument(index=i, relevance_score=scores[i]) for i in order[:top_n]]
