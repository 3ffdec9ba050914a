"""What running one template may cost: a sum of work, and a time by which it must be done.

A unit of work is a character that is made, a step of a loop, a node that is visited. Text is paid
for before it is made, so that ``{{ $x = print $x $x }}`` in a loop ends before memory does.
"""

import time

from pyollama.gotemplate.errors import ExecutionError

__all__ = ["MAX_DEPTH", "MAX_SOURCE", "Budget"]

MAX_SOURCE = 1 << 18  # characters of a template; the longest in use have some 10,000
MAX_DEPTH = 100  # templates that call each other; those in use go one or two deep
MAX_WORK = 50_000_000  # units
MAX_OUTPUT = 32 << 20  # characters
MAX_SECONDS = 10.0
LOOK_AT_CLOCK = 256  # payments between two looks


class Budget:
    """What is left of work, output and time. Its methods raise ExecutionError at the end of it."""

    def __init__(self) -> None:
        self.work = MAX_WORK
        self.output = MAX_OUTPUT
        self.deadline = time.monotonic() + MAX_SECONDS
        self.n_payment = 0

    def spend(self, units: int) -> None:
        """Pay for some work."""
        self.work -= units
        self.n_payment += 1
        if self.work < 0:
            raise ExecutionError("template: it makes too much of too little")
        looks = self.n_payment % LOOK_AT_CLOCK == 0 or units > LOOK_AT_CLOCK
        if looks and time.monotonic() > self.deadline:
            raise ExecutionError("template: it took too long")

    def write(self, text: str) -> str:
        """Pay for a piece of the output; the piece."""
        self.spend(len(text))
        self.output -= len(text)
        if self.output < 0:
            raise ExecutionError("template: the output is too long")
        return text
