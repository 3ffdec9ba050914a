"""Q5_K: 256 five-bit integers in 8 groups of 32, each with a six-bit scale and a minimum.

y = sum over blocks of d * dx * sum_g(scale_g * sum(q * qx)) - dmin * dx * sum_g(min_g * sum(qx)).

A record begins like one of Q4_K; after its 4 x 8 units of nibbles stand 4 x 2 units of fifth bits
(five_bits.py), one for each four units. 2880 bytes, 2.3 % more than in the file. A narrow sum
holds 16 products of a row, so each group is two sums.

Source: block_q5_K in ggml. NumPy twin: reference.linear.
"""

from typing import Any

from pyollama_tensor.kernels.five_bits import five_bits, lay_two_bits
from pyollama_tensor.kernels.linear_q4_k import (
    DMIN,
    MINS,
    QS,
    SCALES,
    lay_scales,
    numbers,
    scale_of,
)
from pyollama_tensor.kernels.records import expand_unit, kernels_of, spread
from pyollama_tensor.simd import (
    add_scaled,
    dot4,
    fetch_ahead,
    load_f16x16,
    scaled,
    splat_f32x16,
    start_zero,
    times_sums,
    zeros_i32,
)
from pyollama_tensor.simd.tasks import apply
from pyollama_tensor.threads import task
from pyollama_tensor.types import F32, I8, I16, U8

BLOCK, STEP, PARTS, TIMES = 256, 32, 1, 1
SIZE, QH = 2880, 2368
FILE_SIZE, FILE_QH, FILE_QS = 176, 16, 48


@task
def lay(source: U8, s: int, out: U8, o: int, row: int) -> None:
    """Put one row's block into a record."""
    lay_scales(source, s, out, o, row)
    spread(source, s + FILE_QS, out, o + QS + 4 * row, 32)
    for i in range(8):
        bits = s + FILE_QH + 16 * (i % 2)
        lay_two_bits(source, bits, 2 * (i // 2), out, o + QH + 64 * i + 4 * row)


@task
def unit(w: U8, p: int, run: int, k: int) -> Any:
    """Unit k of group `run` of the record at p."""
    units, tops = p + QS + 512 * (run // 2), p + QH + 128 * (run // 2)
    return five_bits(w, units + 64 * k, tops + 64 * (k // 4), run % 2, k % 4)


@task
def add(
    n: Any, y: Any, unit: Any, u: U8, o: int, w: U8, p: int, q: I8, d: F32, sums: I16, x: int
) -> Any:
    """Add the products of one record with n rows of inputs to y."""
    acc, least = zeros_i32(n), zeros_i32(n)
    for g in range(8):
        fetch_ahead(w, p + 360 * g, 6)
        scale = numbers(w, p + SCALES + 16 * g)
        for half in range(2):
            narrow, place = start_zero(n), 256 * x + 32 * g + 16 * half
            for k in range(4):
                four = apply(unit, (u, o, g, 4 * half + k))
                narrow = dot4(narrow, four, q, place + 4 * k, 256)
            acc = scaled(acc, narrow, scale)
    for g in range(0, 8, 2):
        place = p + MINS + 16 * g
        least = times_sums(least, numbers(w, place), numbers(w, place + 16), sums, 8 * x + g, 8)
    y = add_scaled(y, acc, load_f16x16(w, p), d, x, 1)
    return add_scaled(y, least, splat_f32x16(0.0) - load_f16x16(w, p + DMIN), d, x, 1)


@task
def expand(w: U8, p: int, out: F32, o: int) -> None:
    """Write a record as float32."""
    for g in range(8):
        scale, minimum = scale_of(w, p, g)
        for k in range(8):
            line = o + (32 * g + 4 * k) * out.shape[1]
            expand_unit(apply(unit, (w, p, g, k)), 0, scale, minimum, out, line)


linear, transposed, embed, interleave = kernels_of(lay, unit, add, expand, BLOCK, SIZE, FILE_SIZE)
