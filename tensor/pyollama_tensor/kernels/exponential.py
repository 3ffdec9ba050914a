"""exp for float32, written so that LLVM turns a loop of it into vectors (libm's stays scalar)."""

import numpy as np

from pyollama_tensor.jit import kernel

# float32 constants: numba would compute in float64 with Python's own numbers.
_LOG2_E = np.float32(1.4426950408889634)
_LN2_HIGH = np.float32(0.693359375)  # few bits, so that n * _LN2_HIGH is exact
_LN2_LOW = np.float32(-2.12194440e-4)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_LIMIT = np.float32(127.0)
_P5 = np.float32(1.9875691500e-4)
_P4 = np.float32(1.3981999507e-3)
_P3 = np.float32(8.3334519073e-3)
_P2 = np.float32(4.1665795894e-2)
_P1 = np.float32(1.6666665459e-1)
_P0 = np.float32(5.0000001201e-1)


@kernel
def exp_f32(x: np.float32) -> np.float32:
    """e^x of a float32, to about 2 units in the last place; 0 below -88, inf or huge above 89.

    e^x = 2^n * e^r with |r| <= ln(2) / 2, and a polynomial for e^r.
    Source: the Cephes library's expf. NumPy twin: np.exp.
    """
    n = min(max(np.floor(x * _LOG2_E + _HALF), -_LIMIT), _LIMIT)
    r = x - n * _LN2_HIGH - n * _LN2_LOW
    p = _P5 * r + _P4
    p = p * r + _P3
    p = p * r + _P2
    p = p * r + _P1
    p = p * r + _P0
    power = np.int32((np.int32(n) + np.int32(127)) << np.int32(23))  # the bits of 2^n
    result: np.float32 = (p * r * r + r + _ONE) * power.view(np.float32)
    return result
