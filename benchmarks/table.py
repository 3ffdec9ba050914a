#!/usr/bin/env python3
"""The table: this project beside llama.cpp, line by line, each with its goal and a verdict.

    python benchmarks/table.py [--rows decode-128 ...] [--threads 1 2] [--rounds 8] [--json FILE]
    python benchmarks/table.py --combine FIRST.json SECOND.json THIRD.json [--write]

Both sides are measured in turns in one run, on the same file with the same threads: ours through
HTTP by a client's clock, llama.cpp's best build for this processor without it. Rounds in which
llama.cpp was disturbed are left out. docs/performance.md says what each line means; --write puts
the table there. --combine makes one table of the reports of several runs: medians, and the spread.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import compare
import llama_server
import overheads
import pages
import prefixes
import reports
from duel import Duel, Extent
from figures import Figure, Rounds, alone, cells, compared, failed, not_here, threads
from goals import LARGE, QUICK, TINY, Kind, Line, lines
from llama_libraries import PACKAGE, best_build, libraries
from machine import (
    BUILDS,
    Level,
    busy,
    kv_bytes,
    level,
    machine,
    read_bandwidth,
    token_limit,
)
from peers import Setting
from random_model import SHAPES

from pyollama.tiny import tiny_path

Measured = Rounds | list[float]
MEASURES: dict[Kind, Callable[[Duel, int], Measured]] = {
    "decode": Duel.decode,
    "prefill": Duel.prefill,
    "together": Duel.together,
    "prefix": prefixes.first_token,
    "twice": prefixes.computed_twice,
    "first": overheads.first_byte,
    "behind": overheads.behind,
    "processor": overheads.processor,
    "beyond": overheads.beyond_engine,
}
UNITS: dict[Kind, str] = {
    "decode": "tok/s",
    "prefill": "tok/s",
    "together": "tok/s",
    "twice": "tokens",
}
NOTES: dict[Kind, str] = {
    "together": f"llama.cpp's server with 8 slots, {llama_server.BUILD} build of xllamacpp",
    "prefix": "beside a step of our own",
}
ROOM = 2048 + 256  # tokens of context of each sequence: the longest prompt, and some to decode
LOADING = "loading"  # the module, and the row, of loading, memory and start


class Bench:
    """A run with what the command line asks for."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.here = level()
        self.folder = options.llama_lib or libraries()
        self.build = options.build or best_build(self.folder)
        self.extent = Extent(options.rounds, 4, 8) if options.quick else Extent(options.rounds)
        before = machine()
        size = {"n_byte": 1 << 26} if options.quick else {}
        speeds = {n: read_bandwidth(n, **size) for n in options.threads}
        source = str(self.folder) if options.llama_lib else PACKAGE
        self.report = reports.Report(before, f"build {self.build} of {source}", speeds)
        if options.busy:
            self.report.remarks.append(f"beside {options.busy} busy loops of the same priority")
        if options.quick:
            self.report.remarks.append("a quick run of small models: the verdicts mean nothing")

    def run(self) -> None:
        """Measure all lines that are wanted, for each number of threads."""
        wanted = [line for line in lines() if line.row in self.options.rows]
        for n_thread in self.options.threads:
            before, found = list(self.report.figures), {}
            for line, found[line] in self.measured(wanted, n_thread):
                self.keep([found[line]])
            self.report.figures = before + [found[line] for line in wanted]  # the table's order
            self.keep(self.loading(n_thread) if LOADING in self.options.rows else [])

    def keep(self, figures: Sequence[Figure]) -> None:
        """Print figures, and save all there are: a run that is broken off is not lost."""
        for figure in figures:
            print(" | ".join(cells(figure)), flush=True)
        self.report.figures += figures
        self.report.machine = self.report.machine.finished()
        if self.options.json:
            self.report.save(self.options.json)

    def measured(self, wanted: Sequence[Line], n_thread: int) -> Iterator[tuple[Line, Figure]]:
        """The figures of lines; those of one file and one level share its servers."""
        possible = []
        for line in wanted:
            if reason := line.reason_against(self.here):
                yield line, not_here(self.name(line, n_thread), line.goal, reason)
            else:
                possible.append(line)
        for (shape, mix, at), group in groupby(sorted(possible, key=self.place), self.place):
            setting = self.setting(shape, mix, at, n_thread)
            with Duel(setting, at, self.extent) as duel:
                yield from self.fought(duel, list(group))

    def fought(self, duel: Duel, group: Sequence[Line]) -> Iterator[tuple[Line, Figure]]:
        """The figures of lines of one file; what two of them want is measured once."""
        known: dict[tuple[Kind, int], Measured] = {}
        for line in group:
            try:
                key = line.kind, line.size
                if key not in known:
                    known[key] = MEASURES[line.kind](duel, line.size)
                figure = self.figure(line, duel.setting, known[key])
            except Exception as error:  # the other lines of a long run are not lost
                reason = f"{type(error).__name__}: {error}"
                figure = failed(self.name(line, duel.setting.n_threads), line.goal, reason)
            yield line, figure

    def figure(self, line: Line, setting: Setting, found: Measured) -> Figure:
        """A line with what was measured for it."""
        name, unit = self.name(line, setting.n_threads), UNITS.get(line.kind, "ms")
        if not isinstance(found, Rounds):
            return alone(name, unit, found, line.goal)
        note = NOTES.get(line.kind, "")
        figure = compared(name, unit, found, line.goal, self.options.rounds, note)
        if line.kind != "decode" or figure.ours is None:
            return figure
        shape = SHAPES[self.shape(line)]
        kept = kv_bytes(line.size, shape.n_layer, shape.n_head_kv, shape.n_embd // shape.n_head)
        speed = self.report.bandwidth[setting.n_threads]
        limit = 1 / token_limit(setting.model.stat().st_size + kept, speed)
        return replace(figure, note=f"memory allows {limit:.1f} tok/s: {figure.ours / limit:.0%}")

    def loading(self, n_thread: int) -> list[Figure]:
        """The figures of loading, memory and start, from the benchmark that measures them."""
        rows = getattr(import_module(LOADING), "rows", None) if find_spec(LOADING) else None
        if rows is None:
            return [not_here(LOADING, None, "benchmarks/loading.py has no rows()")]
        figures = rows(self.setting(LARGE, "q4_k_m", self.here, n_thread), self.options.rounds)
        return [replace(each, name=f"{each.name}, {threads(n_thread)}") for each in figures]

    def setting(self, shape: str, mix: str, at: Level, n_thread: int) -> Setting:
        """What both sides are given."""
        shape = QUICK[shape] if self.options.quick else shape
        if shape == TINY:
            with tiny_path() as path:
                model = path
        else:
            model = compare.random_file(shape, mix)
        build = self.build if at == self.here else BUILDS[at]
        return Setting(model, ROOM, n_thread, self.folder, build)

    def place(self, line: Line) -> tuple[str, str, Level]:
        """What lines must have in common to be measured with the same servers."""
        return line.shape, line.mix, line.level or self.here

    def shape(self, line: Line) -> str:
        """The shape that stands for a line's in this run."""
        return QUICK[line.shape] if self.options.quick else line.shape

    def name(self, line: Line, n_thread: int) -> str:
        """A line's name in the table."""
        model = f"{self.shape(line)} {line.mix.upper()}".strip()
        return f"{line.what}, {model}, {threads(n_thread)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure or combine, and print; the exit status is 1 if a line could not be measured."""
    options = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that children end
    if options.combine:
        text, status = reports.combined([reports.load(path) for path in options.combine]), 0
    else:
        bench = Bench(options)
        print(bench.report.heading, flush=True)
        with busy(options.busy):
            bench.run()
        text = str(bench.report)
        status = int(any(each.verdict == "failed" for each in bench.report.figures))
    print(f"\n{text}")
    if options.write:
        pages.write_between(pages.PAGE, "table", text)
    return status


def parser() -> argparse.ArgumentParser:
    """The command line."""
    this = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    rows = list(dict.fromkeys([*(line.row for line in lines()), LOADING]))
    n_cpu = len(os.sched_getaffinity(0))
    both = [n for n in (1, 2) if n <= n_cpu]
    this.add_argument("--rows", nargs="+", choices=rows, default=rows, metavar="NAME",
                      help=f"only these: {', '.join(rows)}")  # fmt: skip
    this.add_argument("--threads", type=int, nargs="+", default=both, help="default: %(default)s")
    this.add_argument("--rounds", type=int, default=8, help="undisturbed, at least (%(default)s)")
    this.add_argument("--busy", type=int, default=0, metavar="N", help="beside N busy loops")
    this.add_argument("--quick", action="store_true", help="small models: does it work at all?")
    this.add_argument("--llama-lib", type=Path, metavar="DIR", help="llama.cpp's libraries")
    this.add_argument("--build", help="a CPU build of llama.cpp, such as haswell")
    this.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    this.add_argument("--combine", type=Path, nargs="+", metavar="FILE", help="of earlier runs")
    this.add_argument("--write", action="store_true", help="put the table into docs/")
    return this


if __name__ == "__main__":
    sys.exit(main())
