"""Several answers to one request, each drawn with a seed of its own."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from msgspec.structs import replace

from pyollama.api import ChatRequest, ChatResponse, GenerateRequest, GenerateResponse
from pyollama.errors import EngineError
from pyollama_http.events import Events, Merged

__all__ = ["choices", "of_each"]

C = TypeVar("C", ChatRequest, GenerateRequest)
R = TypeVar("R", ChatResponse, GenerateResponse)


async def choices(n: int, call: C, start: Callable[[C], Awaitable[Events[R]]]) -> Merged[R]:
    """Start n answers; if one is refused, all are."""
    answers: list[Events[R]] = []
    try:
        for index in range(n):
            answers.append(await start(_seeded(call, index)))
    except BaseException:
        await Merged(answers).aclose()
        raise
    return Merged(answers)


def _seeded(call: C, index: int) -> C:
    """The request with another seed, where it names one."""
    seed: Any = call.options.get("seed")
    if index == 0 or not isinstance(seed, int) or seed == -1:
        return call
    return replace(call, options={**call.options, "seed": seed + index})


def of_each(events: Iterable[tuple[int, R]], n: int) -> list[list[R]]:
    """The events sorted by answer. EngineError if an answer has none."""
    sorted_events: list[list[R]] = [[] for _ in range(n)]
    for index, event in events:
        sorted_events[index].append(event)
    if not all(sorted_events):
        raise EngineError("the model repeats itself and says nothing")
    return sorted_events
