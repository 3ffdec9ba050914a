"""Any block format: expand a row of weights to float32, then multiply. Slow, exact and small.

A row is expanded once and meets all rows of inputs, which stay float32.

NumPy twin: reference.linear.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pyollama_formats.blocks import GGMLType
from pyollama_tensor.jit import kernel
from pyollama_tensor.kernels import decode
from pyollama_tensor.kernels.records import CHUNK
from pyollama_tensor.simd import fma, load_f32x16, reduce_add, splat_f32x16
from pyollama_tensor.simd.tasks import apply
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I64, U8


@kernel
def dot(a: F32, b: F32, first: int) -> np.float32:
    """Sum of a[i] * b.flat[first + i]; len(a) is a multiple of 32."""
    even, odd = splat_f32x16(0.0), splat_f32x16(0.0)
    for i in range(0, len(a), 32):
        even = fma(load_f32x16(a, i), load_f32x16(b, first + i), even)
        odd = fma(load_f32x16(a, i + 16), load_f32x16(b, first + i + 16), odd)
    return np.float32(reduce_add(even + odd))


@task
def rows(first: int, last: int, block: Any, size: int, w: U8, x: F32, out: F32) -> None:
    """out = W x for rows first to last of W, whose blocks of `size` bytes the task `block` knows.

    w: uint8 (n_out, n_block * size); x: float32 (T, n_in); out: float32 (T, n_out)
    """
    row = np.empty(x.shape[1], np.float32)
    n_block = w.shape[1] // size
    n = len(row) // n_block
    for i in range(first, last):
        for b in range(n_block):
            apply(block, (w, (i * n_block + b) * size, row, b * n))
        for t in range(x.shape[0]):
            out[t, i] = dot(row, x, t * len(row))


@task
def widen(first: int, last: int, block: Any, size: int, w: U8, begin: int, out: F32) -> None:
    """out[first:last] = rows begin + first to begin + last of W as float32."""
    n_block = w.shape[1] // size
    n = out.shape[1] // n_block
    for i in range(first, last):
        for b in range(n_block):
            apply(block, (w, ((begin + i) * n_block + b) * size, out, i * out.shape[1] + b * n))


@dataclass(frozen=True)
class Kernels:
    """What Python calls for one format: linear(pool, w, x, out), expand(pool, w, begin, out)."""

    linear: Any
    expand: Any


def kernels_of(block: Any, type: GGMLType) -> Kernels:
    """Kernels for a format, from the task that decodes one block of it."""
    size = type.type_size

    @kernel
    def linear(pool: I64, w: U8, x: F32, out: F32) -> None:
        grain = 1 + CHUNK // w.shape[1]
        parallel_for(pool, rows, w.shape[0], grain, (block, size, w, x, out))

    @kernel
    def expand(pool: I64, w: U8, begin: int, out: F32) -> None:
        parallel_for(pool, widen, out.shape[0], 16, (block, size, w, begin, out))

    return Kernels(linear, expand)


KERNELS = {
    GGMLType.Q4_1: kernels_of(decode.q4_1, GGMLType.Q4_1),
    GGMLType.Q5_0: kernels_of(decode.q5_0, GGMLType.Q5_0),
    GGMLType.Q5_1: kernels_of(decode.q5_1, GGMLType.Q5_1),
    GGMLType.Q2_K: kernels_of(decode.q2_k, GGMLType.Q2_K),
    GGMLType.Q3_K: kernels_of(decode.q3_k, GGMLType.Q3_K),
    GGMLType.Q5_K: kernels_of(decode.q5_k, GGMLType.Q5_K),
}
