"""What the handlers work with: the store and serving of one application.

Both are imported and built when they are first needed: a server that starts, puts its folder in
order and is asked for its version, has loaded neither NumPy nor a compiler. One that is left in
peace then imports them ahead, so that the first request for a model does not wait for a second.
"""

import asyncio
import gc
import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from starlette.requests import Request

from pyollama.api import ProcessModel
from pyollama.settings import Settings

if TYPE_CHECKING:
    from pyollama.serving import Serving
    from pyollama.store import Store

__all__ = ["Parts", "parts"]

PEACE = 0.5  # seconds after the start


class Parts:
    """The rooms below the HTTP layer."""

    def __init__(
        self,
        settings: Settings,
        store: "Store | None" = None,
        serving: "Serving | None" = None,
    ) -> None:
        self.settings = settings
        self._store = store
        self._serving = serving
        self._building = asyncio.Lock()
        self._is_tidy = store is not None

    async def tidy(self) -> None:
        """Put the folder of the store in order, once, in a worker thread."""
        async with self._building:
            if not self._is_tidy:
                await asyncio.to_thread(tidy_folder, self.settings)
                self._is_tidy = True

    async def import_ahead(self) -> None:
        """Import what the first request for a model needs, if none comes soon."""
        await asyncio.sleep(PEACE)
        await self.serving()

    async def store(self) -> "Store":
        """The store, in order; the first call imports it, in a worker thread."""
        await self.tidy()
        async with self._building:
            if self._store is None:
                module = await asyncio.to_thread(importlib.import_module, "pyollama.store.store")
                settings = self.settings
                store: Store = module.Store(
                    settings.models,
                    no_prune=settings.no_prune,
                    go_template=settings.go_template,
                    allow_registries=settings.allow_registries,
                )
                self._store = store
            return self._store

    async def serving(self) -> "Serving":
        """Serving; the first call imports the engine, in a worker thread."""
        store = await self.store()
        async with self._building:
            if self._serving is None:
                module = await asyncio.to_thread(import_engine)
                serving: Serving = module.Serving(store, self.settings)
                self._serving = serving
            return self._serving

    def running(self) -> list[ProcessModel]:
        """The loaded models; none while there has been no use for serving."""
        return self._serving.running() if self._serving else []

    async def close(self) -> None:
        """Unload every model."""
        if self._serving is not None:
            await self._serving.close()


def tidy_folder(settings: Settings) -> None:
    """Free the folder of what crashes have left behind."""
    module = importlib.import_module("pyollama.store.upkeep")
    module.tidy(settings.models, no_prune=settings.no_prune, prune=settings.prune)


def import_engine() -> ModuleType:
    """The module of serving, with all that it needs.

    The hundreds of thousands of objects that come with it stay for ever. The garbage collector
    does not look for garbage among them meanwhile, and is told the first time to leave them out:
    looking through them all would stop every thread for a tenth of a second, again and again.

    numba comes first, from a short stack: CPython gives a frame of a deep one a new page at the
    end of each 16 KiB, and takes it back at the return. Deep inside the other imports, an inner
    loop of numba's own import stands at such an end and pays 16,000 times, 0.15 s in all.
    """
    if "pyollama.serving" in sys.modules:
        return importlib.import_module("pyollama.serving")
    gc.disable()
    try:
        importlib.import_module("numba")
        return importlib.import_module("pyollama.serving")
    finally:
        gc.freeze()
        gc.enable()


def parts(request: Request) -> Parts:
    """The parts of the application that answers the request."""
    found = request.app.state.parts
    assert isinstance(found, Parts)
    return found
