"""Cores that may be used: siblings count once, and a control group's quota counts."""

from pathlib import Path

import pytest

from pyollama_tensor.cores import of_quota, physical


def test_siblings_of_a_core_count_once(tmp_path: Path) -> None:
    for number, siblings in enumerate(["0-1", "0-1", "2-3", "2-3"]):
        folder = tmp_path / f"cpu{number}" / "topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(siblings)
    assert physical({0, 1, 2, 3}, tmp_path) == 2
    assert physical({1, 2}, tmp_path) == 2
    assert physical({0, 1}, tmp_path) == 1
    assert physical({7, 8, 9}, tmp_path) == 3  # unknown: each for itself


@pytest.mark.parametrize(("text", "cores"), [("150000 100000", 2), ("max 100000", 1 << 16)])
def test_the_quota_of_the_group_counts(tmp_path: Path, text: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(text)
    assert of_quota(tmp_path) == cores


def test_the_quota_of_old_groups_counts(tmp_path: Path) -> None:
    assert of_quota(tmp_path) == 1 << 16
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert of_quota(tmp_path) == 1 << 16
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("300000\n")
    assert of_quota(tmp_path) == 3
