"""The report of a run of the table: what was measured, and where. Several make one of medians."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from figures import HEADINGS, Figure, Goal, cells, judged, markdown, number, table
from machine import Machine


@dataclass
class Report:
    """One run.

    llama_cpp: which build of which package; bandwidth: bytes per second by threads
    remarks: what a reader must know besides
    """

    machine: Machine
    llama_cpp: str
    bandwidth: dict[int, float]
    remarks: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.heading}\n\n{table(self.figures)}"

    @property
    def heading(self) -> str:
        """Where it was measured, and against what, as a list."""
        speeds = [f"{speed / 1e9:.1f} GB/s with {n}" for n, speed in self.bandwidth.items()]
        facts = [
            str(self.machine),
            f"llama.cpp: {self.llama_cpp}",
            f"memory is read at {', '.join(speeds)} (threads)",
            *self.remarks,
        ]
        return "\n".join(f"- {fact}" for fact in facts)

    def save(self, path: Path) -> None:
        """Write it as JSON, all rounds included."""
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self), indent=1), "utf-8")
        partial.replace(path)


def load(path: Path) -> Report:
    """Read what `save` has written."""
    plain = json.loads(path.read_text("utf-8"))
    plain["machine"] = Machine(**plain["machine"])
    plain["bandwidth"] = {int(n): speed for n, speed in plain["bandwidth"].items()}
    plain["figures"] = [figure_of(each) for each in plain["figures"]]
    return Report(**plain)


def figure_of(plain: Mapping[str, Any]) -> Figure:
    """A figure out of its JSON."""
    goal = None if plain["goal"] is None else Goal(**plain["goal"])
    return Figure(**{**plain, "goal": goal, "rounds": tuple(plain["rounds"])})


def combined(reports: Sequence[Report]) -> str:
    """One table of several runs: the medians, and between what the ratios lay."""
    by_name: dict[str, list[Figure]] = {}
    for report in reports:
        for figure in report.figures:
            by_name.setdefault(figure.name, []).append(figure)
    rows = [with_spread(figures) for figures in by_name.values()]
    headings = [f"Run {i + 1}:\n\n{report.heading}" for i, report in enumerate(reports)]
    return "\n\n".join([*headings, markdown((*HEADINGS[:-2], "spread", "note"), rows)])


def with_spread(figures: Sequence[Figure]) -> list[str]:
    """The cells of one line measured in several runs."""
    what, *rest, _, note = cells(middle(figures))
    return [what, *rest, spread(figures), note]


def middle(figures: Sequence[Figure]) -> Figure:
    """The medians of a line over runs, judged anew; a run that has no figure does not count."""
    measured = [each for each in figures if each.ours is not None]
    if not measured:
        return figures[0]
    last = measured[-1]
    ours = statistics.median(each.ours for each in measured if each.ours is not None)
    theirs = [each.theirs for each in measured if each.theirs is not None]
    ratios = [each.ratio for each in measured if each.ratio is not None]
    ratio = statistics.median(ratios) if ratios else None
    return replace(
        last,
        ours=ours,
        theirs=statistics.median(theirs) if theirs else None,
        ratio=ratio,
        verdict=judged(last.goal, ours if ratio is None else ratio),
    )


def spread(figures: Sequence[Figure]) -> str:
    """Between what the judged values of the runs lay."""
    values = [
        value
        for each in figures
        if (value := each.ours if each.ratio is None else each.ratio) is not None
    ]
    return f"{number(min(values))} to {number(max(values))}, {len(values)} runs" if values else ""
