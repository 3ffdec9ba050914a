"""From a row of logits to a token: what is done for every token of every answer, in one kernel.

Between two passes memory has nothing to do, so each call of NumPy there, with its code gone from
the caches, is time that the next token comes later. This is the usual chain: the k likeliest of
all, in descending order, and of these a nucleus, a floor, a temperature and a draw.
"""

from math import exp, log

import numpy as np

from pyollama_tensor.jit import kernel
from pyollama_tensor.simd.math import maximum, reduce_max, where_less
from pyollama_tensor.simd.memory import load_f32x16
from pyollama_tensor.simd.vector import splat_f32x16
from pyollama_tensor.types import F32, F64, I64

BLOCK = 64  # logits that are looked at together, to see whether one of them is among the largest
NOT_FINITE = -1


@kernel
def all_below_infinity(logits: F32) -> bool:
    """Whether every logit is a number, and none is plus infinity."""
    zero, one, infinity = splat_f32x16(0.0), splat_f32x16(1.0), splat_f32x16(np.inf)
    whole = len(logits) // 16 * 16
    found = zero
    for i in range(0, whole, 16):
        found = maximum(found, where_less(load_f32x16(logits, i), infinity, zero, one))
    for i in range(whole, len(logits)):
        if not logits[i] < np.inf:
            return False
    return bool(reduce_max(found) == 0.0)


@kernel
def insert(place: int, logit: np.float32, ids: I64, largest: F32) -> None:
    """Put a logit where it belongs among the largest, behind its equals; the last one falls off."""
    i = len(ids) - 1
    while i > 0 and largest[i - 1] < logit:
        largest[i], ids[i] = largest[i - 1], ids[i - 1]
        i -= 1
    largest[i], ids[i] = logit, place


@kernel
def find_largest(logits: F32, ids: I64, largest: F32) -> None:
    """The largest logits, in descending order, of equals the lower id first; there are so many.

    ids: int64 (N,); largest: float32 (N,). Both are written.
    """
    largest[:] = -np.inf
    ids[:] = 0
    n = len(largest)
    for i in range(n):  # so that minus infinity has its place too
        insert(i, logits[i], ids[: i + 1], largest[: i + 1])
    whole = n + (len(logits) - n) // BLOCK * BLOCK
    for begin in range(n, whole, BLOCK):
        two = maximum(load_f32x16(logits, begin), load_f32x16(logits, begin + 16))
        others = maximum(load_f32x16(logits, begin + 32), load_f32x16(logits, begin + 48))
        if reduce_max(maximum(two, others)) > largest[n - 1]:
            for i in range(begin, begin + BLOCK):
                if logits[i] > largest[n - 1]:
                    insert(i, logits[i], ids, largest)
    for i in range(whole, len(logits)):
        if logits[i] > largest[n - 1]:
            insert(i, logits[i], ids, largest)


@kernel
def weigh(logits: F32, mass: F64) -> float:
    """Running sums of e^(logit - the first one); gives the last of them."""
    total = 0.0
    for i in range(len(logits)):
        total += exp(np.float64(logits[i] - logits[0]))
        mass[i] = total
    return total


@kernel
def n_kept(largest: F32, mass: F64, top_p: float, min_p: float) -> int:
    """How many of the likeliest tokens are left of those in descending order, at least one."""
    n = len(largest)
    if top_p < 1.0:
        total = weigh(largest, mass)
        n = 0
        while n < len(largest) - 1 and mass[n] / total < top_p:
            n += 1
        n += 1
    if min_p > 0.0:
        floor = min(largest[0], largest[0] + np.float32(log(min_p)))
        while largest[n - 1] < floor:
            n -= 1
    return n


@kernel
def draw(logits: F32, top_k: int, top_p: float, min_p: float, temperature: float, u: float) -> int:
    """The id of a token drawn from a row of logits, float32 (V,), or NOT_FINITE.

    Sources: arXiv:1805.04833 (top-k), 1904.09751 (top-p), 2407.01082 (min-p).
    NumPy twin: reference.draw.
    """
    if not all_below_infinity(logits):
        return NOT_FINITE
    n = min(top_k, len(logits))
    ids, largest, mass = np.empty(n, np.int64), np.empty(n, np.float32), np.empty(n, np.float64)
    find_largest(logits, ids, largest)
    if largest[0] == -np.inf:
        return NOT_FINITE
    t = np.float32(temperature)
    if t <= 0:
        return int(ids[0])
    n = n_kept(largest, mass, top_p, min_p)
    kept, first = largest[:n], largest[0]
    for i in range(n):
        kept[i] = (kept[i] - first) / t
    limit = u * weigh(kept, mass[:n])
    place = 0
    while place < n - 1 and mass[place] <= limit:
        place += 1
    return int(ids[place])
