"""F32, F16 and BF16: rows read where they are, widened to float32 in registers.

The type is told by the array's dtype: float32, uint16 for F16 and int16 for BF16. Inputs stay
float32, so a result is as exact as a float32 sum. Rows are a multiple of 16 long.

NumPy twin: reference.linear.
"""

from typing import Any

from pyollama_tensor.jit import kernel
from pyollama_tensor.kernels.records import AHEAD, CHUNK
from pyollama_tensor.simd import (
    fma,
    load_f32x16,
    load_wide,
    prefetch,
    reduce_add,
    splat_f32x16,
    store_f32x16,
)
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I64


@task
def rows(first: int, last: int, w: Any, x: F32, out: F32) -> None:
    """out = W x for rows first to last of W.

    w: (n_out, n_in); x: float32 (T, n_in); out: float32 (T, n_out)
    """
    n_in = x.shape[1]
    whole = n_in // 64 * 64
    for row in range(first, last):
        p = row * n_in
        for t in range(x.shape[0]):
            q = t * n_in
            a = b = c = d = splat_f32x16(0.0)
            for i in range(0, whole, 64):
                prefetch(w, p + i + AHEAD // w.itemsize)
                prefetch(w, p + i + 32 + AHEAD // w.itemsize)
                a = fma(load_wide(w, p + i), load_f32x16(x, q + i), a)
                b = fma(load_wide(w, p + i + 16), load_f32x16(x, q + i + 16), b)
                c = fma(load_wide(w, p + i + 32), load_f32x16(x, q + i + 32), c)
                d = fma(load_wide(w, p + i + 48), load_f32x16(x, q + i + 48), d)
            for i in range(whole, n_in, 16):
                a = fma(load_wide(w, p + i), load_f32x16(x, q + i), a)
            out[t, row] = reduce_add((a + b) + (c + d))


@task
def widen(first: int, last: int, w: Any, begin: int, out: F32) -> None:
    """out[first:last] = rows begin + first to begin + last of W as float32."""
    n_in = out.shape[1]
    for row in range(first, last):
        for i in range(0, n_in, 16):
            store_f32x16(out, row * n_in + i, load_wide(w, (begin + row) * n_in + i))


@kernel
def linear(pool: I64, w: Any, x: F32, out: F32) -> None:
    """Run `rows` over all of W on the pool."""
    grain = 1 + CHUNK // (w.shape[1] * w.itemsize)
    parallel_for(pool, rows, w.shape[0], grain, (w, x, out))


@kernel
def expand(pool: I64, w: Any, begin: int, out: F32) -> None:
    """Run `widen` over the rows of `out` on the pool."""
    parallel_for(pool, widen, out.shape[0], 64, (w, begin, out))
