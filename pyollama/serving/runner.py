"""The one thread that steps a model's engine, and the letter box through which others reach it."""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

from pyollama.errors import EngineError, PyollamaError

STOPPED = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an "
    "internal error, check ollama server logs for details"
)
FAILED = "an error was encountered while running the model: {}"

logger = logging.getLogger(__name__)


class Event(Protocol):
    """What an engine tells of one of its requests."""

    @property
    def request(self) -> Any:
        """The request."""

    @property
    def error(self) -> PyollamaError | None:
        """What ended this request alone."""

    @property
    def is_last(self) -> bool:
        """Whether the engine is done with the request."""


class Steppable(Protocol):
    """An engine: of text, or of embeddings."""

    @property
    def busy(self) -> bool:
        """Whether there is anything to step."""

    def add(self, request: Any) -> None:
        """Queue a request."""

    def cancel(self, request: Any) -> None:
        """Drop a request wherever it is."""

    def step(self) -> Sequence[Event]:
        """Do some of the work; gives what has come of it."""


class Job(Protocol):
    """A request to an engine, and what becomes of its events."""

    @property
    def request(self) -> Any:
        """What the engine is asked for."""

    def take(self, event: Any) -> bool:
        """Pass an event on. True if the job has ended by it, and the engine does not know yet."""

    def fail(self, error: PyollamaError) -> None:
        """End with an error."""


E = TypeVar("E", bound=Steppable)


class Runner(Generic[E]):
    """Steps an engine while there is work, and sleeps while there is none.

    ``submit`` and ``cancel`` may be called from any thread; the engine itself is touched by the
    runner's thread alone. A cancelled job's pages are free within one step.
    """

    def __init__(self, engine: E) -> None:
        self.engine = engine
        self.changed = threading.Condition()
        self.submitted: deque[Job] = deque()
        self.cancelled: deque[Job] = deque()
        self.closing = False
        self.active: dict[Any, Job] = {}
        self.thread = threading.Thread(target=self._run, name="runner", daemon=True)
        self.thread.start()

    def submit(self, job: Job) -> None:
        """Start a job, whose events it will take."""
        with self.changed:
            if not self.closing:
                self.submitted.append(job)
                self.changed.notify()
                return
        job.fail(EngineError(STOPPED))

    def cancel(self, job: Job) -> None:
        """Stop a job that nobody waits for any more; it takes no further event."""
        with self.changed:
            self.cancelled.append(job)
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
        for job in arrived:
            self.active[job.request] = job
            self.engine.add(job.request)
        for job in left:
            self._drop(job)
        return True

    def _step(self) -> None:
        for event in self.engine.step():
            job = self.active[event.request]
            if event.error is not None:  # of this answer alone
                job.fail(EngineError(FAILED.format(event.error)))
                del self.active[event.request]
            elif job.take(event):
                self._drop(job)
            elif event.is_last:
                del self.active[event.request]

    def _drop(self, job: Job) -> None:
        self.engine.cancel(job.request)
        self.active.pop(job.request, None)

    def _fail_all(self, error: EngineError) -> None:
        """End every job, running or waiting, with an error."""
        with self.changed:
            waiting = list(self.submitted)
            self.submitted.clear()
        for job in [*self.active.values(), *waiting]:
            job.fail(error)
        for job in list(self.active.values()):
            self._drop(job)
