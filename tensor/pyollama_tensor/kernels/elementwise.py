"""Kernels over rows that need no matrix: norms, activations and softmax.

Each takes rows of C-contiguous matrices, a few at a time per thread.
Shapes: T rows, D inputs.
"""

import numpy as np

from pyollama_tensor.jit import kernel
from pyollama_tensor.kernels.exponential import exp_f32
from pyollama_tensor.simd.math import fma, reduce_add
from pyollama_tensor.simd.memory import load_f32x16
from pyollama_tensor.simd.vector import splat_f32x16
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I32, I64

_ONE = np.float32(1.0)
_MINUS_TWO = np.float32(-2.0)
_GELU_LINEAR = np.float32(0.7978845608028654)  # sqrt(2 / pi)
_GELU_CUBIC = np.float32(0.044715)
_GELU_FLAT = np.float32(44.0)  # beyond it tanh is 1, and exp would be out of its range
_GRAIN = 8  # rows that are worth calling another thread for
_FEW = 2  # the same of activations, whose rows are wide and whose exponentials are slow


@kernel
def sum_of_squares(row: F32) -> np.float32:
    """The sum of x^2 in sixteen partial sums, one per lane. row: float32 (D,)"""
    whole = len(row) // 16 * 16
    sums = splat_f32x16(0.0)
    for i in range(0, whole, 16):
        x = load_f32x16(row, i)
        sums = fma(x, x, sums)
    total = reduce_add(sums)
    for i in range(whole, len(row)):
        total += row[i] * row[i]
    return np.float32(total)


@task
def _rms_norm_rows(first: int, last: int, x: F32, weight: F32, eps: float, out: F32) -> None:
    for t in range(first, last):
        row, result = x[t], out[t]
        mean = np.float64(sum_of_squares(row)) / len(row)
        scale = np.float32(1.0 / np.sqrt(mean + eps))
        for i in range(len(row)):
            result[i] = row[i] * scale * weight[i]


@kernel
def rms_norm(pool: I64, x: F32, weight: F32, eps: float, out: F32) -> None:
    """x / sqrt(mean(x^2) + eps) * weight for each row.

    x, out: float32 (T, D); weight: float32 (D,)
    Source: arXiv:1910.07467. NumPy twin: reference.rms_norm.
    """
    parallel_for(pool, _rms_norm_rows, len(x), _GRAIN, (x, weight, eps, out))


@kernel
def mean_of(row: F32) -> np.float64:
    """The mean of a row, added up in sixteen partial sums, one per lane. row: float32 (D,)"""
    whole = len(row) // 16 * 16
    sums = splat_f32x16(0.0)
    for i in range(0, whole, 16):
        sums = sums + load_f32x16(row, i)
    total = np.float64(reduce_add(sums))
    for i in range(whole, len(row)):
        total += np.float64(row[i])
    return total / len(row)


@task
def _layer_norm_rows(
    first: int, last: int, x: F32, weight: F32, bias: F32, eps: float, out: F32
) -> None:
    for t in range(first, last):
        row, result = x[t], out[t]
        mean = np.float32(mean_of(row))
        for i in range(len(row)):
            result[i] = row[i] - mean
        variance = np.float64(sum_of_squares(result)) / len(row)
        scale = np.float32(1.0 / np.sqrt(variance + eps))
        for i in range(len(row)):
            result[i] = result[i] * scale * weight[i] + bias[i]


@kernel
def layer_norm(pool: I64, x: F32, weight: F32, bias: F32, eps: float, out: F32) -> None:
    """(x - mean) / sqrt(variance + eps) * weight + bias for each row.

    x, out: float32 (T, D); weight, bias: float32 (D,)
    Source: arXiv:1607.06450. NumPy twin: reference.layer_norm.
    """
    parallel_for(pool, _layer_norm_rows, len(x), _GRAIN, (x, weight, bias, eps, out))


@task
def _add_rows(first: int, last: int, x: F32, y: F32, out: F32) -> None:
    for t in range(first, last):
        row, other, result = x[t], y[min(t, len(y) - 1)], out[t]
        for i in range(len(row)):
            result[i] = row[i] + other[i]


@kernel
def add(pool: I64, x: F32, y: F32, out: F32) -> None:
    """x + y, each float32 (T, D); or y is one row (1, D), which is added to all.

    NumPy twin: reference.add.
    """
    parallel_for(pool, _add_rows, len(x), _GRAIN, (x, y, out))


@task
def _take_rows(first: int, last: int, x: F32, rows: I32, out: F32) -> None:
    for t in range(first, last):
        out[t] = x[rows[t]]


@kernel
def take_rows(pool: I64, x: F32, rows: I32, out: F32) -> None:
    """Some rows of x: float32 (T, D), int32 (n,) -> (n, D).

    NumPy twin: reference.take_rows.
    """
    parallel_for(pool, _take_rows, len(rows), _GRAIN, (x, rows, out))


@task
def _gelu_rows(first: int, last: int, x: F32, out: F32) -> None:
    for t in range(first, last):
        row, result = x[t], out[t]
        for i in range(len(row)):
            # (1 + tanh(u)) / 2 = 1 / (1 + exp(-2u))
            u = _GELU_LINEAR * row[i] * (_ONE + _GELU_CUBIC * row[i] * row[i])
            u = min(max(u, -_GELU_FLAT), _GELU_FLAT)
            result[i] = row[i] / (_ONE + exp_f32(_MINUS_TWO * u))


@kernel
def gelu(pool: I64, x: F32, out: F32) -> None:
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) for each row.

    x, out: float32 (T, D)
    Source: arXiv:1606.08415. NumPy twin: reference.gelu.
    """
    parallel_for(pool, _gelu_rows, len(x), _FEW, (x, out))


@task
def _silu_gate_rows(first: int, last: int, gate: F32, up: F32, out: F32) -> None:
    for t in range(first, last):
        g, u, result = gate[t], up[t], out[t]
        for i in range(len(g)):
            result[i] = g[i] / (_ONE + exp_f32(-g[i])) * u[i]


@kernel
def silu_gate(pool: I64, gate: F32, up: F32, out: F32) -> None:
    """silu(gate) * up for each row, where silu(x) = x / (1 + exp(-x)).

    gate, up, out: float32 (T, D)
    Source: arXiv:2002.05202. NumPy twin: reference.silu_gate.
    """
    parallel_for(pool, _silu_gate_rows, len(gate), _FEW, (gate, up, out))


@task
def _softmax_rows(first: int, last: int, x: F32, out: F32) -> None:
    for t in range(first, last):
        row, result = x[t], out[t]
        largest = row.max()
        total = 0.0
        for i in range(len(row)):
            result[i] = exp_f32(row[i] - largest)
        for i in range(len(row)):
            total += np.float64(result[i])
        scale = np.float32(1.0 / total)
        for i in range(len(row)):
            result[i] *= scale


@kernel
def softmax(pool: I64, x: F32, out: F32) -> None:
    """exp(x) over its sum along each row, the largest x taken off first so that nothing overflows.

    x, out: float32 (T, D)
    NumPy twin: reference.softmax.
    """
    parallel_for(pool, _softmax_rows, len(x), _GRAIN, (x, out))
