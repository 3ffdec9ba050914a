"""The lines of the table: which processor measures which, in turns, and what memory allows."""

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import duel
import goals
import growth
import machine
import overheads
import pytest
import random_model
import reports
import table
from figures import Figure, Goal, not_here
from goals import LEVELS, Line
from machine import Level, Machine
from peers import Setting
from streaming import Line as Arrived


def sequence(*values: float) -> Callable[[], float]:
    """A measurement that gives these values in turn, and the last one ever after."""
    left = list(values)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_the_first_round_is_thrown_away() -> None:
    rounds = duel.contest(sequence(9.0, 1.0), sequence(9.0, 2.0), 3, "lower")
    assert (rounds.ours, rounds.theirs) == ([1.0] * 3, [2.0] * 3)


def test_a_contest_goes_on_until_enough_rounds_were_undisturbed() -> None:
    theirs = sequence(1.0, 1.0, 1.0, 5.0, 1.0)
    rounds = duel.contest(sequence(1.0), theirs, 3, "lower")
    assert rounds.theirs == [1.0, 1.0, 5.0, 1.0]
    assert len(rounds.kept) == 3


def test_a_contest_ends_on_a_machine_that_never_rests() -> None:
    theirs = sequence(*(2.0**i for i in range(20)))
    assert len(duel.contest(sequence(1.0), theirs, 4, "lower").theirs) == 8


def test_who_begins_changes_with_each_round() -> None:
    log: list[str] = []

    def side(name: str) -> Callable[[], float]:
        def measure() -> float:
            log.append(name)
            return 1.0

        return measure

    duel.contest(side("o"), side("t"), 2, "lower")
    assert log == ["o", "t", "t", "o", "o", "t"]


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        ("fpu avx2 fma avx512f avx512_vnni amx_int8 amx_tile", "amx"),
        ("fpu avx2 fma avx512f avx512_vnni", "avx512"),
        ("fpu avx2 fma avx512f", "avx2"),
        ("fpu avx", "none"),
    ],
)
def test_the_level_is_the_best_that_the_flags_allow(flags: str, level: Level) -> None:
    assert machine.level(flags) == level


def test_lines_for_better_processors_say_what_is_missing() -> None:
    lines = {line.level: line for line in goals.lines() if line.level}
    reasons = {at: lines[at].reason_against("avx2") for at in ("amx", "avx512", "avx2")}
    assert reasons == {
        "amx": "n/a on this CPU: it has no AMX",
        "avx512": "n/a on this CPU: it has no AVX-512 VNNI",
        "avx2": None,
    }
    assert all(line.reason_against("amx") is None for line in goals.lines())


def test_a_processor_with_more_is_restricted_to_avx2_and_one_with_less_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "level", lambda: "amx")
    features = machine.restricted("avx2")["NUMBA_CPU_FEATURES"].split(",")
    assert {"+avx2", "+fma", "+f16c"} <= set(features)
    assert not any("avx512" in feature for feature in features)
    assert machine.restricted("avx512") == {"PYOLLAMA_SIMD": "vnni"}
    assert machine.restricted("amx") == {}
    monkeypatch.setattr(machine, "level", lambda: "avx2")
    assert machine.restricted("avx2") == {}


def test_every_line_of_the_goals_has_a_measurement_and_a_name_of_its_own() -> None:
    lines = list(goals.lines())
    assert {line.kind for line in lines} == set(table.MEASURES)
    assert len({(line.what, line.shape, line.mix) for line in lines}) == len(lines)
    assert {line.shape for line in lines} <= set(goals.QUICK)
    assert {line.level for line in lines} <= {None, *LEVELS}


def test_the_goals_of_decoding_are_those_of_each_mix() -> None:
    found = {(each.shape, each.size, each.mix): each.goal.value for each in goals.lines()
             if each.row.startswith("decode")}  # fmt: skip
    assert found["llama-1b", 128, "q4_k_m"] == 1.6
    assert found["qwen2-0.5b", 128, "q8_0"] == 1.0
    assert found["llama-1b", 2048, "q4_0"] == 1.6
    assert len(found) == 9


def test_a_token_takes_at_least_the_time_in_which_its_bytes_are_read() -> None:
    assert machine.kv_bytes(2048, 16, 8, 64) == 2048 * 16 * 8 * 64 * 4
    assert machine.token_limit(2e9, 20e9) == 0.1


def test_sequences_together_share_the_weights_and_not_their_contexts(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(bytes(1000))
    shape = random_model.Shape(64, 1, 2, 1, 128, 300)
    one = growth.Point(1, "1", shape, file, 1, 10)
    four = growth.Point(4, "4", shape, file, 4, 10)
    kept = machine.kv_bytes(10, 1, 1, 32)
    assert one.limit(1.0) == 1000 + kept
    assert four.limit(1.0) == pytest.approx(1000 / 4 + kept)


def test_memory_is_read_at_some_speed() -> None:
    assert machine.read_bandwidth(2, n_byte=1 << 20, rounds=1) > 1e6


def test_busy_neighbours_end_with_their_block() -> None:
    before = set(children())
    with machine.busy(2):
        assert len(set(children()) - before) == 2
    assert set(children()) == before


def children() -> list[str]:
    """The processes that this one has started and that are still there."""
    tasks = Path("/proc/self/task").glob("*/children")
    return [pid for path in tasks for pid in path.read_text("ascii").split()]


def test_a_table_of_growth_has_the_limit_beside_each_time(tmp_path: Path) -> None:
    shape = random_model.Shape(64, 1, 2, 1, 128, 300)
    sweep = growth.Sweep("batch", "sequences", [growth.Point(1, "one", shape, tmp_path)])
    text = growth.table(sweep, [growth.Curve(1, [0.05], [0.02]), growth.Curve(2, [0.04], [0.01])])
    assert [cell.strip() for cell in text.splitlines()[2].split("|")[1:-1]] == [
        "one", "50", "20", "40%", "40", "10", "25%",
    ]  # fmt: skip


def test_a_stream_tells_its_time_and_that_of_the_engine() -> None:
    counts = {"done": True, "eval_count": 3, "eval_duration": 1_500_000_000}
    text = [Arrived(moment, b'{"done": false}') for moment in (1.0, 2.0, 3.0)]
    stream = overheads.Stream([*text, Arrived(9.0, json.dumps(counts).encode())], [0.0] * 4)
    assert (stream.seconds, stream.told, stream.n_step) == (2.0, 1.5, 2)


def bench(here: Level, rows: list[str]) -> table.Bench:
    """A run that measures nothing by itself."""
    bench = table.Bench.__new__(table.Bench)
    bench.here, bench.build, bench.folder = here, "best", Path()
    bench.options = argparse.Namespace(rows=rows, rounds=2, quick=True)
    return bench


def test_a_line_that_breaks_off_does_not_take_the_others_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def measure(duel: object, size: int) -> list[float]:
        if size == 0:
            raise RuntimeError("gone")
        return [1.0, 2.0, 3.0]

    monkeypatch.setitem(table.MEASURES, "first", measure)

    class Idle:
        setting = Setting(Path(), 1, 2, Path(), "best")

    line = Line("r", "first", "tiny", "", 0, Goal(3, "lower"))
    good = Line("r", "first", "tiny", "", 5, Goal(3, "lower"))
    found = dict(bench("avx2", ["r"]).fought(Idle(), [line, good]))  # type: ignore[arg-type]
    assert (found[line].verdict, found[line].note) == ("failed", "RuntimeError: gone")
    assert (found[good].verdict, found[good].ours) == ("met", 2.0)


def test_figures_are_saved_as_they_come_and_kept_in_the_order_of_the_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = bench("avx2", ["prefix"])
    run.options.threads, run.options.json = [1], tmp_path / "report.json"
    run.report = reports.Report(Machine("p", 2, "avx2", 0.0), "best", {1: 1e9})
    wanted = [line for line in goals.lines() if line.row == "prefix"]
    saved = []

    def measured(lines: list[Line], n_thread: int) -> Iterator[tuple[Line, Figure]]:
        for line in reversed(lines):
            yield line, not_here(run.name(line, n_thread), line.goal, "why")
            saved.append(len(reports.load(tmp_path / "report.json").figures))

    monkeypatch.setattr(run, "measured", measured)
    run.run()
    assert saved == [1, 2]
    assert [each.name for each in run.report.figures] == [run.name(line, 1) for line in wanted]
    assert capsys.readouterr().out.count("n/a") == 2


def test_lines_of_better_processors_are_not_measured_at_all() -> None:
    amx = [line for line in goals.lines() if line.level == "amx"]
    found = dict(bench("avx2", ["prefill"]).measured(amx, 1))
    assert {figure.verdict for figure in found.values()} == {"n/a"}
    assert "no AMX" in next(iter(found.values())).note


def test_a_restricted_line_takes_the_build_for_its_level() -> None:
    run = bench("amx", [])
    assert run.setting("tiny", "", "avx2", 2).build == "haswell"
    assert run.setting("tiny", "", "amx", 2).build == "best"
