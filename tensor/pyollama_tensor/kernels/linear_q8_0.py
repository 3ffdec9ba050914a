"""Q8_0: 32 signed bytes under one scale, y = sum over blocks of d * dx * sum(q * qx).

A record: 16 scales d (f16), then 8 units of the bytes. 544 bytes, as in the file.

Source: block_q8_0 in ggml. NumPy twin: reference.linear.
"""

from typing import Any

from pyollama_tensor.kernels.records import copy_half, kernels_of, spread
from pyollama_tensor.simd import (
    add_scaled,
    byte_signed,
    dot4_signed,
    fetch_ahead,
    load_f16x16,
    load_i8x64,
    start_signed,
    store_f32x16,
    to_f32x16,
)
from pyollama_tensor.simd.tasks import apply
from pyollama_tensor.threads import task
from pyollama_tensor.types import F32, I8, I16, U8

BLOCK, STEP, PARTS, TIMES = 32, 32, 2, 1
SIZE, QS = 544, 32
FILE_SIZE, FILE_QS = 34, 2


@task
def lay(source: U8, s: int, out: U8, o: int, row: int) -> None:
    """Put one row's block into a record."""
    copy_half(source, s, out, o + 2 * row)
    spread(source, s + FILE_QS, out, o + QS + 4 * row, 8)


@task
def unit(w: U8, p: int, run: int, k: int) -> Any:
    """Unit k of the record at p."""
    return load_i8x64(w, p + QS + 64 * k)


@task
def add(
    n: Any, y: Any, unit: Any, u: U8, o: int, w: U8, p: int, q: I8, d: F32, sums: I16, x: int
) -> Any:
    """Add the products of one record with n rows of inputs to y."""
    fetch_ahead(w, p, 9)
    acc = start_signed(n, sums, 2 * x, 2)
    for k in range(8):
        acc = dot4_signed(acc, apply(unit, (u, o, 0, k)), q, 32 * x + 4 * k, 32)
    return add_scaled(y, acc, load_f16x16(w, p), d, x, 1)


@task
def expand(w: U8, p: int, out: F32, o: int) -> None:
    """Write a record as float32."""
    d = load_f16x16(w, p)
    for unit in range(8):
        qs = load_i8x64(w, p + QS + 64 * unit)
        for k in range(4):
            line = o + (4 * unit + k) * out.shape[1]
            store_f32x16(out, line, d * to_f32x16(byte_signed(qs, k)))


linear, transposed, embed, interleave = kernels_of(
    lay, unit, add, expand, BLOCK, SIZE, FILE_SIZE, bare=True
)
