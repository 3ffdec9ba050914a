"""Figures are judged by their goals, and rounds in which the other side was disturbed left out."""

import pytest
from figures import (
    Figure,
    Goal,
    Rounds,
    alone,
    cells,
    compared,
    failed,
    markdown,
    not_here,
    number,
    table,
    undisturbed,
)
from hypothesis import given
from hypothesis import strategies as st


def test_a_ratio_within_five_percent_of_its_goal_meets_it() -> None:
    assert Goal(2.0).met_by(1.9)
    assert not Goal(2.0).met_by(1.89)
    assert Goal(2.0, "lower").met_by(2.1)
    assert not Goal(2.0, "lower").met_by(2.11)


def test_a_goal_of_nothing_has_no_tolerance() -> None:
    assert Goal(0, "lower").met_by(0)
    assert not Goal(0, "lower").met_by(1)


def test_a_round_far_above_the_best_quartile_is_disturbed() -> None:
    assert undisturbed([10.0, 10.0, 11.5, 11.6, 30.0, 10.0, 10.0, 10.0]) == [0, 1, 2, 5, 6, 7]


def test_a_single_lucky_round_does_not_make_the_others_disturbed() -> None:
    assert undisturbed([1.0, *[10.0] * 7]) == list(range(8))


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=30))
def test_at_least_a_quarter_of_the_rounds_is_kept(costs: list[float]) -> None:
    kept = undisturbed(costs)
    assert len(kept) >= len(costs) / 4
    assert max(costs[i] for i in kept) <= 1.15 * sorted(costs)[len(costs) // 3]


def test_nothing_measured_leaves_nothing_kept() -> None:
    assert undisturbed([]) == []


def test_rates_are_disturbed_where_they_are_low() -> None:
    rounds = Rounds([5.0, 5.0, 5.0, 5.0], [10.0, 10.0, 10.0, 2.0], "higher")
    assert rounds.kept == [0, 1, 2]


def test_both_sides_of_a_disturbed_round_are_left_out_and_our_bad_rounds_stay() -> None:
    rounds = Rounds([1.0, 1.0, 9.0, 100.0], [2.0, 2.0, 2.0, 50.0])
    assert rounds.kept == [0, 1, 2]
    assert rounds.medians == (1.0, 2.0)
    assert Rounds([9.0, 9.0, 1.0], [2.0, 2.0, 2.0]).medians == (9.0, 2.0)


@pytest.mark.parametrize(
    ("rounds", "goal", "ratio"),
    [
        (Rounds([1.0], [2.0], "lower"), Goal(1.5), 2.0),  # seconds: half of theirs is twice as fast
        (Rounds([4.0], [2.0], "higher"), Goal(1.5), 2.0),  # rates
        (Rounds([1.0], [2.0], "lower"), Goal(1.05, "lower"), 0.5),  # costs
        (Rounds([1.0], [2.0], "lower"), None, 2.0),
    ],
)
def test_the_ratio_says_what_its_goal_is_about(
    rounds: Rounds, goal: Goal | None, ratio: float
) -> None:
    figure = compared("n", "s", rounds, goal)
    assert figure.ratio == ratio
    assert figure.verdict == ("met" if goal else "no goal")


def test_a_goal_that_is_not_reached_is_missed() -> None:
    assert compared("n", "s", Rounds([1.0], [1.0]), Goal(1.2)).verdict == "missed"
    assert compared("n", "s", Rounds([2.0], [1.0]), Goal(1.1, "lower")).verdict == "missed"


def test_too_few_undisturbed_rounds_give_no_verdict() -> None:
    rounds = Rounds([1.0] * 4, [2.0, 2.0, 2.0, 9.0])
    figure = compared("n", "s", rounds, Goal(1.2), least=4)
    assert figure.verdict == "too few rounds"
    assert figure.rounds == (3, 4)
    assert figure.ratio == 2.0


def test_a_figure_without_a_counterpart_is_judged_by_its_median() -> None:
    figure = alone("n", "ms", [1.0, 9.0, 2.0], Goal(3, "lower"))
    assert (figure.ours, figure.theirs, figure.ratio, figure.verdict) == (2.0, None, None, "met")


def test_every_round_is_told_in_the_raw_figures() -> None:
    assert compared("n", "s", Rounds([1.0], [2.0]), None).raw == {"ours": [1.0], "theirs": [2.0]}


def test_a_line_that_cannot_be_measured_says_why() -> None:
    assert not_here("n", Goal(3), "no AMX").verdict == "n/a"
    assert failed("n", None, "broke\n  off").note == "broke off"
    assert cells(not_here("n", Goal(3), "no AMX")) == [
        "n", "", "", "", "", "≥ 3", "n/a", "", "no AMX",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (1234.5, "1234"), (0.04567, "0.0457"), (12.345, "12.3")]
)
def test_numbers_have_three_digits_that_matter(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_table_has_one_line_per_figure_and_columns_of_even_width() -> None:
    text = table([Figure("a", "s", 1.0, 2.0, 2.0, Goal(1.5), "met"), not_here("bb", None, "why")])
    lines = text.splitlines()
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    assert "| 2.00  | ≥ 1.5 | met" in lines[2]


def test_a_table_without_rows_is_its_headings() -> None:
    assert markdown(["what"], []).splitlines() == ["| what |", "| ---- |"]
