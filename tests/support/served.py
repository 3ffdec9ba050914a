"""Serving on top of a store with small random models in it."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import tiny_llama

from pyollama.api import ChatRequest, GenerateRequest, GenerateResponse, Message
from pyollama.serving import Serving
from pyollama.settings import Settings
from pyollama.store import Store
from pyollama.store.types import CreateRequest

T = TypeVar("T")

GREEDY = {"temperature": 0, "num_predict": 5}


def new_store(folder: Path) -> Store:
    """A store with the models small and other, whose weights are separate files."""
    store = Store(folder / "models")
    add_model(store, "small", tiny_llama.write_model(folder / "m.gguf").read_bytes())
    add_model(store, "other", named_weights(folder, "other"))
    return store


def named_weights(folder: Path, name: str) -> bytes:
    """The weights of small under a name of their own, which makes them another file."""
    keys = tiny_llama.metadata() | {"general.name": name}
    return tiny_llama.write_model(folder / f"{name}.gguf", keys).read_bytes()


def add_model(store: Store, name: str, data: bytes, **fields: Any) -> None:
    """Store a GGUF and make a model of it; fields are those of /api/create."""
    store.blobs.add([data])
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    for _ in store.create(CreateRequest(model=name, files={"m.gguf": digest}, **fields)):
        pass


def run(store: Store, scenario: Callable[[Serving], Awaitable[T]], **settings: Any) -> T:
    """Await a scenario with a Serving of its own, which is closed afterwards."""

    async def whole() -> T:
        serving = Serving(store, Settings(models=store.root, **settings))
        try:
            return await asyncio.wait_for(scenario(serving), 120)
        finally:
            await serving.close()

    return asyncio.run(whole())


def names(serving: Serving) -> list[str]:
    """The models in memory, sorted."""
    return sorted(model.name for model in serving.running())


async def until(condition: Callable[[], object]) -> None:
    """Let the others run until something has come to pass."""
    while not condition():
        await asyncio.sleep(0.005)


def generation(model: str = "small", prompt: str = "hello", **fields: Any) -> GenerateRequest:
    """A short greedy generation."""
    return GenerateRequest(**{"model": model, "prompt": prompt, "options": GREEDY, **fields})


def chat(model: str = "small", content: str = "hello", **fields: Any) -> ChatRequest:
    """A short greedy chat of one message."""
    messages = [Message(role="user", content=content)]
    return ChatRequest(**{"model": model, "messages": messages, "options": GREEDY, **fields})


async def collect(serving: Serving, call: GenerateRequest) -> list[GenerateResponse]:
    """Every event of a generation."""
    events = await serving.generate(call)
    try:
        return [event async for event in events]
    finally:
        await events.aclose()


async def text_of(serving: Serving, call: GenerateRequest) -> str:
    """The whole text of a generation."""
    return "".join(event.response for event in await collect(serving, call))
