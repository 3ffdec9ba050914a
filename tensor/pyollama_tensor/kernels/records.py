"""Repacked weights: 16 rows side by side, so that a vector's lane is a row.

A matrix (n_out, n_in) becomes uint8 (n_group, n_block * record size): group g holds rows 16 g to
16 g + 15, one record per block of inputs. A *unit* is four bytes of one row; a record lays the
same unit of 16 rows side by side, 64 bytes. Rows beyond the last one are zeros.

Each format's module tells what its record holds, and knows one block in three tasks:

    lay(source, s, out, o, row)                     a block of a GGUF row at s into row `row` of
                                                    the record at o
    add(n, y, w, p, q, d, sums, x, n_block) -> y    the record at p, times block x of the first of
                                                    n rows of inputs (quantize.py), added to y
    expand(w, p, out, o)                            the record at p as float32: input i of its rows
                                                    in a line of 16 at o + i * out.shape[1]

with the constants BLOCK and STEP for `quantize`, SIZE, the bytes of a record, and FILE_SIZE, those
of a block in the file. The loops around them are the same for all formats and stand here, so that
a row of outputs is always summed block by block, whatever the other rows are.
"""

from typing import Any

from numba.extending import register_jitable

from pyollama_tensor.jit import kernel
from pyollama_tensor.simd import (
    FOUR,
    ONE,
    byte_unsigned,
    get,
    load_4xi8,
    prefetch,
    put,
    splat_f32x16,
    store_4xi8,
    store_f32x16,
    store_rows,
    to_f32x16,
    zeros_f32,
)
from pyollama_tensor.simd.tasks import apply
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I8, I16, I64, U8

ROWS = 16
AHEAD = 4096  # bytes between what is read and what is prefetched: any distance works
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
def fetch_ahead(w: U8, p: int, n_line: int) -> None:
    """Ask for the cache lines that will be read some records after those at p."""
    for line in range(n_line):
        prefetch(w, p + AHEAD + 64 * line)


@register_jitable
def expand_unit(qs: Any, offset: int, scale: Any, minimum: Any, out: F32, o: int) -> None:
    """Store scale * (q + offset) - minimum of a unit of 16 rows, a line for each of its inputs."""
    for k in range(4):
        whole = to_f32x16(byte_unsigned(qs, k)) + splat_f32x16(offset)
        store_f32x16(out, o + k * out.shape[1], scale * whole - minimum)


@register_jitable
def tile(
    n: Any, add: Any, w: U8, size: int, group: int, q: I8, d: F32, sums: I16, t: int, out: F32
) -> None:
    """Sixteen outputs of one group for n rows of inputs from row t on."""
    y = zeros_f32(n)
    n_block = w.shape[1] // size
    for block in range(n_block):
        p = (group * n_block + block) * size
        y = apply(add, (n, y, w, p, q, d, sums, t * n_block + block, n_block))
    store_rows(out, t * out.shape[1] + group * ROWS, out.shape[1], y)


@task
def rows(
    first: int, last: int, add: Any, w: U8, size: int, q: I8, d: F32, sums: I16, out: F32
) -> None:
    """Outputs of groups first to last for all rows of inputs, four at a time."""
    fours = len(q) // 4 * 4
    for group in range(first, last):
        for t in range(0, fours, 4):
            tile(FOUR, add, w, size, group, q, d, sums, t, out)
        for t in range(fours, len(q)):
            tile(ONE, add, w, size, group, q, d, sums, t, out)


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
def repack(first: int, last: int, lay: Any, source: U8, file_size: int, out: U8, size: int) -> None:
    """Lay the blocks of 16 rows of the file side by side, for groups first to last."""
    n_block = out.shape[1] // size
    for group in range(first, last):
        for block in range(n_block):
            for row in range(ROWS):
                s = ((group * ROWS + row) * n_block + block) * file_size
                apply(lay, (source, s, out, (group * n_block + block) * size, row))


def kernels_of(
    lay: Any, add: Any, expand: Any, block: int, size: int, file_size: int
) -> tuple[Any, Any, Any]:
    """The kernels of a format, `linear`, `transposed` and `interleave`, from its three tasks."""

    @kernel
    def linear(pool: I64, w: U8, q: I8, d: F32, sums: I16, out: F32) -> None:
        """out = W x for quantized inputs; out is float32 (T, 16 * n_group)."""
        grain = 1 + CHUNK // w.shape[1]
        parallel_for(pool, rows, w.shape[0], grain, (add, w, size, q, d, sums, out))

    @kernel
    def transposed(pool: I64, w: U8, begin: int, end: int, out: F32) -> None:
        """Groups begin to end as float32 (n_in, 16 * groups): out[:, 0] is row 16 * begin."""
        parallel_for(pool, unpack, end - begin, 1, (expand, w, size, block, begin, out))

    @kernel
    def interleave(pool: I64, source: U8, n_group: int, out: U8) -> None:
        """Whole groups of GGUF rows, uint8 (n_out, row_bytes), as records."""
        parallel_for(pool, repack, n_group, 1, (lay, source, file_size, out, size))

    return linear, transposed, interleave
