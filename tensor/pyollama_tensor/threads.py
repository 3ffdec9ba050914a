"""One pool of compute threads for the whole process, and `parallel_for` inside compiled code.

The caller of `parallel_for` publishes a task (a compiled function and its arguments), which falls
into a part for each thread, and takes chunks of its own part from an atomic counter. A helper that
sees the task open does the same with another part. Whoever has finished takes chunks of the other
parts. When all have run out the caller closes the task and waits for the helpers that are still
inside; one that comes later finds it closed. So nobody waits for a helper that sleeps, and one that
the system has descheduled holds up no more than its chunk. Yet each thread mostly goes through one
stretch of memory from its beginning to its end, where the processor knows what it will want next.

Helpers stay in compiled code without the GIL between tasks: they spin, then yield, and after some
milliseconds without work they park on a Python event. `pool` wakes them again. While a tape plays
none parks: its caller is not in Python, where it would see that.

Helpers never work on the processor of their caller: the system may put both on one when it wakes
them, and threads that wait for each other look to it as if they needed no more. A helper that
finds itself there moves away.

Only one task is open at a time. A second runner thread that finds the pool taken does its own
work alone, so two of them never wait for each other.
"""

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numba.extending import register_jitable

from pyollama_tensor import memory
from pyollama_tensor.cores import n_cores
from pyollama_tensor.jit import kernel
from pyollama_tensor.recording import Recording, current
from pyollama_tensor.simd.machine import (
    atomic_add,
    atomic_load,
    atomic_store,
    atomic_swap,
    flush_to_zero,
    pause,
    restore_mode,
    sched_yield,
)
from pyollama_tensor.simd.memory import copy_words
from pyollama_tensor.simd.places import current_cpu, leave_cpu
from pyollama_tensor.simd.tasks import Task, call_task, publish
from pyollama_tensor.types import I64

# The pool's shared state: int64 words, those that different threads write on lines of their own.
LINE = 16
LOCK, TICKET, INSIDE, FAILED, PARKED = range(0, 5 * LINE, LINE)
N_HELPER, STOP, PLAYING = 80, 81, 82  # rarely written: helpers, the end, and tapes that play
CODE, ARGS, N, GRAIN, N_PART = 96, 97, 98, 99, 100  # the open task
CPU = 101  # where its caller runs
END = 102  # of a recording's tape, which follows on the words of a state without helpers
NEXT = 112  # the first item of each part of the open task that nobody has taken
MOST_PARTS = 16  # with more threads some share a part
N_WORD = NEXT + LINE * MOST_PARTS
N_TAPE = 1 << 20  # words; memory comes as they are written
ENTRY = 4  # words of a task on the tape before its arguments: code, n, grain, and how many words

SPINS = 2_000  # pauses before yielding: about 50 microseconds
YIELDS = 20_000  # before parking: some milliseconds, longer than sampling from a step takes


@register_jitable
def begin_of(part: int, n_part: int, n: int, grain: int) -> int:
    """The first item of a part, and the end of the one before; only the last chunk is partial."""
    return n if part == n_part else n // grain * part // n_part * grain


@kernel
def open_parts(state: I64, n: int, grain: int) -> None:
    """Make nobody have taken anything of a task that is about to be opened."""
    n_part = min(atomic_load(state, N_HELPER) + 1, MOST_PARTS)
    state[N_PART] = n_part
    for part in range(n_part):
        atomic_store(state, NEXT + LINE * part, begin_of(part, n_part, n, grain))


@kernel
def take_chunks(state: I64, seat: int, code: int, args: int, n: int, grain: int) -> None:
    """Run chunks of the open task until none is left: of the seat's own part, then of the others.

    seat: 0 for the caller, then the helpers
    """
    n_part = state[N_PART]
    for turn in range(n_part):
        part = (seat + turn) % n_part
        end = begin_of(part + 1, n_part, n, grain)
        while True:
            first = atomic_add(state, NEXT + LINE * part, grain)
            if first >= end:
                break
            if call_task(code, args, first, min(first + grain, end)) != 0:
                atomic_add(state, FAILED, 1)


@kernel
def share(state: I64, code: int, args: int, n: int, grain: int) -> int:
    """Run a task of n items with whoever comes to help: the number of chunks that failed."""
    if atomic_load(state, N_HELPER) == 0 or n <= grain or atomic_swap(state, LOCK, 1) != 0:
        return int(call_task(code, args, 0, n))
    state[CODE], state[ARGS], state[N], state[GRAIN] = code, args, n, grain
    state[CPU] = current_cpu()
    atomic_store(state, FAILED, 0)
    open_parts(state, n, grain)
    atomic_add(state, TICKET, 1)  # odd: open
    take_chunks(state, 0, code, args, n, grain)
    atomic_add(state, TICKET, 1)  # even: closed
    spins = 0
    while atomic_load(state, INSIDE) != 0:
        pause()
        spins += 1
        if spins > SPINS:
            sched_yield()
    failed = atomic_load(state, FAILED)
    atomic_store(state, LOCK, 0)
    return int(failed)


def task(function: Callable[..., None]) -> Any:
    """Make `rows(first, last, *args)` fit for `parallel_for`, compiled where that is used."""
    return Task(function)


@kernel
def note(tape: I64, code: int, args: int, size: int, n: int, grain: int) -> None:
    """Write a task on the tape that a recording's state is, arguments and all."""
    place, n_word = tape[END], (size + 7) // 8
    if place + ENTRY + n_word > len(tape):
        raise MemoryError("the recording is too long")
    tape[place], tape[place + 1], tape[place + 2], tape[place + 3] = code, n, grain, n_word
    copy_words(tape, place + ENTRY, args, size)
    tape[END] = place + ENTRY + n_word


def new_tape() -> I64:
    """An empty tape: a state without helpers, so that what is recorded runs in its own thread."""
    tape: I64 = memory.zeros((N_WORD + N_TAPE,), np.int64)
    tape[END] = N_WORD
    return tape


def replay(recording: Recording) -> None:
    """Run a recorded pass again, over its inputs as they are now."""
    for refresh in recording.inputs:
        refresh()
    running = _pool or _start()
    with running.awake():
        play(running.state, recording.tape)


@kernel
def play(state: I64, tape: I64) -> None:
    """Run all tasks of a tape, one after another, with whoever comes to help."""
    begin = tape.ctypes.data
    place, failed = N_WORD, 0
    mode = flush_to_zero()
    while place < tape[END]:
        args = begin + 8 * (place + ENTRY)
        failed += share(state, tape[place], args, tape[place + 1], tape[place + 2])
        place += ENTRY + tape[place + 3]
    restore_mode(mode)
    if failed != 0:
        raise RuntimeError("a kernel failed")


@register_jitable
def parallel_for(state: I64, rows: Any, n: int, grain: int, args: Any) -> None:
    """In compiled code: run `rows(first, last, *args)` over items 0 to n, `grain` at a time.

    state: int64 words of the pool, from `pool()`
    rows:  a function under `@task`; chunks run in any order, in any thread, without denormals
    args:  tuple of arrays and numbers
    """
    code, block, size = publish(rows, args)
    if len(state) > N_WORD:
        note(state, code, block, size, n, grain)
    mode = flush_to_zero()
    failed = share(state, code, block, n, grain)
    restore_mode(mode)
    if failed != 0:
        raise RuntimeError("a kernel failed")


@kernel
def help_until_idle(state: I64, seat: int) -> None:
    """Join every task that opens, until there was none for a while or the pool stops."""
    mode = flush_to_zero()
    idle = 0
    while atomic_load(state, STOP) == 0:
        if idle >= SPINS + YIELDS and atomic_load(state, PLAYING) == 0:
            break
        ticket = atomic_load(state, TICKET)
        if ticket % 2 == 1 and seat < atomic_load(state, N_HELPER):
            atomic_add(state, INSIDE, 1)
            # Still open now means that the caller waits for us; else its arguments may be gone.
            if atomic_load(state, TICKET) == ticket:
                if state[CPU] == current_cpu():
                    leave_cpu(current_cpu())
                take_chunks(state, seat + 1, state[CODE], state[ARGS], state[N], state[GRAIN])
            atomic_add(state, INSIDE, -1)
            while atomic_load(state, TICKET) == ticket:
                pause()
            idle = 0
        elif idle < SPINS:
            pause()
        else:
            sched_yield()
        idle += 1
    restore_mode(mode)


class Pool:
    """The helper threads and the state they share. One per process; use `pool()`."""

    def __init__(self, n_threads: int) -> None:
        self.state: I64 = np.zeros(N_WORD + 16, np.int64)
        offset = -(self.state.ctypes.data // 8) % 16
        self.state = self.state[offset : offset + N_WORD]  # from the start of a cache line
        self.events: list[threading.Event] = []
        self.threads: list[threading.Thread] = []
        self.resize(n_threads)

    def resize(self, n_threads: int) -> None:
        """Let that many threads work, the caller's own among them."""
        while len(self.threads) < n_threads - 1:
            self.events.append(threading.Event())
            seat = len(self.threads)
            thread = threading.Thread(
                target=self._helper, args=(seat,), name=f"compute-{seat + 1}", daemon=True
            )
            self.threads.append(thread)
            thread.start()
        self.state[N_HELPER] = n_threads - 1

    def _helper(self, seat: int) -> None:
        state, event = self.state, self.events[seat]
        while not state[STOP]:
            help_until_idle(state, seat)
            event.clear()
            if state[STOP]:  # its event may be the one just cleared
                return
            atomic_add_one(state, PARKED, 1)
            if not state[PLAYING]:  # one that begins from here on finds that we have parked
                event.wait()
            atomic_add_one(state, PARKED, -1)

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Keep the helpers from parking as long as the block lasts, and call back who has."""
        atomic_add_one(self.state, PLAYING, 1)
        try:
            self.wake()
            yield
        finally:
            atomic_add_one(self.state, PLAYING, -1)

    def wake(self) -> None:
        """Call back the helpers that have parked, if any has."""
        if not self.state[PARKED]:
            return
        for event in self.events[: int(self.state[N_HELPER])]:
            event.set()

    def stop(self) -> None:
        """End all helpers, so that none runs while the interpreter takes itself down."""
        self.state[STOP] = 1
        for event in self.events:
            event.set()
        for thread in self.threads:
            thread.join(timeout=1.0)


@kernel
def atomic_add_one(state: I64, word: int, amount: int) -> None:
    """Add to a word of the state, from Python."""
    atomic_add(state, word, amount)


_lock = threading.Lock()
_pool: Pool | None = None


def pool() -> I64:
    """The state for `parallel_for`: the tape of this thread's recording, if it makes one.

    Else the pool's, with the helpers awake or waking.
    """
    recording = current()
    if recording is not None:
        return recording.tape
    running = _pool or _start()
    running.wake()
    return running.state


def _start() -> Pool:
    global _pool
    with _lock:
        if _pool is None:
            _pool = Pool(n_cores())
            atexit.register(_pool.stop)
        return _pool


def set_threads(n_threads: int) -> None:
    """Let n threads work for all runners from now on; 0 or less: one per core."""
    _start().resize(n_threads if n_threads > 0 else n_cores())


def n_threads() -> int:
    """How many threads work on one task."""
    return int(_start().state[N_HELPER]) + 1


def _forget() -> None:
    """After a fork the child has no helpers: it starts a pool of its own when it needs one."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
