"""What holds for all tests: markers whose requirements may be missing on a bare machine.

A test with such a marker is skipped, with the reason, where what it needs is not installed. With
PYOLLAMA_REQUIRE_ALL=1, as the checks set it, that is a failure instead.
"""

import os
from collections.abc import Generator

import pytest

NEEDS_INSTALLED = ("client",)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a marked test into a failure where everything must be installed."""
    report = yield
    marked = any(item.get_closest_marker(name) for name in NEEDS_INSTALLED)
    if report.skipped and marked and os.environ.get("PYOLLAMA_REQUIRE_ALL"):
        report.outcome = "failed"
        report.longrepr = f"required, yet skipped: {report.longrepr}"
    return report
