"""A report can be kept and read again, and those of several runs become one of medians."""

from pathlib import Path

import reports
from figures import Figure, Goal, Rounds, compared, not_here
from machine import Machine

HERE = Machine("a processor", 2, "avx2", 0.5, 0.7)


def report(*figures: Figure) -> reports.Report:
    return reports.Report(HERE, "build haswell", {1: 20e9, 2: 34.5e9}, ["a remark"], list(figures))


def speed(ours: float, theirs: float) -> Figure:
    return compared("decode", "tok/s", Rounds([ours], [theirs], "higher"), Goal(1.5))


def test_a_report_is_the_same_after_saving_and_loading(tmp_path: Path) -> None:
    first = report(speed(3.0, 2.0), not_here("prefill", Goal(3, "lower"), "no AMX"))
    first.save(tmp_path / "report.json")
    assert reports.load(tmp_path / "report.json") == first
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_report_tells_where_it_was_made() -> None:
    text = str(report(speed(3.0, 2.0)))
    for fact in ("a processor", "build haswell", "load 0.5 before", "0.7 after"):
        assert fact in text
    assert "20.0 GB/s with 1, 34.5 GB/s with 2" in text
    assert "a remark" in text


def test_several_runs_are_judged_by_the_median_of_their_ratios() -> None:
    runs = [report(speed(ours, 2.0)) for ours in (2.0, 4.0, 3.0)]
    middle = reports.middle([run.figures[0] for run in runs])
    assert (middle.ratio, middle.verdict) == (1.5, "met")
    text = reports.combined(runs)
    assert "1 to 2, 3 runs" in text
    assert text.count("a processor") == 3


def test_a_run_that_could_not_measure_a_line_does_not_count() -> None:
    runs = [report(not_here("decode", Goal(1.5), "why")), report(speed(1.0, 2.0))]
    figures = [run.figures[0] for run in runs]
    assert reports.middle(figures).verdict == "missed"
    assert reports.spread(figures) == "0.5 to 0.5, 1 runs"


def test_a_line_that_no_run_could_measure_keeps_its_reason() -> None:
    runs = [report(not_here("decode", Goal(1.5), "no AMX"))] * 2
    assert reports.with_spread([run.figures[0] for run in runs])[-1] == "no AMX"
