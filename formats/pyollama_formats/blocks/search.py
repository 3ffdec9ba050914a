"""How the K-quants find their scales: by trying some and keeping the one that fits best.

Rounding to the grid that the extremes of a group suggest is rarely the best: a slightly finer or
coarser one puts other weights next to a grid point. So a few grids are tried. For each the weights
are rounded, and then the scale (and the minimum) that fit those integers best are found by weighted
least squares. Large weights count more, for they move the output more.

Sums run from the first weight to the last, in float32: then the choice among grids that are nearly
as good falls as in ggml, whose bytes come out.

Source: make_qx_quants and make_qkx2_quants in ggml.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

ZERO = np.float32(0)
TINY = np.float32(1e-15)  # a group of no larger magnitude becomes zero: its inverse would be huge


def fit_affine(x: F32, most: int, widths: F32) -> tuple[F32, F32]:
    """Scale and minimum for x = scale * q - minimum, q from 0 to `most`, of each group.

    x:      float32 (..., n), groups of n
    widths: the grids to try: into how many steps the span of a group is cut
    gives:  float32 (...) twice, neither below zero (a group above zero has the minimum 0)

    A grid begins at the best minimum found so far, which makes the search climb a little.
    """
    low: F32 = np.minimum(x.min(axis=-1, keepdims=True), ZERO)  # (..., 1), as all below
    high = x.max(axis=-1, keepdims=True)
    w = np.sqrt(_sum(x * x) / np.float32(x.shape[-1])) + np.abs(x)
    scale: F32 = 1 / (most / (high - low))
    least = _error(scale, _rounded(x, low, high, most, np.float32(most)), low, x, w)
    for width in widths:
        q = _rounded(x, low, high, most, width)
        a, b, det = _line(q, x, w)
        error = _error(a, q, b, x, w)
        better = (det > 0) & (error < least)
        scale, low = np.where(better, a, scale), np.where(better, b, low)
        least = np.where(better, error, least)
    return scale[..., 0], (ZERO - low)[..., 0]


def _rounded(x: F32, low: F32, high: F32, most: int, width: np.float32) -> F32:
    """The integers of x on a grid that begins at low and makes `width` steps to high."""
    q: F32 = np.rint(width / (high - low) * (x - low)).clip(0, most)
    return q


def _line(q: F32, x: F32, w: F32) -> tuple[F32, F32, F32]:
    """Scale and offset of the line through (q, x) by least squares, and the determinant.

    The offset is at most zero. Without a positive determinant there is no such line.
    """
    sum_w, sum_x = _sum(w), _sum(w * x)
    sum_q, sum_qq, sum_qx = _sum(w * q), _sum(w * q * q), _sum(w * q * x)
    det: F32 = sum_w * sum_qq - sum_q * sum_q
    a: F32 = np.divide(sum_w * sum_qx - sum_x * sum_q, det)
    b: F32 = np.divide(sum_qq * sum_x - sum_q * sum_qx, det)
    return np.where(b > 0, sum_qx / sum_qq, a), np.minimum(b, ZERO), det


def _error(scale: F32, q: F32, low: F32, x: F32, w: F32) -> F32:
    """Weighted squares of what scale * q + low is off from x."""
    off = scale * q + low - x
    return _sum(w * (off * off))


def fit_symmetric(x: F32, most: int, widths: F32) -> F32:
    """Scale for x = scale * q, q from -most to most - 1, of each group; it may be negative.

    x:      float32 (..., n), groups of n
    widths: the grids to try: how many steps lie between zero and the largest magnitude
    gives:  float32 (...)
    """
    peak = extreme(x)  # it becomes -most, which has no positive partner
    w = x * x
    scale, best = np.zeros_like(peak), np.zeros_like(peak)
    for width in widths:
        q = np.rint(-width / peak * x).clip(-most, most - 1)
        sum_qx, sum_qq = _sum(w * x * q), _sum(w * q * q)
        better = (sum_qq > 0) & (sum_qx * sum_qx > best * sum_qq)
        scale = np.where(better, sum_qx / sum_qq, scale)
        best = np.where(better, scale * sum_qx, best)
    return np.where(np.abs(peak) < TINY, 0, scale)[..., 0]


def extreme(x: F32) -> F32:
    """The element of the largest magnitude in each group, the first of several: (..., n) -> 1."""
    return np.take_along_axis(x, np.abs(x).argmax(axis=-1)[..., None], axis=-1)


def grids(most: int, first: float, tenths: Iterable[int]) -> F32:
    """The grids of `most` + `first` steps, and so many tenths of a step more."""
    more = np.float32(0.1) * np.array(list(tenths), np.float32)
    return np.asarray(np.float32(first) + more + np.float32(most), np.float32)


def _sum(x: F32) -> F32:
    total: F32 = np.add.accumulate(x, axis=-1)[..., -1:]
    return total
