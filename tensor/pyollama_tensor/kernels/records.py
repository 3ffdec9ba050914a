"""Repacked weights: 16 rows side by side, so that a vector's lane is a row.

A matrix (n_out, n_in) becomes uint8 (n_group, n_block * record size): group g holds rows 16 g to
16 g + 15, one record per block of inputs. A *unit* is four bytes of one row; a record lays the
same unit of 16 rows side by side, 64 bytes. Rows beyond the last one are zeros.

Each format's module tells what its record holds, and has the tasks (first and last are groups)

    repack(first, last, source, n_block, out)          from GGUF rows, uint8 (n_out, row_bytes)
    rows(first, last, w, n_block, q, d, sums, out)     out = W x for quantized inputs (quantize.py)
    unpack(first, last, w, n_block, begin, out)        float32, one column of `out` per row of W

with the constants BLOCK and STEP for `quantize` and SIZE, the bytes of a record, and the kernels
`linear`, `transposed` and `interleave` that run these tasks on the pool.
"""

from pyollama_tensor.jit import kernel
from pyollama_tensor.simd import load_4xi8, store_4xi8
from pyollama_tensor.types import U8

ROWS = 16
AHEAD = 4096  # bytes between what is read and what is prefetched: any distance works
CHUNK = 1 << 16  # bytes of weights that one thread takes at a time


@kernel
def spread(source: U8, s: int, out: U8, o: int, n_unit: int) -> None:
    """Copy n units of one row, from place s on, to the places o, o + 64, ... of a record."""
    for unit in range(n_unit):
        store_4xi8(out, o + 64 * unit, load_4xi8(source, s + 4 * unit))
