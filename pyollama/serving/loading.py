"""One load, watched: it may take as long as it gets on, and stops when nobody wants it."""

import asyncio
import time
from collections.abc import Callable

from pyollama.api import FOREVER
from pyollama.errors import EngineError, PyollamaError
from pyollama.serving.loaded import LoadedModel, Progress

TIMED_OUT = (
    "timed out waiting for llama-server to start - no progress for {:.1f} s"  # Ollama's words
)


class Abandoned(EngineError):
    """Raised in the loader's thread: what it loads is not waited for any more."""


class Watch:
    """Notes that a load gets on. It is called in the loader's thread, as its progress."""

    def __init__(self) -> None:
        self.last = time.monotonic()
        self.abandoned = False

    def __call__(self, n_done: int, n_total: int) -> None:
        """Something has been read. Raises Abandoned to stop the thread."""
        self.last = time.monotonic()
        if self.abandoned:
            raise Abandoned("the load was given up")

    def seconds_left(self, timeout: int) -> float | None:
        """How long the load may stand still from now on; None for ever."""
        return None if timeout >= FOREVER else self.last + timeout / 1e9 - time.monotonic()


async def watched(load: Callable[[Progress], LoadedModel], timeout: int) -> LoadedModel:
    """The result of a load in a thread.

    timeout: nanoseconds without progress, after which the load is given up with an EngineError.
    """
    watch = Watch()
    task = asyncio.ensure_future(asyncio.to_thread(load, watch))
    try:
        while not task.done():
            left = watch.seconds_left(timeout)
            if left is not None and left <= 0:
                raise EngineError(TIMED_OUT.format(timeout / 1e9))
            await asyncio.wait({task}, timeout=left)
        return task.result()
    except PyollamaError:
        raise
    except Exception as error:
        raise EngineError(f"unable to load model: {error}") from error
    finally:
        if not task.done():
            watch.abandoned = True
            task.add_done_callback(discard_late)


def discard_late(task: "asyncio.Future[LoadedModel]") -> None:
    """Free what a load that was given up has loaded after all."""
    if not task.cancelled() and task.exception() is None:
        task.result().unload()
