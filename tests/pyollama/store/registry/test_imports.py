"""What pulling needs is imported when somebody pulls."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_a_store_does_not_bring_an_http_client() -> None:
    code = "import sys, pyollama.store.store; assert 'httpx2' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
