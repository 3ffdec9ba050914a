"""The lines of the table: what is measured on which model, and what the ratio should be.

The goals of decoding hold wherever the best build of llama.cpp for the processor is met. Those that
name a level of processor (AMX, AVX-512, AVX2) are measured where the processor has it, both sides
restricted to it where it has more; elsewhere the line says why there is none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from figures import Goal
from machine import Level

Kind = Literal[
    "decode", "prefill", "together", "prefix", "twice", "first", "behind", "processor", "beyond"
]

MIXES = ("q4_k_m", "q4_0", "q8_0")
SMALL, LARGE, TINY = "qwen2-0.5b", "llama-1b", "tiny"
QUICK = {LARGE: "llama-2m", SMALL: "qwen2-8m", TINY: TINY}  # what --quick measures instead
N_PREFIX = 1500  # tokens that two requests have in common
WITHIN_MS = {"first": 3.0, "behind": 0.15, "processor": 0.15, "beyond": 0.15}

DECODE = {  # (shape, context): the goals of the three mixes
    (LARGE, 128): (1.6, 1.15, 1.0),
    (SMALL, 128): (1.5, 1.1, 1.0),
    (LARGE, 2048): (1.9, 1.6, 1.3),
}
PREFILL: list[tuple[Level, int, float]] = [
    ("amx", 512, 3.0),
    ("amx", 2048, 3.0),
    ("avx512", 512, 2.0),
]
LEVELS: tuple[Level, ...] = ("amx", "avx512", "avx2", "none")  # the best first
NAMES: dict[Level, str] = {"amx": "AMX", "avx512": "AVX-512 VNNI", "avx2": "AVX2"}


@dataclass(frozen=True)
class Line:
    """One line of the table, for each number of threads.

    row: the name that --rows knows it by
    size: tokens of the context, prompt or prefix, where there is one
    level: what both sides may use; None for all that the processor has
    """

    row: str
    kind: Kind
    shape: str
    mix: str
    size: int
    goal: Goal
    level: Level | None = None

    @property
    def what(self) -> str:
        """The line's name, without the model."""
        texts: dict[Kind, str] = {
            "decode": f"decode at {self.size}",
            "prefill": f"prefill {self.size}",
            "together": f"8 at once, prompts of {self.size}",
            "prefix": f"first token behind a known prefix of {self.size}",
            "twice": f"computed twice of a known prefix of {self.size}",
            "first": "first byte beyond the engine",
            "behind": "per token, behind the engine",
            "processor": "per token, event loop's processor time",
            "beyond": "per token, beyond the engine alone",
        }
        return texts[self.kind] + (f" ({NAMES[self.level]})" if self.level else "")

    def reason_against(self, here: Level) -> str | None:
        """Why a processor of some level cannot measure this line; None if it can."""
        if self.level is None or LEVELS.index(here) <= LEVELS.index(self.level):
            return None
        return f"n/a on this CPU: it has no {NAMES[self.level]}"


def lines() -> Iterator[Line]:
    """All lines, in the order of the table."""
    for (shape, context), goals in DECODE.items():
        for mix, goal in zip(MIXES, goals, strict=True):
            yield Line(f"decode-{context}", "decode", shape, mix, context, Goal(goal))
    for level, size, goal in PREFILL:
        yield Line("prefill", "prefill", LARGE, "q4_k_m", size, Goal(goal), level)
    yield from avx2()
    yield Line("together", "together", LARGE, "q4_k_m", 256, Goal(2.0))
    yield Line("prefix", "prefix", LARGE, "q4_k_m", N_PREFIX, Goal(1.05, "lower"))
    yield Line("prefix", "twice", TINY, "", N_PREFIX, Goal(0, "lower"))
    yield from overheads()


def avx2() -> Iterator[Line]:
    """The goals of processors without more than AVX2."""
    for mix in MIXES:
        yield Line("avx2", "decode", LARGE, mix, 128, Goal(1.2), "avx2")
    for mix in MIXES:
        yield Line("avx2", "prefill", LARGE, mix, 512, Goal(1.0), "avx2")
    yield Line("avx2", "prefill", LARGE, "q4_k_m", 2048, Goal(1.0), "avx2")


def overheads() -> Iterator[Line]:
    """What HTTP and all above the engine may cost."""
    for shape, mix in ((TINY, ""), (LARGE, "q4_k_m")):
        for kind in ("first", "behind", "processor"):
            goal = Goal(WITHIN_MS[kind], "lower")
            row = "first-byte" if kind == "first" else "per-token"
            yield Line(row, kind, shape, mix, 0, goal)
    yield Line("per-token", "beyond", TINY, "", 0, Goal(WITHIN_MS["beyond"], "lower"))
