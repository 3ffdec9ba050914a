"""The block of --verbose."""

from pyollama.cli.statistics import timings


def test_timings_leave_out_what_is_zero() -> None:
    assert timings({"eval_count": 3}) == "eval count:           3 token(s)"


def test_a_rate_is_tokens_over_seconds() -> None:
    last = {"eval_count": 290, "eval_duration": 4_300_000_000}
    assert timings(last).splitlines()[-1] == "eval rate:            67.44 tokens/s"
