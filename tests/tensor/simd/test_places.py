"""Where a thread runs, and how it moves away."""

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pyollama_tensor.jit import kernel
from pyollama_tensor.simd.places import ON_LINUX, UNKNOWN, current_cpu, leave_cpu


@kernel
def here() -> int:
    return int(current_cpu())


@kernel
def leave(cpu: int) -> None:
    leave_cpu(cpu)


def in_a_thread(work: Callable[[], Any]) -> Any:
    """What work gives, done by a thread whose own affinity ends with it."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.skipif(ON_LINUX, reason="Linux tells")
def test_elsewhere_nobody_knows() -> None:
    assert here() == UNKNOWN


@pytest.mark.skipif(not ON_LINUX, reason="only Linux tells where a thread runs")
def test_a_thread_runs_where_it_may() -> None:
    def confined() -> list[int]:
        found = []
        for cpu in sorted(os.sched_getaffinity(0)):
            os.sched_setaffinity(0, {cpu})
            found.append(here())
        return found

    assert in_a_thread(confined) == sorted(os.sched_getaffinity(0))


@pytest.mark.skipif(
    not ON_LINUX or len(os.sched_getaffinity(0)) < 2, reason="needs two processors under Linux"
)
def test_a_thread_that_leaves_is_elsewhere_and_may_come_back() -> None:
    def left() -> tuple[set[int], set[int]]:
        allowed = os.sched_getaffinity(0)
        cpu = min(allowed)
        os.sched_setaffinity(0, {cpu})
        os.sched_setaffinity(0, allowed)  # it stays there until something moves it
        leave(cpu)
        return allowed, os.sched_getaffinity(0)

    allowed, after = in_a_thread(left)
    assert after == allowed

    def moved() -> bool:
        before = here()
        leave(before)
        return bool(here() != before)

    assert any(in_a_thread(moved) for _ in range(5))  # the system may bring it back at once


@pytest.mark.skipif(not ON_LINUX, reason="only Linux tells where a thread runs")
@pytest.mark.parametrize("cpu", [None, -1, 5000])
def test_a_thread_stays_that_may_run_nowhere_else(cpu: int | None) -> None:
    def stayed() -> set[int]:
        only = {min(os.sched_getaffinity(0))}
        os.sched_setaffinity(0, only)
        leave(min(only) if cpu is None else cpu)
        return os.sched_getaffinity(0) - only

    assert in_a_thread(stayed) == set()
