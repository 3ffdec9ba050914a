"""Serving: what stands between a decoded request and the engine.

``generate`` and ``chat`` do every check that can fail before they return; what they return is an
async iterator of events that the caller closes. The order of the checks is Ollama's, because a
client sees which of several mistakes is reported.
"""

from collections.abc import AsyncIterator
from typing import Protocol, TypeVar

from pyollama.api import (
    ChatRequest,
    ChatResponse,
    DetokenizeRequest,
    DetokenizeResponse,
    EmbeddingRequest,
    EmbeddingResponse,
    EmbedRequest,
    EmbedResponse,
    GenerateRequest,
    GenerateResponse,
    LocalTime,
    ProcessModel,
    RerankRequest,
    RerankResponse,
    Steering,
    TokenizeRequest,
    TokenizeResponse,
)
from pyollama.serving.chat import Chat
from pyollama.serving.embed import embed, embeddings
from pyollama.serving.flow import answer
from pyollama.serving.generate import Generate
from pyollama.serving.rerank import rerank
from pyollama.serving.scheduler import Scheduler
from pyollama.serving.slot import Slot
from pyollama.serving.text_sides import TextSides
from pyollama.serving.tokenize import detokenize, tokenize
from pyollama.settings import Settings
from pyollama.store import Store

UNSTEERED = Steering()
E_co = TypeVar("E_co", covariant=True)


class Events(Protocol[E_co]):
    """The events of an answer, an async iterator; closing it stops the work behind them."""

    def __aiter__(self) -> AsyncIterator[E_co]:
        """The events themselves."""

    async def __anext__(self) -> E_co:
        """The next event."""

    async def aclose(self) -> None:
        """Stop, and free what the answer holds."""


class Serving:
    """The models of one store, run on demand. Belongs to one event loop."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        self.scheduler = Scheduler(settings)
        self.text_sides = TextSides(self.scheduler)

    async def generate(
        self, call: GenerateRequest, steering: Steering = UNSTEERED
    ) -> Events[GenerateResponse]:
        """Answer POST /api/generate. Raises what the first failing check names."""
        return await answer(
            self.store, self.scheduler, Generate(call, steering.tells_context), steering
        )

    async def chat(self, call: ChatRequest, steering: Steering = UNSTEERED) -> Events[ChatResponse]:
        """Answer POST /api/chat. Raises what the first failing check names."""
        return await answer(self.store, self.scheduler, Chat(call), steering)

    async def embed(self, call: EmbedRequest) -> EmbedResponse:
        """Answer POST /api/embed. Raises what the first failing check names."""
        return await embed(self.store, self.scheduler, call)

    async def embeddings(self, call: EmbeddingRequest) -> EmbeddingResponse:
        """Answer POST /api/embeddings. Raises what the first failing check names."""
        return await embeddings(self.store, self.scheduler, call)

    async def rerank(self, call: RerankRequest) -> RerankResponse:
        """Answer POST /v1/rerank. Raises what the first failing check names."""
        return await rerank(self.store, self.scheduler, call)

    async def tokenize(self, call: TokenizeRequest) -> TokenizeResponse:
        """Answer POST /api/tokenize. Raises what the first failing check names."""
        return await tokenize(self.store, self.text_sides, call)

    async def detokenize(self, call: DetokenizeRequest) -> DetokenizeResponse:
        """Answer POST /api/detokenize. Raises what the first failing check names."""
        return await detokenize(self.store, self.text_sides, call)

    def running(self) -> list[ProcessModel]:
        """The models in memory, the one that stays longest first."""
        slots = sorted(self.scheduler.slots.values(), key=lambda s: -(s.expires_at // 10**9))
        return [process_model(slot) for slot in slots]

    async def close(self) -> None:
        """Stop every runner and let go of all memory."""
        self.text_sides.close()
        await self.scheduler.close()


def process_model(slot: Slot) -> ProcessModel:
    """A slot as /api/ps shows it."""
    details = slot.stored.details()
    details.parent_model = ""
    details.context_length = details.embedding_length = 0
    return ProcessModel(
        name=slot.stored.name.short,
        model=slot.stored.name.short,
        size=slot.loaded.size if slot.loaded else slot.stored.size,
        digest=slot.stored.digest,
        details=details,
        expires_at=LocalTime(slot.expires_at),
        size_vram=0,
        context_length=slot.num_ctx,
    )
