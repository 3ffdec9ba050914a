"""Writing keys and values into the pages of the KV cache.

Shapes: T rows, K key heads, E inputs and V values per head.
"""

import numpy as np
from numba.extending import register_jitable

from pyollama_tensor.batch import PAGE
from pyollama_tensor.jit import kernel
from pyollama_tensor.kept import LEAST, Kept, Pages
from pyollama_tensor.simd.lanes import scale_for, store_kept
from pyollama_tensor.simd.memory import get, store_f16
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I32, I64, U16

_FEW = 16  # rows that are not worth calling another thread for


@register_jitable
def _farthest(x: F32, first: int, n: int) -> np.float32:
    """The number of the largest magnitude, the first of several."""
    peak = np.float32(0.0)
    for i in range(first, first + n):
        number = get(x, i)
        if abs(number) > abs(peak):
            peak = number
    return peak


@register_jitable
def _keep_block(
    x: F32, first: int, n: int, kept: Kept, place: int, step: int, scales: U16, scale_place: int
) -> None:
    """Keep n numbers of flat x from `first` on, `step` apart: a block under one scale, if any."""
    scale = scale_for(kept, _farthest(x, first, n))
    if scales.size > 0:
        store_f16(scales, scale_place, scale)
    inverse = np.float32(1.0) / scale if abs(scale) >= LEAST else np.float32(0.0)
    for i in range(n):
        store_kept(kept, place + step * i, get(x, first + i) * inverse)


@task
def _write_heads(first: int, last: int, k: F32, v: F32, places: I32, pages: Pages) -> None:
    """Keep heads first to last of all rows; no two rows share a place.

    A thread has heads, not rows: neighbouring positions of a head may share bytes.
    """
    n_head, n_in, n_out = k.shape[1], k.shape[2], v.shape[2]
    n_kept = -(-n_out // 16) * 16
    n_k, n_v = pages.k_scales.shape[3], pages.v_scales.shape[2]
    for head in range(first, last):
        for t in range(len(k)):
            row = t * n_head + head
            page, place = places[t] // PAGE * n_head + head, places[t] % PAGE
            group, lane = page * (PAGE // 16) + place // 16, place % 16
            for i in range(n_k):
                n = n_in // n_k
                kept, scale = (group * n_in + i * n) * 16 + lane, (group * n_k + i) * 16 + lane
                _keep_block(k, row * n_in + i * n, n, pages.k, kept, 16, pages.k_scales, scale)
            for i in range(n_v):
                n = n_out // n_v
                kept, scale = (
                    (page * PAGE + place) * n_kept + i * n,
                    (page * n_v + i) * PAGE + place,
                )
                _keep_block(v, row * n_out + i * n, n, pages.v, kept, 1, pages.v_scales, scale)


@kernel
def write_pages(pool: I64, k: F32, v: F32, places: I32, pages: Pages) -> None:
    """Keep the keys and values of T rows at places[t] = page * PAGE + place in the page.

    k: float32 (T, K, E); v: float32 (T, K, V); places: int32 (T,)
    pages: the arrays of `cache.LayerCache`
    NumPy twin: reference.write_pages.
    """
    n_head = k.shape[1]
    grain = 1 if len(k) > _FEW else n_head
    parallel_for(pool, _write_heads, n_head, grain, (k, v, places, pages))
