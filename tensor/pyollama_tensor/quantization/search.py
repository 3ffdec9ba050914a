"""The search for the scales of K-quants, sixteen groups at once, one in each lane.

`pyollama_formats.blocks.search` tells what is searched, and is the NumPy twin of both kernels.
Products are rounded before they are added, not fused: so the choice among grids that are nearly as
good falls as in ggml.
"""

from typing import Any

import numpy as np
from numba.extending import register_jitable

from pyollama_tensor.jit import kernel
from pyollama_tensor.quantization.lanes import LANES, ZERO
from pyollama_tensor.simd import (
    absolute,
    load_f32x16,
    maximum,
    minimum,
    round_even,
    splat_f32x16,
    square_root,
    store_f32x16,
    where_less,
)
from pyollama_tensor.types import F32

ONE = np.float32(1.0)
TINY = np.float32(1e-15)


@register_jitable
def weigh(x: F32, w: F32) -> Any:
    """Weigh the squares: by magnitude, and the root of the mean square of the group; the sums.

    x, w:  float32 (n, 16)
    gives: sums of w and of w * x, and the least and the greatest x
    """
    low = high = load_f32x16(x, 0)
    squares = sum_w = sum_x = splat_f32x16(ZERO)
    for i in range(0, x.size, LANES):
        v = load_f32x16(x, i)
        low, high = minimum(low, v), maximum(high, v)
        squares = squares + v * v
    mean = square_root(squares / splat_f32x16(x.size // LANES))
    for i in range(0, x.size, LANES):
        v = load_f32x16(x, i)
        weight = mean + absolute(v)
        store_f32x16(w, i, weight)
        sum_w = sum_w + weight
        sum_x = sum_x + weight * v
    return sum_w, sum_x, low, high


@register_jitable
def to_grid(x: F32, w: F32, low: Any, inverse: Any, top: Any, q: F32) -> Any:
    """Round to integers q = (x - low) * inverse from 0 to top.

    x, w, q: float32 (n, 16), q overwritten; gives the sums of w * q, w * q^2 and w * q * x
    """
    zero = splat_f32x16(ZERO)
    sum_q = sum_qq = sum_qx = zero
    for i in range(0, x.size, LANES):
        v = load_f32x16(x, i)
        whole = minimum(maximum(round_even(inverse * (v - low)), zero), top)
        store_f32x16(q, i, whole)
        product = load_f32x16(w, i) * whole
        sum_q = sum_q + product
        sum_qq = sum_qq + product * whole
        sum_qx = sum_qx + product * v
    return sum_q, sum_qq, sum_qx


@register_jitable
def error_of(scale: Any, q: F32, low: Any, x: F32, w: F32) -> Any:
    """Weighted squares of what scale * q + low is off from x."""
    error = splat_f32x16(ZERO)
    for i in range(0, x.size, LANES):
        off = scale * load_f32x16(q, i) + low - load_f32x16(x, i)
        error = error + load_f32x16(w, i) * (off * off)
    return error


@kernel
def fit_affine(x: F32, most: float, widths: F32, room: F32, scale: F32, least: F32) -> None:
    """Scale and minimum for x = scale * q - minimum, q from 0 to `most`, of 16 groups.

    x:      float32 (n, 16)
    widths: float32, flat: the grids to try, in steps per span
    room:   float32 (2, n, 16), for the weights of the squares and for the integers
    scale, least: float32 (16,), overwritten; least is the minimum
    NumPy twin: blocks.search.fit_affine.
    """
    zero, top = splat_f32x16(ZERO), splat_f32x16(most)
    w, q = room[0], room[1]
    sum_w, sum_x, low, high = weigh(x, w)
    low = minimum(low, zero)
    inverse = top / (high - low)
    best = splat_f32x16(ONE) / inverse
    to_grid(x, w, low, inverse, top, q)
    bar = error_of(best, q, low, x, w)
    for step in range(widths.size):
        inverse = splat_f32x16(widths[step]) / (high - low)
        sum_q, sum_qq, sum_qx = to_grid(x, w, low, inverse, top, q)
        det = sum_w * sum_qq - sum_q * sum_q
        a = (sum_w * sum_qx - sum_x * sum_q) / det
        b = (sum_qq * sum_x - sum_q * sum_qx) / det
        a, b = where_less(zero, b, sum_qx / sum_qq, a), minimum(b, zero)
        error = error_of(a, q, b, x, w)
        allowed = where_less(zero, det, bar, zero)  # without a solution, no error is low enough
        best, low = where_less(error, allowed, a, best), where_less(error, allowed, b, low)
        bar = where_less(error, allowed, error, bar)
    store_f32x16(scale, 0, best)
    store_f32x16(least, 0, zero - low)


@kernel
def fit_symmetric(x: F32, most: float, widths: F32, scale: F32) -> None:
    """Scale for x = scale * q, q from -most to most - 1, of 16 groups; it may be negative.

    x:      float32 (n, 16)
    widths: float32, flat: the grids to try, in steps from zero to the largest magnitude
    scale:  float32 (16,), overwritten
    NumPy twin: blocks.search.fit_symmetric.
    """
    bottom, top = splat_f32x16(-most), splat_f32x16(most - 1.0)
    found = best = peak = splat_f32x16(ZERO)
    for i in range(0, x.size, LANES):
        v = load_f32x16(x, i)
        peak = where_less(absolute(peak), absolute(v), v, peak)
    for step in range(widths.size):
        inverse = splat_f32x16(-widths[step]) / peak
        sum_qx = sum_qq = splat_f32x16(ZERO)
        for i in range(0, x.size, LANES):
            v = load_f32x16(x, i)
            whole = minimum(maximum(round_even(inverse * v), bottom), top)
            sum_qx = sum_qx + v * v * v * whole
            sum_qq = sum_qq + v * v * whole * whole
        a, bar, gain = sum_qx / sum_qq, best * sum_qq, sum_qx * sum_qx
        found = where_less(bar, gain, a, found)
        best = where_less(bar, gain, a * sum_qx, best)
    tiny = splat_f32x16(TINY)
    store_f32x16(scale, 0, where_less(absolute(peak), tiny, splat_f32x16(ZERO), found))
