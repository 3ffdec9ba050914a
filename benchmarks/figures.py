"""Figures of a benchmark: what was measured, what was hoped for, and how the two compare.

A figure has a ratio that is judged by its goal. For speeds and rates the ratio says how many times
faster this project is than what it is compared with, so higher is better; for costs (memory, waits)
it is ours over theirs, so lower is better. A figure without a counterpart is judged by its value.

Rounds in which the other side was disturbed are left out: one round is one measurement of both, one
right after the other, and a busy machine slows the other side as it slows ours. What remains says
how both do undisturbed; our own bad rounds stay in.
"""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

TOLERANCE = 0.05  # a median this far off its goal, in parts of it, still meets it
DISTURBED = 1.15  # times the best quartile: slower rounds of the other side are left out

Better = Literal["higher", "lower"]
Verdict = Literal["met", "missed", "n/a", "no goal", "too few rounds", "failed"]


@dataclass(frozen=True)
class Goal:
    """What a ratio, or a figure without a counterpart, should reach."""

    value: float
    better: Better = "higher"

    def met_by(self, value: float) -> bool:
        """Whether a value reaches the goal, or falls short of it by no more than the tolerance.

        A goal of nothing at all has no tolerance.
        """
        if self.better == "higher":
            return value >= self.value * (1 - TOLERANCE)
        return value <= self.value * (1 + TOLERANCE)

    def __str__(self) -> str:
        return f"{'≥' if self.better == 'higher' else '≤'} {self.value:g}"


@dataclass(frozen=True)
class Rounds:
    """Measurements of both sides in the same unit, one of each per round, in order."""

    ours: list[float]
    theirs: list[float]
    better: Better = "lower"  # for the measured values: seconds are better low, rates high

    def __post_init__(self) -> None:
        assert len(self.ours) == len(self.theirs), "one measurement of each side per round"

    @property
    def kept(self) -> list[int]:
        """The rounds in which the other side was not disturbed."""
        costs = self.theirs if self.better == "lower" else [1 / rate for rate in self.theirs]
        return undisturbed(costs)

    @property
    def medians(self) -> tuple[float, float]:
        """Ours and theirs over the kept rounds."""
        ours = statistics.median(self.ours[i] for i in self.kept)
        return ours, statistics.median(self.theirs[i] for i in self.kept)


def undisturbed(costs: Sequence[float]) -> list[int]:
    """The indices of costs that are not far above their best quartile (the 25th percentile)."""
    limit = DISTURBED * float(np.percentile(costs, 25)) if costs else 0.0
    return [i for i, cost in enumerate(costs) if cost <= limit]


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    ours, theirs: medians, in the unit; None where nothing was measured or there is no counterpart
    ratio: of the two, as the module says; None without a counterpart
    note: why there is no figure, what the machine's limit is, or what was compared
    rounds: how many were kept, and of how many
    """

    name: str
    unit: str
    ours: float | None = None
    theirs: float | None = None
    ratio: float | None = None
    goal: Goal | None = None
    verdict: Verdict = "no goal"
    note: str = ""
    rounds: tuple[int, int] = (0, 0)
    raw: dict[str, list[float]] = field(default_factory=dict, repr=False)


def judged(goal: Goal | None, value: float) -> Verdict:
    """Whether a goal is met."""
    if goal is None:
        return "no goal"
    return "met" if goal.met_by(value) else "missed"


def compared(
    name: str, unit: str, rounds: Rounds, goal: Goal | None, least: int = 1, note: str = ""
) -> Figure:
    """The figure of rounds that were measured on both sides.

    The ratio is above 1 where this project is better, unless the goal wants it low.
    least: fewer kept rounds than that give no verdict
    """
    ours, theirs = rounds.medians
    is_inverse = (rounds.better == "lower") != (goal is not None and goal.better == "lower")
    ratio = theirs / ours if is_inverse else ours / theirs
    n_kept = len(rounds.kept)
    return Figure(
        name=name,
        unit=unit,
        ours=ours,
        theirs=theirs,
        ratio=ratio,
        goal=goal,
        verdict=judged(goal, ratio) if n_kept >= least else "too few rounds",
        note=note,
        rounds=(n_kept, len(rounds.ours)),
        raw={"ours": rounds.ours, "theirs": rounds.theirs},
    )


def alone(name: str, unit: str, values: Sequence[float], goal: Goal, note: str = "") -> Figure:
    """The figure of something that has no counterpart: its median is judged."""
    median = statistics.median(values)
    n = (len(values), len(values))
    raw = {"ours": list(values)}
    verdict = judged(goal, median)
    return Figure(name, unit, median, goal=goal, verdict=verdict, note=note, rounds=n, raw=raw)


def not_here(name: str, goal: Goal | None, reason: str) -> Figure:
    """A line that this machine, or this run, cannot measure."""
    return Figure(name, "", goal=goal, verdict="n/a", note=reason)


def failed(name: str, goal: Goal | None, reason: str) -> Figure:
    """A line whose measurement broke off."""
    return Figure(name, "", goal=goal, verdict="failed", note=" ".join(reason.split())[:120])


HEADINGS = ("what", "ours", "theirs", "unit", "ratio", "goal", "verdict", "rounds", "note")


def table(figures: Iterable[Figure]) -> str:
    """The figures as a table in Markdown, padded so that it also reads well on a terminal."""
    return markdown(HEADINGS, [cells(figure) for figure in figures])


def cells(figure: Figure) -> list[str]:
    """The texts of one line."""
    kept, n = figure.rounds
    return [
        figure.name,
        number(figure.ours),
        number(figure.theirs),
        figure.unit,
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        "" if figure.goal is None else str(figure.goal),
        figure.verdict,
        f"{kept}/{n}" if n else "",
        figure.note,
    ]


def number(value: float | None) -> str:
    """Three digits that matter, or more where they lie before the point."""
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def threads(n: int) -> str:
    """One thread, two threads."""
    return f"{n} thread{'s' if n > 1 else ''}"


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown with columns of even width."""
    columns = zip(headings, *rows, strict=True)
    widths = [max(3, *(len(cell) for cell in column)) for column in columns]
    lines = [headings, ["-" * width for width in widths], *rows]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in lines
    )
