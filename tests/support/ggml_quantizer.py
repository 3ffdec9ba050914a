"""ggml's own quantizers as an oracle: a C function of the library inside the package xllamacpp."""

import ctypes
import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pyollama_formats.blocks import GGMLType, row_bytes


@cache
def _library() -> ctypes.CDLL:
    spec = importlib.util.find_spec("xllamacpp")
    if spec is None or spec.origin is None:
        pytest.skip("xllamacpp has no wheel for this platform")
    library = ctypes.CDLL(str(next(Path(spec.origin).parent.glob("*.so"))))
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.argtypes = [
        *(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),  # type, from, to
        *(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64),  # first row, rows, elements of a row
        ctypes.c_void_p,  # weights of importance
    ]
    return library


def ggml_quantize(x: NDArray[np.float32], type: GGMLType) -> NDArray[np.uint8]:
    """Rows (n, k) in a format's bytes, uint8 (n, row_bytes), without weights of importance."""
    x = np.ascontiguousarray(x, np.float32)
    out = np.zeros((len(x), row_bytes(type, x.shape[1])), np.uint8)
    at = (x.ctypes.data, out.ctypes.data)
    written = _library().ggml_quantize_chunk(int(type), *at, 0, *x.shape, None)
    assert written == out.nbytes
    return out
