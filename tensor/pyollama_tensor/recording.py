"""Passes recorded once and replayed: no Python between the kernels of a decoded token.

Between two kernels Python allocates, looks up and checks: some ten microseconds, two hundred times
a pass, in which memory has nothing to do. But every pass that decodes the same number of rows is
the same: the same kernels on the same weights. So one pass runs while a `Recording` of its thread
is open. Kernels note themselves on its tape, with the addresses of their arrays, and results lie
where they will lie at every replay. Later passes write new inputs into the old arrays and play the
tape (`threads.replay`). GPUs know the same as graphs of captured launches.

What is computed outside kernels would keep the values of the recorded pass for ever. So whatever
depends on the inputs goes through `fresh`, which computes it again before every replay, memory
comes from `empty`, and `contiguous` refuses to copy while a recording is open.
"""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pyollama_formats.errors import PyollamaError
from pyollama_tensor.types import F32, I64

CHUNK = 1 << 22  # bytes of memory that an arena asks for at a time
LINE = 64  # bytes

Arrays = tuple[NDArray[Any], ...]
Replay = Callable[[], F32]
"""Runs a recorded pass again: the result, in the same memory each time."""

_thread = threading.local()


class NotRecordable(PyollamaError):
    """A pass does something that a replay would not do again."""


class Arena:
    """Memory for the results of recordings of which only one is in use at a time."""

    def __init__(self) -> None:
        self._chunks: list[NDArray[np.uint8]] = []
        self.begin()

    def begin(self) -> None:
        """Start again, over what an earlier recording used."""
        self._chunk, self._place = 0, 0

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array that begins with a cache line, its contents undefined."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        while self._chunk < len(self._chunks) and self._place + size > self._room():
            self._chunk, self._place = self._chunk + 1, 0
        if self._chunk == len(self._chunks):
            self._chunks.append(_lines(max(size, CHUNK)))
        begin, self._place = self._place, self._place + -(-size // LINE) * LINE
        return self._chunks[self._chunk][begin : begin + size].view(dtype).reshape(shape)

    def _room(self) -> int:
        return len(self._chunks[self._chunk])

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(map(len, self._chunks))


def _lines(size: int) -> NDArray[np.uint8]:
    """Memory that begins with a cache line."""
    memory = np.empty(size + LINE, np.uint8)
    begin = -memory.ctypes.data % LINE
    return memory[begin : begin + size]


class Recording:
    """One recorded pass. Open it with `with`; what the thread computes meanwhile is recorded.

    tape: a pool's state without helpers, and then the tasks that ran; see `threads.note`
    inputs: what computes again, in place, all that depends on a pass's inputs
    """

    def __init__(self, tape: I64, arena: Arena) -> None:
        self.tape = tape
        self.arena = arena
        self.inputs: list[Callable[[], None]] = []
        self._known: dict[tuple[int, ...], tuple[Arrays, tuple[object, ...]]] = {}
        arena.begin()

    def __enter__(self) -> "Recording":
        assert current() is None, "a recording is open"
        _thread.recording = self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _thread.recording = None

    def fresh(self, of: tuple[object, ...], compute: Callable[[], Arrays]) -> Arrays:
        """Arrays that `compute` fills again before every replay; once for the same objects."""
        key = tuple(map(id, of))
        if key not in self._known:
            kept = self._computed(compute)
            self._known[key] = kept, of  # the objects stay, and so do their ids

            def refresh() -> None:
                for old, new in zip(kept, compute(), strict=True):
                    np.copyto(old, new)

            self.inputs.append(refresh)
        return self._known[key][0]

    def _computed(self, compute: Callable[[], Arrays]) -> Arrays:
        """Compute arrays without recording how, and keep them where they stay."""
        _thread.recording = None
        try:
            found = compute()
        finally:
            _thread.recording = self
        kept = tuple(self.arena.empty(array.shape, array.dtype) for array in found)
        for old, new in zip(kept, found, strict=True):
            np.copyto(old, new)
        return kept


def current() -> Recording | None:
    """The recording that this thread has open."""
    return getattr(_thread, "recording", None)


def empty(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """`np.empty`, where replays find it again."""
    recording = current()
    return np.empty(shape, dtype) if recording is None else recording.arena.empty(shape, dtype)


def fresh(of: tuple[object, ...], compute: Callable[[], Arrays]) -> Arrays:
    """What `compute` gives, computed again before every replay.

    of: the objects that it is computed from, by which a recording knows it again
    """
    recording = current()
    return compute() if recording is None else recording.fresh(of, compute)


def contiguous(x: NDArray[Any]) -> NDArray[Any]:
    """The array itself, or a C-contiguous copy. NotRecordable if a recording would need the copy.

    A copy is not made again at a replay.
    """
    if x.flags.c_contiguous:
        return x
    if current() is not None:
        raise NotRecordable(f"an array of shape {x.shape} lies apart in memory")
    return np.ascontiguousarray(x)
