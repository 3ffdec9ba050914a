"""Q5_0: 32 five-bit integers under one scale, y = sum over blocks of d * dx * sum((q - 16) * qx).

A record: 16 scales d (f16), then 4 units whose low nibbles are inputs 0 to 15 and whose high
nibbles are inputs 16 to 31, then a unit of fifth bits (five_bits.py). 352 bytes, as in the file.

Source: block_q5_0 in ggml. NumPy twin: reference.linear.
"""

from typing import Any

from pyollama_tensor.kernels.five_bits import five_bits, lay_32_bits
from pyollama_tensor.kernels.records import (
    copy_half,
    expand_unit,
    kernels_of,
    spread,
)
from pyollama_tensor.simd import (
    add_scaled,
    dot4,
    fetch_ahead,
    load_f16x16,
    splat_f32x16,
    start,
    total,
)
from pyollama_tensor.simd.tasks import apply
from pyollama_tensor.threads import task
from pyollama_tensor.types import F32, I8, I16, U8

BLOCK, STEP, PARTS = 32, 32, 2
TIMES = OFFSET = -16  # what is stored is q - OFFSET
SIZE, QS, QH = 352, 32, 288
FILE_SIZE, FILE_QH, FILE_QS = 22, 2, 6


@task
def lay(source: U8, s: int, out: U8, o: int, row: int) -> None:
    """Put one row's block into a record."""
    copy_half(source, s, out, o + 2 * row)
    spread(source, s + FILE_QS, out, o + QS + 4 * row, 4)
    lay_32_bits(source, s + FILE_QH, out, o + QH + 4 * row)


@task
def unit(w: U8, p: int, run: int, k: int) -> Any:
    """Unit k of the record at p."""
    return five_bits(w, p + QS + 64 * (k % 4), p + QH, k // 4, k % 4)


@task
def add(
    n: Any, y: Any, unit: Any, u: U8, o: int, w: U8, p: int, q: I8, d: F32, sums: I16, x: int
) -> Any:
    """Add the products of one record with n rows of inputs to y."""
    fetch_ahead(w, p, 6)
    acc = start(n, sums, 2 * x, 2)
    for k in range(8):
        acc = dot4(acc, apply(unit, (u, o, 0, k)), q, 32 * x + 4 * k, 32)
    return add_scaled(y, total(acc), load_f16x16(w, p), d, x, 1)


@task
def expand(w: U8, p: int, out: F32, o: int) -> None:
    """Write a record as float32."""
    d, zero = load_f16x16(w, p), splat_f32x16(0.0)
    for k in range(8):
        expand_unit(apply(unit, (w, p, 0, k)), OFFSET, d, zero, out, o + 4 * k * out.shape[1])


linear, transposed, embed, interleave = kernels_of(lay, unit, add, expand, BLOCK, SIZE, FILE_SIZE)
