"""Repacked weights: 16 rows side by side, so that a vector's lane is a row.

A matrix (n_out, n_in) becomes uint8 (n_group, n_block * record size): group g holds rows 16 g to
16 g + 15, one record per block of inputs. A *unit* is four bytes of one row; a record lays the
same unit of 16 rows side by side, 64 bytes. Rows beyond the last one are zeros.

Each format's module tells what its record holds, and knows one block in four tasks:

    lay(source, s, out, o, row)         a block of a GGUF row at s into row `row` of the record at o
    unit(w, p, run, k) -> i8x64         a byte for each of four inputs of 16 rows: unit k of eight
                                        in run `run` of 32 inputs of the record at p
    add(n, y, unit, u, o, w, p, q, d, sums, x) -> y
                                        the record at p times n rows of inputs, of which x is the
                                        first (quantize.py), added to y; unit(u, o, ...) gives the
                                        weights, from the record or from where they lie unpacked
    expand(w, p, out, o)                the record at p as float32: input i of its rows in a line
                                        of 16 at o + i * out.shape[1]

with the constants BLOCK, STEP, PARTS and TIMES for `quantize`, SIZE, the bytes of a record, and
FILE_SIZE, those of a block in the file. The loops around them are the same for all formats and
stand here, so that a row of outputs is always summed block by block, whatever the other rows are.

Up to four rows of inputs meet weights that are unpacked in registers: memory is what they wait for.
Where there are more, arithmetic is. Then each record is unpacked once into a few kilobytes that
stay in the first cache, all rows meet it there, four at a time, and the sums of a group stand
beside it: in the array of outputs they would be thousands of bytes apart, where that cache has room
for few.
"""

from typing import Any

import numpy as np
from numba.extending import register_jitable

from pyollama_tensor.jit import kernel
from pyollama_tensor.simd import (
    FOUR,
    ONE,
    THREE,
    TWO,
    byte_unsigned,
    get,
    load_4xi8,
    load_f32x16,
    load_i8x64,
    load_rows,
    prefetch,
    put,
    splat_f32x16,
    store_4xi8,
    store_f32x16,
    store_i8x64,
    store_rows,
    to_f32x16,
    zeros_f32,
)
from pyollama_tensor.simd.tasks import apply
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I8, I16, I32, I64, U8

ROWS = 16
LINE = 64  # bytes of a cache line
RUN = 32 * ROWS  # bytes of 32 inputs of all rows, unpacked
FEW = 8  # rows of an embedding that are worth calling another thread for
CHUNK = 1 << 16  # bytes of weights that one thread takes at a time


@register_jitable
def spread(source: U8, s: int, out: U8, o: int, n_unit: int) -> None:
    """Copy n units of one row, from place s on, to the places o, o + 64, ... of a record."""
    for unit in range(n_unit):
        store_4xi8(out, o + 64 * unit, load_4xi8(source, s + 4 * unit))


@register_jitable
def copy_half(source: U8, s: int, out: U8, o: int) -> None:
    """Copy a float16."""
    put(out, o, get(source, s))
    put(out, o + 1, get(source, s + 1))


@register_jitable
def expand_unit(qs: Any, offset: int, scale: Any, minimum: Any, out: F32, o: int) -> None:
    """Store scale * (q + offset) - minimum of a unit of 16 rows, a line for each of its inputs."""
    for k in range(4):
        whole = to_f32x16(byte_unsigned(qs, k)) + splat_f32x16(offset)
        store_f32x16(out, o + k * out.shape[1], scale * whole - minimum)


@task
def unpacked(w: U8, p: int, run: int, k: int) -> Any:
    """The same as a format's `unit`, where weights lie unpacked from p on."""
    return load_i8x64(w, p + RUN * run + 64 * k)


@register_jitable
def unpack_record(unit: Any, n_run: int, w: U8, p: int, out: U8) -> None:
    """Unpack the weights of the record at p."""
    for run in range(n_run):
        for k in range(8):
            store_i8x64(out, RUN * run + 64 * k, apply(unit, (w, p, run, k)))


@register_jitable
def tile(
    n: Any, group: int, add: Any, unit: Any, w: U8, size: int, q: I8, d: F32, sums: I16, out: F32
) -> None:
    """Outputs of a group for n rows of inputs, all there are; weights are unpacked in registers."""
    n_block, n_row = q.shape[:2]
    y = zeros_f32(n)
    for block in range(n_block):
        p = (group * n_block + block) * size
        y = apply(add, (n, y, unit, w, p, w, p, q, d, sums, block * n_row))
    store_rows(out, group * ROWS, out.shape[1], y)


@task
def one_row(
    first: int, last: int, add: Any, unit: Any, w: U8, size: int, q: I8, d: F32, sums: I16, out: F32
) -> None:
    """Outputs of groups first to last for one row of inputs; weights are unpacked in registers."""
    for group in range(first, last):
        tile(ONE, group, add, unit, w, size, q, d, sums, out)


@task
def few_rows(
    first: int, last: int, add: Any, unit: Any, w: U8, size: int, q: I8, d: F32, sums: I16, out: F32
) -> None:
    """Outputs of groups first to last for two to four rows of inputs."""
    n_row = q.shape[1]
    for group in range(first, last):
        if n_row == 4:
            tile(FOUR, group, add, unit, w, size, q, d, sums, out)
        elif n_row == 3:
            tile(THREE, group, add, unit, w, size, q, d, sums, out)
        else:
            tile(TWO, group, add, unit, w, size, q, d, sums, out)


@register_jitable
def add_record(
    ys: F32, add: Any, unit: Any, u: U8, o: int, w: U8, p: int, q: I8, d: F32, sums: I16, block: int
) -> None:
    """Add the products of the record at p to the outputs of all rows of inputs, four at a time."""
    n_row = len(ys)
    for t in range(0, n_row - 3, 4):
        y = load_rows(FOUR, ys, t * ROWS, ROWS)
        y = apply(add, (FOUR, y, unit, u, o, w, p, q, d, sums, block * n_row + t))
        store_rows(ys, t * ROWS, ROWS, y)
    for t in range(n_row // 4 * 4, n_row):
        y = load_rows(ONE, ys, t * ROWS, ROWS)
        y = apply(add, (ONE, y, unit, u, o, w, p, q, d, sums, block * n_row + t))
        store_rows(ys, t * ROWS, ROWS, y)


@register_jitable
def put_rows(ys: F32, group: int, out: F32) -> None:
    """Write the outputs of one group."""
    for t in range(len(ys)):
        store_f32x16(out, t * out.shape[1] + group * ROWS, load_f32x16(ys, t * ROWS))


@task
def rows(
    first: int, last: int, add: Any, unit: Any, w: U8, size: int, q: I8, d: F32, sums: I16, out: F32
) -> None:
    """Outputs of groups first to last for several rows of inputs; weights are unpacked once."""
    n_block, n_row, n_in = q.shape
    weights = np.empty(n_in * ROWS, np.uint8)
    ys = np.empty((n_row, ROWS), np.float32)
    for group in range(first, last):
        ys[:] = 0.0
        for block in range(n_block):
            p = (group * n_block + block) * size
            unpack_record(unit, n_in // 32, w, p, weights)
            add_record(ys, add, unpacked, weights, 0, w, p, q, d, sums, block)
        put_rows(ys, group, out)


@task
def bare_rows(
    first: int, last: int, add: Any, unit: Any, w: U8, size: int, q: I8, d: F32, sums: I16, out: F32
) -> None:
    """The same as `rows` for weights that need no unpacking."""
    n_block, n_row = q.shape[:2]
    ys = np.empty((n_row, ROWS), np.float32)
    for group in range(first, last):
        ys[:] = 0.0
        for block in range(n_block):
            p = (group * n_block + block) * size
            add_record(ys, add, unit, w, p, w, p, q, d, sums, block)
        put_rows(ys, group, out)


@task
def unpack(
    first: int, last: int, expand: Any, w: U8, size: int, block_size: int, begin: int, out: F32
) -> None:
    """Weights of groups begin + first to begin + last as columns of out, 16 for each group."""
    n_block = w.shape[1] // size
    for group in range(first, last):
        for block in range(n_block):
            p = ((begin + group) * n_block + block) * size
            apply(expand, (w, p, out, block * block_size * out.shape[1] + group * ROWS))


@task
def pick(
    first: int, last: int, expand: Any, w: U8, size: int, block_size: int, tokens: I32, out: F32
) -> None:
    """Rows tokens[first] to tokens[last] of W as rows first to last of out."""
    n_block = w.shape[1] // size
    lines = np.empty((block_size, ROWS), np.float32)
    for t in range(first, last):
        group, lane = tokens[t] // ROWS, tokens[t] % ROWS
        for block in range(n_block):
            apply(expand, (w, (group * n_block + block) * size, lines, 0))
            for i in range(block_size):
                out[t, block * block_size + i] = lines[i, lane]


@task
def repack(first: int, last: int, lay: Any, source: U8, file_size: int, out: U8, size: int) -> None:
    """Lay the blocks of 16 rows of the file side by side, for groups first to last.

    Sixteen places that are read in turns are too many for the processor to see where each goes on,
    so the same block of the next group is fetched ahead.
    """
    n_block = out.shape[1] // size
    for group in range(first, last):
        for block in range(n_block):
            for row in range(ROWS):
                s = ((group * ROWS + row) * n_block + block) * file_size
                for line in range(0, file_size, LINE):
                    prefetch(source, s + ROWS * n_block * file_size + line)
                apply(lay, (source, s, out, (group * n_block + block) * size, row))


def kernels_of(
    lay: Any,
    unit: Any,
    add: Any,
    expand: Any,
    block: int,
    size: int,
    file_size: int,
    bare: bool = False,
) -> tuple[Any, Any, Any, Any]:
    """The kernels of a format, `linear`, `transposed`, `embed` and `interleave`, from its tasks."""
    many = bare_rows if bare else rows

    @kernel
    def linear(pool: I64, w: U8, q: I8, d: F32, sums: I16, out: F32) -> None:
        """out = W x for quantized inputs; out is float32 (T, 16 * n_group)."""
        grain = 1 + CHUNK // w.shape[1]
        args = (add, unit, w, size, q, d, sums, out)
        if q.shape[1] == 1:
            parallel_for(pool, one_row, w.shape[0], grain, args)
        elif 2 <= q.shape[1] <= 4:
            parallel_for(pool, few_rows, w.shape[0], grain, args)
        else:
            parallel_for(pool, many, w.shape[0], grain, args)

    @kernel
    def transposed(pool: I64, w: U8, begin: int, end: int, out: F32) -> None:
        """Groups begin to end as float32 (n_in, 16 * groups): out[:, 0] is row 16 * begin."""
        parallel_for(pool, unpack, end - begin, 1, (expand, w, size, block, begin, out))

    @kernel
    def embed(pool: I64, w: U8, tokens: I32, out: F32) -> None:
        """The rows of W that belong to tokens, int32 (T,), as float32 (T, n_in)."""
        parallel_for(pool, pick, len(tokens), FEW, (expand, w, size, block, tokens, out))

    @kernel
    def interleave(pool: I64, source: U8, n_group: int, out: U8) -> None:
        """Whole groups of GGUF rows, uint8 (n_out, row_bytes), as records."""
        parallel_for(pool, repack, n_group, 1, (lay, source, file_size, out, size))

    return linear, transposed, embed, interleave
