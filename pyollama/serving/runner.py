"""The one thread that steps a model's engine, and the letter box through which others reach it."""

import logging
import threading
from collections import deque

from pyollama.engine import Engine, Request
from pyollama.errors import EngineError
from pyollama.serving.generation import Generation
from pyollama.tokenizer import Tokenizer

STOPPED = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an "
    "internal error, check ollama server logs for details"
)
FAILED = "an error was encountered while running the model: {}"

logger = logging.getLogger(__name__)


class Runner:
    """Steps an engine while there is work, and sleeps while there is none.

    ``submit`` and ``cancel`` may be called from any thread; the engine itself is touched by the
    runner's thread alone. A cancelled generation's pages are free within one step.
    """

    def __init__(self, engine: Engine, tokenizer: Tokenizer) -> None:
        self.engine = engine
        self.tokenizer = tokenizer
        self.changed = threading.Condition()
        self.submitted: deque[Generation] = deque()
        self.cancelled: deque[Generation] = deque()
        self.closing = False
        self.active: dict[Request, Generation] = {}
        self.thread = threading.Thread(target=self._run, name="runner", daemon=True)
        self.thread.start()

    def submit(self, generation: Generation) -> None:
        """Start a generation; its pieces arrive through its ``deliver``."""
        with self.changed:
            if not self.closing:
                self.submitted.append(generation)
                self.changed.notify()
                return
        generation.fail(EngineError(STOPPED))

    def cancel(self, generation: Generation) -> None:
        """Stop a generation that nobody waits for any more; nothing further is delivered."""
        with self.changed:
            self.cancelled.append(generation)
            self.changed.notify()

    def close(self) -> None:
        """Stop the thread; whatever still runs ends with an error."""
        with self.changed:
            self.closing = True
            self.changed.notify()
        self.thread.join()

    def _run(self) -> None:
        while self._open_letters():
            if not self.engine.busy:
                continue
            try:
                self._step()
            except Exception as error:
                logger.exception("the engine failed")
                self._fail_all(EngineError(FAILED.format(error)))
        self._fail_all(EngineError(STOPPED))

    def _open_letters(self) -> bool:
        """Wait for work, then take over what has arrived. False when it is time to close."""
        with self.changed:
            while not (self.submitted or self.cancelled or self.engine.busy or self.closing):
                self.changed.wait()
            if self.closing:
                return False
            arrived, left = list(self.submitted), list(self.cancelled)
            self.submitted.clear()
            self.cancelled.clear()
        for generation in arrived:
            self.active[generation.request] = generation
            self.engine.add(generation.request)
        for generation in left:
            self._drop(generation)
        return True

    def _step(self) -> None:
        for event in self.engine.step():
            generation = self.active[event.request]
            if event.error is not None:  # of this answer alone
                generation.fail(EngineError(FAILED.format(event.error)))
                del self.active[event.request]
                continue
            stopped_by_text = generation.take(event)
            if stopped_by_text:
                self._drop(generation)
            elif event.done_reason is not None:
                del self.active[event.request]

    def _drop(self, generation: Generation) -> None:
        self.engine.cancel(generation.request)
        self.active.pop(generation.request, None)

    def _fail_all(self, error: EngineError) -> None:
        """End every generation, running or waiting, with an error."""
        with self.changed:
            waiting = list(self.submitted)
            self.submitted.clear()
        for generation in [*self.active.values(), *waiting]:
            generation.fail(error)
        for generation in list(self.active.values()):
            self._drop(generation)
