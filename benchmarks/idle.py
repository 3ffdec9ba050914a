"""Whether a process has come to rest.

A server that has loaded a model still sorts its memory for some seconds, beside whatever it is
asked meanwhile (tensor/pyollama_tensor/memory.py).
"""

import time
from collections.abc import Iterator
from pathlib import Path

QUIET = 3.0  # seconds with hardly any work; more than the server's own pauses (memory.DELAY)
BUSY = 0.03  # seconds of processor time within QUIET that are not nothing


def wait_until_idle(pid: int) -> None:
    """Return once a process and its children have nothing more to do."""
    before = -1.0
    while before < 0 or processor_seconds(pid) - before > BUSY:
        before = processor_seconds(pid)
        time.sleep(QUIET)


def processor_seconds(pid: int) -> float:
    """Processor time of a process and of the children that it still has."""
    return sum(seconds_of(each) for each in (pid, *children(pid)))


def seconds_of(pid: int) -> float:
    """Processor time of one process, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def children(pid: int) -> Iterator[int]:
    """The processes that a process has started from its main thread, ended or not."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8")
    return map(int, text.split())
