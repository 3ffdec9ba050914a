"""How many cores there are to compute on."""

import math
import os
from functools import cache
from pathlib import Path


@cache
def n_cores() -> int:
    """Cores this process may use: physical ones, within its affinity and its group's quota."""
    if hasattr(os, "sched_getaffinity"):
        allowed = os.sched_getaffinity(0)
    else:
        allowed = set(range(os.cpu_count() or 1))
    return max(1, min(physical(allowed), of_quota()))


def physical(allowed: set[int], root: Path = Path("/sys/devices/system/cpu")) -> int:
    """Count cores among logical processors: siblings of one core share their arithmetic units."""
    cores = set()
    for number in allowed:
        try:
            cores.add((root / f"cpu{number}/topology/thread_siblings_list").read_text())
        except OSError:
            return len(allowed)
    return len(cores)


def of_quota(root: Path = Path("/sys/fs/cgroup")) -> int:
    """Whole cores that the control group's quota pays for; a large number if there is none."""
    try:
        if (root / "cpu.max").exists():
            quota, period = (root / "cpu.max").read_text().split()
        else:
            quota = (root / "cpu/cpu.cfs_quota_us").read_text()
            period = (root / "cpu/cpu.cfs_period_us").read_text()
        return math.ceil(int(quota) / int(period)) if int(quota) > 0 else 1 << 16
    except (OSError, ValueError):  # no such file, or the word "max"
        return 1 << 16
