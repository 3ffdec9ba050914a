"""F32, F16 and BF16: rows read where they are, widened to float32 in registers.

The type is told by the array's dtype: float32, uint16 for F16 and int16 for BF16. Inputs stay
float32, so a result is as exact as a float32 sum. Rows are a multiple of 16 long.

A product is summed in spans: sixteen sums over every sixteenth input of a span, which are added
up, then added to the spans before. That order is the same for one row of inputs as for many,
which differ only in who meets whom first.

NumPy twin: reference.linear.
"""

from typing import Any

import numpy as np
from numba.extending import register_jitable

from pyollama_tensor.jit import kernel
from pyollama_tensor.simd import (
    AHEAD,
    ONE,
    THREE,
    add_products,
    add_totals,
    load_wide,
    prefetch,
    store_f32x16,
    zeros_f32,
)
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I32, I64

SPAN = 512  # inputs that are summed in one go
CHUNK_ROWS = 16  # rows of W that one thread takes at a time
# Long batches meet a span of such a chunk in a copy: it stays in the first cache, where rows that
# are a power of two apart would drive each other out.


@register_jitable
def tile(n: Any, w: Any, p: int, o: int, x: F32, q: int, count: int, out: F32, place: int) -> None:
    """Add the products of two runs of weights and n of inputs to two columns of out.

    p, o: flat places of the weights, the same if there is one run only; count: their length
    q: of the first row's inputs; place: of its first output
    """
    a, b = zeros_f32(n), zeros_f32(n)
    for i in range(0, count, 16):
        a = add_products(a, load_wide(w, p + i), x, q + i, x.shape[1])
        b = add_products(b, load_wide(w, o + i), x, q + i, x.shape[1])
    add_totals(out, place, out.shape[1], a)
    if o != p:
        add_totals(out, place + 1, out.shape[1], b)


@register_jitable
def few(first: int, last: int, w: Any, x: F32, begin: int, out: F32) -> None:
    """Add W x to out for rows first to last of W and the inputs from row `begin` on."""
    n_in, n_out = x.shape[1], out.shape[1]
    for row in range(first, last, 2):
        p, o = row * n_in, min(row + 1, last - 1) * n_in
        for span in range(0, n_in, SPAN):
            count = min(SPAN, n_in - span)
            for i in range(span, span + count, 64 // w.itemsize):
                prefetch(w, p + i + AHEAD // w.itemsize)
                prefetch(w, o + i + AHEAD // w.itemsize)
            for t in range(begin, len(x)):
                tile(ONE, w, p + span, o + span, x, t * n_in + span, count, out, t * n_out + row)


@register_jitable
def many(first: int, last: int, w: Any, x: F32, end: int, out: F32, copy: F32) -> None:
    """Add W x to out for rows first to last of W and the first `end` inputs, three at a time."""
    n_in, n_out = x.shape[1], out.shape[1]
    for span in range(0, n_in, SPAN):
        count = min(SPAN, n_in - span)
        for row in range(last - first):
            p = (first + row) * n_in + span
            for i in range(0, count, 16):
                prefetch(w, p + 2 * n_in + i)  # two rows on
                store_f32x16(copy, row * SPAN + i, load_wide(w, p + i))
        for t in range(0, end, 3):
            for row in range(0, last - first, 2):
                p, o = row * SPAN, min(row + 1, last - first - 1) * SPAN
                q, place = t * n_in + span, t * n_out + first + row
                tile(THREE, copy, p, o, x, q, count, out, place)


@task
def rows(first: int, last: int, w: Any, x: F32, out: F32) -> None:
    """Outputs of rows first to last of W.

    w: (n_out, n_in); x: float32 (T, n_in); out: float32 (T, n_out)
    """
    out[:, first:last] = 0.0
    threes = len(x) // 3 * 3
    copy = np.empty((CHUNK_ROWS, SPAN), np.float32)
    for begin in range(first, last, CHUNK_ROWS):
        end = min(begin + CHUNK_ROWS, last)
        if threes:
            many(begin, end, w, x, threes, out, copy)
        few(begin, end, w, x, threes, out)


@register_jitable
def widen_row(w: Any, row: int, out: F32, t: int) -> None:
    """out[t] = row `row` of W as float32."""
    n_in = out.shape[1]
    for i in range(0, n_in, 16):
        store_f32x16(out, t * n_in + i, load_wide(w, row * n_in + i))


@task
def widen(first: int, last: int, w: Any, begin: int, out: F32) -> None:
    """out[first:last] = rows begin + first to begin + last of W as float32."""
    for t in range(first, last):
        widen_row(w, begin + t, out, t)


@task
def pick(first: int, last: int, w: Any, tokens: I32, out: F32) -> None:
    """out[first:last] = rows tokens[first:last] of W as float32."""
    for t in range(first, last):
        widen_row(w, tokens[t], out, t)


@kernel
def linear(pool: I64, w: Any, x: F32, out: F32) -> None:
    """out = W x on the pool."""
    parallel_for(pool, rows, w.shape[0], CHUNK_ROWS, (w, x, out))


@kernel
def expand(pool: I64, w: Any, begin: int, out: F32) -> None:
    """Run `widen` over the rows of `out` on the pool."""
    parallel_for(pool, widen, out.shape[0], 64, (w, begin, out))


@kernel
def embed(pool: I64, w: Any, tokens: I32, out: F32) -> None:
    """Run `pick` over tokens, int32 (T,), on the pool."""
    parallel_for(pool, pick, len(tokens), 64, (w, tokens, out))
