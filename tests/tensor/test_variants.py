"""The kernels of these folders once more in each CPU variant that this processor can run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyollama_tensor import cpu

KERNELS = [str(Path(__file__).parent / folder) for folder in ("kernels", "quantization")]


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["avx2", "portable"])
def test_kernels_match_their_twins_in_every_variant(variant: str, tmp_path: Path) -> None:
    if not cpu.NEEDS[variant] <= cpu.cpu_features():
        pytest.skip(f"this processor lacks what the variant {variant} needs")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not slow", *KERNELS],
        env=os.environ | {"PYOLLAMA_SIMD": variant} | quick(variant, tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def quick(variant: str, folder: Path) -> dict[str, str]:
    """Settings that compile the portable kernels in a third of the time, and keep none of them.

    They are long where there are no instructions for what they do, and LLVM's own vectorizer
    takes minutes over them; how fast they are does not matter here.
    """
    if variant != "portable":
        return {}
    return {"NUMBA_OPT": "1", "PYOLLAMA_JIT_CACHE": str(folder)}
