"""What holds for all tests: markers whose requirements may be missing on a bare machine.

A test with such a marker is skipped, with the reason, where what it needs is not installed, and a
module that cannot be imported without it is skipped as a whole. With PYOLLAMA_REQUIRE_ALL=1, as the
checks set it, that is a failure instead.
"""

import os
from collections.abc import Generator

import pytest

NEEDS_INSTALLED = ("client", "oracle", "train")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a marked test into a failure where everything must be installed."""
    report = yield
    if any(item.get_closest_marker(name) for name in NEEDS_INSTALLED):
        _fail_if_required(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole module into a failure: its tests cannot be asked for markers."""
    report = yield
    _fail_if_required(report)
    return report


def _fail_if_required(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Let a skip be a failure where everything must be installed."""
    if report.skipped and os.environ.get("PYOLLAMA_REQUIRE_ALL"):
        report.outcome = "failed"
        report.longrepr = f"required, yet skipped: {report.longrepr}"
