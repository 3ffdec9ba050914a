"""Rotating heads by their positions.

Shapes: T rows, H heads, E inputs per head, P = n_rot / 2 rotated pairs.
"""

from pyollama_tensor.jit import kernel
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I64

_GRAIN = 16  # rows that are worth calling another thread for


@task
def _rotate_rows(
    first: int, last: int, x: F32, cos: F32, sin: F32, step: int, apart: int, out: F32
) -> None:
    """Pair i of a head is the inputs step * i and step * i + apart."""
    for t in range(first, last):
        c, s = cos[t], sin[t]
        for h in range(x.shape[1]):
            head, turned = x[t, h], out[t, h]
            for i in range(len(c)):
                a, b = head[step * i], head[step * i + apart]
                turned[step * i] = a * c[i] - b * s[i]
                turned[step * i + apart] = a * s[i] + b * c[i]
            for i in range(2 * len(c), len(head)):
                turned[i] = head[i]


@kernel
def rope(pool: I64, x: F32, cos: F32, sin: F32, neox: bool, out: F32) -> None:
    """Rotate the pairs (2i, 2i + 1), or (i, i + P) if neox; inputs beyond 2 P pass through.

    x, out: float32 (T, H, E); cos, sin: float32 (T, P)
    Source: arXiv:2104.09864, equation 34. NumPy twin: reference.rope.
    """
    step, apart = (1, cos.shape[1]) if neox else (2, 1)
    parallel_for(pool, _rotate_rows, len(x), _GRAIN, (x, cos, sin, step, apart, out))
