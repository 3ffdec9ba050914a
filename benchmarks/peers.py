"""The two programs that are compared, each in a process of its own, asked in turns over a pipe.

Both do the same: `rewind` to the first n tokens of one sequence, `feed` the next ones and tell the
seconds. Sampling is left out on both sides.
"""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol


class Peer(Protocol):
    """A loaded model that can be fed."""

    def rewind(self, n: int) -> None:
        """Forget all tokens but the first n."""

    def feed(self, ids: Sequence[int]) -> float:
        """Compute the next tokens in one batch, the logits of the last one; the seconds taken."""


@dataclass(frozen=True)
class Setting:
    """What both programs are given."""

    model: Path
    n_ctx: int
    n_threads: int
    folder: Path  # llama.cpp's libraries
    build: str  # and which of them


class Pyollama:
    """This project's model, without engine and HTTP around it."""

    def __init__(self, setting: Setting) -> None:
        from pyollama.engine.passes import Passes
        from pyollama.models.loader import load_model
        from pyollama_formats.gguf.reader import open_gguf
        from pyollama_tensor.batch import PAGE
        from pyollama_tensor.threads import set_threads

        set_threads(setting.n_threads)
        self.file = open_gguf(setting.model)
        self.model = load_model(self.file)
        self.n_page = -(-setting.n_ctx // PAGE)
        self.passes = Passes(self.model, self.model.new_cache(self.n_page), self.n_page)
        self.n = 0

    def rewind(self, n: int) -> None:
        """Forget all tokens but the first n: what lies behind is written over."""
        self.n = n

    def feed(self, ids: Sequence[int]) -> float:
        """Compute the next tokens in one batch; the seconds taken."""
        import numpy as np

        from pyollama_tensor.batch import Batch

        n = len(ids)
        batch = Batch(
            tokens=np.asarray(ids, np.int32),
            rows=None,
            positions=np.arange(self.n, self.n + n, dtype=np.int32),
            sequences=np.zeros(n, np.int32),
            tables=np.arange(self.n_page, dtype=np.int32)[None],
            wanted=np.array([n - 1], np.int32),
        )
        started = time.perf_counter()
        self.passes.forward(batch)
        self.n += n
        return time.perf_counter() - started


def pyollama(setting: Setting) -> Peer:
    """This project, loaded."""
    return Pyollama(setting)


def llama_cpp(setting: Setting) -> Peer:
    """llama.cpp, loaded."""
    from ctypes_llama import LlamaCpp

    return LlamaCpp(setting.folder, setting.build, setting.model, setting.n_ctx, setting.n_threads)


class Remote(AbstractContextManager["Remote"]):
    """A peer in a child process; `load_seconds` includes the start of the program."""

    def __init__(self, make: Callable[[Setting], Any], setting: Setting) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(make, setting, theirs), daemon=True)
        started = time.perf_counter()
        self.process.start()
        theirs.close()
        self._answer()
        self.load_seconds = time.perf_counter() - started

    def rewind(self, n: int) -> None:
        """Forget all tokens but the first n."""
        self.ask("rewind", n)

    def feed(self, ids: Sequence[int]) -> float:
        """Compute the next tokens in one batch; the seconds taken, the pipe left out."""
        return float(self.ask("feed", list(ids)))

    def ask(self, method: str, argument: Any) -> Any:
        """Call a method of the peer with one argument."""
        self.pipe.send((method, argument))
        return self._answer()

    def _answer(self) -> Any:
        worked, value = self.pipe.recv()
        if not worked:
            raise RuntimeError(value)
        return value

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.pipe.close()  # ends the child's loop
        self.process.join(timeout=10)
        if self.process.is_alive():  # deep in a long computation: it is not waited for
            self.process.kill()
            self.process.join()


def serve(make: Callable[[Setting], Any], setting: Setting, pipe: Connection) -> None:
    """The child process: load, then answer until the pipe is closed."""
    try:
        peer = make(setting)
        pipe.send((True, None))
        while True:
            method, argument = pipe.recv()
            pipe.send((True, getattr(peer, method)(argument)))
    except EOFError:
        pass  # the parent is done
    except Exception as error:
        pipe.send((False, f"{make.__name__}: {type(error).__name__}: {error}"))
