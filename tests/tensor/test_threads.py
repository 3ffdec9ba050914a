"""The pool: every item once, errors seen, two callers at once, forks, sleep and the end."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from pyollama_tensor import threads
from pyollama_tensor.jit import kernel
from pyollama_tensor.simd import atomic_add
from pyollama_tensor.simd.machine import ON_X86
from pyollama_tensor.threads import parallel_for, pool, set_threads, task
from pyollama_tensor.types import F32, I64


@task
def count_rows(first: int, last: int, out: I64) -> None:
    for i in range(first, last):
        atomic_add(out, i, 1)


@kernel
def count(pool: I64, n: int, grain: int, out: I64) -> None:
    parallel_for(pool, count_rows, n, grain, (out,))


@task
def fail_rows(first: int, last: int, bad: int) -> None:
    if first <= bad < last:
        raise ValueError("a bad item")


@kernel
def fail(pool: I64, n: int, bad: int) -> None:
    parallel_for(pool, fail_rows, n, 1, (bad,))


@task
def halve_rows(first: int, last: int, x: F32, out: F32) -> None:
    for i in range(first, last):
        out[i] = x[i] * np.float32(0.5)


@kernel
def halve(pool: I64, x: F32, out: F32) -> None:
    parallel_for(pool, halve_rows, len(x), 1, (x, out))


@task
def nested_rows(first: int, last: int, pool: I64, out: I64) -> None:
    for _ in range(first, last):
        parallel_for(pool, count_rows, len(out), 1, (out,))


@kernel
def nested(pool: I64, n: int, out: I64) -> None:
    parallel_for(pool, nested_rows, n, 1, (pool, out))


@pytest.fixture(params=[1, 2, 4], autouse=True)
def threads_used(request: pytest.FixtureRequest) -> Iterator[int]:
    before = threads.n_threads()
    set_threads(request.param)
    yield request.param
    set_threads(before)


@pytest.mark.parametrize(("n", "grain"), [(0, 1), (1, 1), (1000, 1), (1000, 7), (1000, 5000)])
def test_every_item_runs_once(n: int, grain: int) -> None:
    for _ in range(50):
        out = np.zeros(1000, np.int64)
        count(pool(), n, grain, out)
        assert (out[:n] == 1).all()
        assert not out[n:].any()


@pytest.mark.parametrize("threads_used", [threads.MOST_PARTS + 1], indirect=True)
def test_more_threads_than_parts_share_them() -> None:
    for n in (1, threads.MOST_PARTS, 1000):
        out = np.zeros(n, np.int64)
        count(pool(), n, 1, out)
        assert (out == 1).all()


def test_a_task_may_spread_tasks() -> None:
    out = np.zeros(100, np.int64)
    nested(pool(), 20, out)
    assert (out == 20).all()


@pytest.mark.parametrize("bad", [0, 57, 99])
def test_an_error_in_any_chunk_is_raised(bad: int) -> None:
    for _ in range(20):
        with pytest.raises(RuntimeError, match="kernel failed"):
            fail(pool(), 100, bad)
    fail(pool(), 100, 100)  # and the pool goes on
    test_every_item_runs_once(100, 1)


def test_callers_at_once_do_not_disturb_each_other() -> None:
    wrong: list[int] = []

    def caller() -> None:
        for _ in range(300):
            out = np.zeros(64, np.int64)
            count(pool(), 64, 1, out)
            wrong.extend(np.flatnonzero(out != 1).tolist())

    callers = [threading.Thread(target=caller) for _ in range(4)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    assert not wrong


def test_denormals_are_zero_inside_and_kept_outside() -> None:
    x = np.full(256, 1e-38, np.float32)
    out = np.ones_like(x)
    halve(pool(), x, out)
    if ON_X86:
        assert not out.any()
    assert np.float32(1e-38) * np.float32(0.5) > 0


@pytest.mark.parametrize("threads_used", [4], indirect=True)
def test_no_helper_parks_while_a_tape_plays() -> None:
    running = threads._start()
    until(lambda: running.state[threads.PARKED] == len(running.threads))
    n_unwanted = len(running.threads) - 3  # of another test, with more threads
    with running.awake():
        until(lambda: running.state[threads.PARKED] == n_unwanted)
        for _ in range(20):  # many times longer than a helper waits otherwise
            time.sleep(0.01)
            assert running.state[threads.PARKED] == n_unwanted
    until(lambda: running.state[threads.PARKED] == len(running.threads))


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.mark.slow
@pytest.mark.parametrize("threads_used", [1], indirect=True)  # the child chooses its own
def test_idle_helpers_sleep_and_wake_again() -> None:
    code = """
import time
import numpy as np
from pyollama_tensor import ops, threads
threads.set_threads(4)
x = np.ones((64, 64), np.float32)
ops.silu_gate(x, x)
state, helpers = threads.pool(), len(threads._start().threads)
assert helpers == 3
deadline = time.monotonic() + 30
while state[threads.PARKED] < helpers:
    assert time.monotonic() < deadline
    time.sleep(0.01)
before = time.process_time()
time.sleep(0.5)
assert time.process_time() - before < 0.1, "a helper spins"
assert (ops.silu_gate(x, x) > 0.7).all()
"""
    done = subprocess.run(  # in a process of its own, whose time is that of the helpers alone
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_pool_of_its_own() -> None:
    test_every_item_runs_once(100, 1)
    child = os.fork()
    if child == 0:
        try:
            set_threads(2)
            test_every_item_runs_once(1000, 1)
        except BaseException:
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.slow
@pytest.mark.parametrize("threads_used", [1], indirect=True)  # the children choose their own
def test_the_interpreter_ends_while_helpers_spin() -> None:
    code = """
import numpy as np
from pyollama_tensor import ops, threads
threads.set_threads(4)
x = np.ones((64, 64), np.float32)
for _ in range(100):
    ops.silu_gate(x, x)
"""
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
