"""Attention of each row over the pages of its own sequence, one page at a time.

A page's scores become weights as soon as they are known. When a later page brings a larger score,
what has been added up so far is scaled down, so that nothing of the size of the context is kept
(online softmax). A row is computed alone, in the same order whatever else is in the batch.

Shapes: T rows, H query heads, K key heads, G = H / K heads per group, E inputs and V values per
head (V a multiple of 16). Papers: arXiv:1805.02867 (online softmax), 2205.14135 (attention with
it), 2305.13245 (groups), 2309.06180 (pages).

Numbers that the cache keeps under scales (`kept`) are widened where they are used. A scale never
meets a single number: of keys it multiplies sixteen sums of 32 products, for sixteen positions have
theirs side by side, and of values the weights of their positions.
"""

from typing import Any, TypeAlias

import numpy as np
from numba.extending import register_jitable

from pyollama_tensor.batch import PAGE
from pyollama_tensor.jit import kernel
from pyollama_tensor.kept import Kept, Pages
from pyollama_tensor.simd.lanes import first_lanes, load_kept, load_scales, prefetch_kept
from pyollama_tensor.simd.math import exp_f32x16, fma, maximum, reduce_add, reduce_max
from pyollama_tensor.simd.memory import get, load_f32x16, prefetch, store_f32x16
from pyollama_tensor.simd.vector import splat_f32x16
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I32, I64, U16

Heads: TypeAlias = tuple[int, int, int, int]

_MINUS_INFINITY = np.float32(-np.inf)


@register_jitable
def _weigh(
    low: Any, high: Any, largest: Any, total: Any, count: int, weights: F32, place: int
) -> tuple[Any, Any, Any]:
    """Turn a page's scores of one head into weights e^(score - largest), kept at `place`.

    low, high: the scores of positions 0 to 15 and 16 to 31, of which `count` are positions.
    Gives the largest score so far, the factor that scales what was added up before (a vector),
    and the sum of all weights so far (a vector whose lanes are yet to be added).
    """
    low = first_lanes(low, count, _MINUS_INFINITY)
    high = first_lanes(high, count - 16, _MINUS_INFINITY)
    now = max(largest, reduce_max(maximum(low, high)))
    peak = splat_f32x16(now)
    fade = splat_f32x16(1.0)
    if now > largest:  # rarely, but for the first pages
        fade = exp_f32x16(splat_f32x16(largest) - peak)
    low, high = exp_f32x16(low - peak), exp_f32x16(high - peak)
    store_f32x16(weights, place, low)
    store_f32x16(weights, place + 16, high)
    return now, fade, fma(total, fade, low + high)


@register_jitable
def _scores(q: F32, heads: Heads, k: Kept, scales: U16, block: int, ahead: Kept, place: int) -> Any:
    """q . k of sixteen positions for four heads, which share every load of k: four vectors.

    block: which key block (E, 16) of k
    Pages lie anywhere, so the processor cannot guess what comes next: while it computes, it is
    told to fetch half a page of the array `ahead`, from `place` on.
    """
    h0, h1, h2, h3 = heads
    n_in, n_scale = q.shape[1], scales.shape[3]
    n = n_in // n_scale
    t0 = t1 = t2 = t3 = splat_f32x16(0.0)
    for i in range(n_scale):
        s0 = s1 = s2 = s3 = splat_f32x16(0.0)
        for e in range(i * n, i * n + n):
            prefetch_kept(ahead, place + PAGE * e)
            keys = load_kept(k, (block * n_in + e) * 16)
            s0 = fma(splat_f32x16(get(q, h0 * n_in + e)), keys, s0)
            s1 = fma(splat_f32x16(get(q, h1 * n_in + e)), keys, s1)
            s2 = fma(splat_f32x16(get(q, h2 * n_in + e)), keys, s2)
            s3 = fma(splat_f32x16(get(q, h3 * n_in + e)), keys, s3)
        scale = load_scales(k, scales, (block * n_scale + i) * 16)
        t0, t1 = fma(s0, scale, t0), fma(s1, scale, t1)
        t2, t3 = fma(s2, scale, t2), fma(s3, scale, t3)
    return t0, t1, t2, t3


@register_jitable
def _fetch_scales(scales: U16, n_scale: int, page: int) -> None:
    """Ask for the scales of a page, n_scale for each position: 32 are a cache line."""
    n = PAGE * n_scale if scales.size > 0 else 0
    for i in range(0, n, PAGE):
        prefetch(scales, page * n + i)


@register_jitable
def _scale_weights(weights: F32, v: Kept, scales: U16, place: int, scaled: F32) -> None:
    """Multiply the weights of a page's positions, of four heads, with the scales of one block."""
    low, high = load_scales(v, scales, place), load_scales(v, scales, place + 16)
    for i in range(0, 4 * PAGE, PAGE):
        store_f32x16(scaled, i, load_f32x16(weights, i) * low)
        store_f32x16(scaled, i + 16, load_f32x16(weights, i + 16) * high)


@register_jitable
def _add_values(
    out: F32,
    heads: Heads,
    fades: Any,
    weights: F32,
    v: Kept,
    first: int,
    last: int,
    start: int,
    count: int,
) -> None:
    """out = out * fade + weights @ v for four heads and the outputs first to last.

    start, count: where the page's values begin in v, and how many positions are added
    """
    h0, h1, h2, h3 = heads
    n = out.shape[1]
    for i in range(first, last, 16):
        o0 = load_f32x16(out, h0 * n + i) * fades[0]
        o1 = load_f32x16(out, h1 * n + i) * fades[1]
        o2 = load_f32x16(out, h2 * n + i) * fades[2]
        o3 = load_f32x16(out, h3 * n + i) * fades[3]
        for p in range(count):
            value = load_kept(v, start + p * n + i)
            o0 = fma(splat_f32x16(get(weights, p)), value, o0)
            o1 = fma(splat_f32x16(get(weights, PAGE + p)), value, o1)
            o2 = fma(splat_f32x16(get(weights, 2 * PAGE + p)), value, o2)
            o3 = fma(splat_f32x16(get(weights, 3 * PAGE + p)), value, o3)
        store_f32x16(out, h0 * n + i, o0)
        store_f32x16(out, h1 * n + i, o1)
        store_f32x16(out, h2 * n + i, o2)
        store_f32x16(out, h3 * n + i, o3)


@register_jitable
def _attend(
    q: F32,
    pages: Pages,
    table: I32,
    length: int,
    scale: np.float32,
    weights: F32,
    scaled: F32,
    out: F32,
    head: int,
    heads: Heads,
) -> None:
    """Four query heads of one row, all of the group of key head `head`.

    q: float32 (H, E); out: float32 (H, V), zero; weights, scaled: float32 (4, PAGE), overwritten
    table: int32, the pages of the sequence; length: how many positions are attended to
    """
    k, k_scales, v, v_scales = pages
    n_head, n_in, n_out = k.shape[1], q.shape[1], out.shape[1]
    n_scale = v_scales.shape[2]
    n = n_out // n_scale
    m0 = m1 = m2 = m3 = _MINUS_INFINITY  # largest scores
    t0 = t1 = t2 = t3 = splat_f32x16(0.0)  # sums of weights
    factor = splat_f32x16(scale)
    for first in range(0, length, PAGE):
        page = np.int64(table[first // PAGE]) * n_head + head
        later = np.int64(table[min(first + PAGE, length - 1) // PAGE]) * n_head + head
        count = min(PAGE, length - first)
        values = page * PAGE * n_out
        _fetch_scales(k_scales, k_scales.shape[3], later)
        _fetch_scales(v_scales, n_scale, later)
        a0, a1, a2, a3 = _scores(q, heads, k, k_scales, 2 * page, v, values)
        b0, b1, b2, b3 = _scores(q, heads, k, k_scales, 2 * page + 1, k, later * PAGE * n_in)
        m0, f0, t0 = _weigh(a0 * factor, b0 * factor, m0, t0, count, weights, 0)
        m1, f1, t1 = _weigh(a1 * factor, b1 * factor, m1, t1, count, weights, PAGE)
        m2, f2, t2 = _weigh(a2 * factor, b2 * factor, m2, t2, count, weights, 2 * PAGE)
        m3, f3, t3 = _weigh(a3 * factor, b3 * factor, m3, t3, count, weights, 3 * PAGE)
        for i in range(n_scale):
            _scale_weights(weights, v, v_scales, (page * n_scale + i) * PAGE, scaled)
            _add_values(out, heads, (f0, f1, f2, f3), scaled, v, i * n, i * n + n, values, count)
    r0, r1 = splat_f32x16(1.0 / reduce_add(t0)), splat_f32x16(1.0 / reduce_add(t1))
    r2, r3 = splat_f32x16(1.0 / reduce_add(t2)), splat_f32x16(1.0 / reduce_add(t3))
    _add_values(out, heads, (r0, r1, r2, r3), scaled, v, 0, n_out, 0, 0)  # nothing to add: divide


@task
def _attention_items(
    first: int,
    last: int,
    q: F32,
    pages: Pages,
    tables: I32,
    sequences: I32,
    lengths: I32,
    scale: np.float32,
    out: F32,
) -> None:
    """Items first to last, one for each key head and row, rows of one head after each other."""
    n_row, group = q.shape[0], q.shape[1] // pages.k.shape[1]
    weights, scaled = np.empty((4, PAGE), np.float32), np.empty((4, PAGE), np.float32)
    for item in range(first, last):
        head, t = item // n_row, item % n_row
        end = (head + 1) * group - 1  # the group's last query head
        out[t, head * group : end + 1] = 0.0
        for h in range(head * group, end + 1, 4):
            # A group that is no multiple of 4 has its last head computed more than once, alike.
            _attend(
                q[t],
                pages,
                tables[sequences[t]],
                lengths[t],
                scale,
                weights,
                scaled,
                out[t],
                head,
                (h, min(h + 1, end), min(h + 2, end), min(h + 3, end)),
            )


@kernel
def paged_attention(
    pool: I64,
    q: F32,
    pages: Pages,
    tables: I32,
    sequences: I32,
    lengths: I32,
    scale: np.float32,
    out: F32,
) -> None:
    """Attention of row t over the first lengths[t] positions of sequence sequences[t].

    q: float32 (T, H, E); out: float32 (T, H, V)
    pages: the arrays of `cache.LayerCache`
    tables: int32 (S, n_table); sequences, lengths: int32 (T,)
    NumPy twin: reference.paged_attention.
    """
    n_item = q.shape[0] * pages.k.shape[1]
    parallel_for(
        pool, _attention_items, n_item, 1, (q, pages, tables, sequences, lengths, scale, out)
    )
