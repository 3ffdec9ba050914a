"""When a process is at rest."""

import os
import subprocess
import sys
import time
from pathlib import Path

import idle
import pytest


@pytest.mark.slow
def test_a_process_is_not_idle_before_its_children_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "QUIET", 0.5)
    child = "import time; end = time.process_time() + 1.5\nwhile time.process_time() < end: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        time.sleep(0.3)  # it has started the child
        idle.wait_until_idle(process.pid)
        assert idle.seconds_of(process.pid) < 1.0
        reaped = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[13:15]
        assert sum(map(int, reaped)) / os.sysconf("SC_CLK_TCK") > 1.4
        process.communicate(b"\n")
