"""The choice between kernels and twins, and what it must not drag in."""

import os
import subprocess
import sys

import pytest


def run(code: str, backend: str) -> str:
    """What a fresh Python with that backend prints."""
    environment = os.environ | {"PYOLLAMA_BACKEND": backend}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_twins_run_without_numba() -> None:
    code = """
import sys
import numpy as np
from pyollama_tensor import backend, ops
from pyollama_tensor.batch import Batch
from pyollama_tensor.cache import KVCache
zeros = np.zeros(1, np.int32)
batch = Batch(zeros, None, zeros, zeros, np.zeros((1, 1), np.int32), zeros)
cache = KVCache(1, 1, 1, 4, 4).layers[0]
x = np.ones((1, 1, 4), np.float32)
cache.write(ops.rope(x, zeros, ops.rope_frequencies(4, 10000.0)), x, batch)
print(backend.NAME, ops.paged_attention(x, cache, batch).sum(), "numba" in sys.modules)
"""
    assert run(code, "numpy") == "numpy 4.0 False"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["", "numba"])
def test_kernels_are_the_default(name: str) -> None:
    assert run("from pyollama_tensor import backend; print(backend.NAME)", name) == "numba"
