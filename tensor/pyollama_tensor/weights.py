"""Weights of the numba backend: what `make_weight` keeps of a tensor, and `linear` over it.

A weight is opaque to models. Two kinds stand behind the same calls:

- `Records`: block formats, repacked once into records of 16 interleaved rows
  (kernels/records.py). The file's bytes are not needed any more.
- `Rows`: floats, read where they are (usually in the mapped file).

Kernels compute a row of outputs with the same arithmetic whatever the other rows are, and however
many: a matrix product of BLAS would round otherwise for other numbers of rows.

Shapes: T rows of inputs, n_in inputs, n_out outputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks import GGMLType, row_bytes
from pyollama_formats.errors import PyollamaError
from pyollama_tensor.jit import on_warmup
from pyollama_tensor.kernels import linear_floats
from pyollama_tensor.kernels.quantize import quantize
from pyollama_tensor.kernels.records import ROWS
from pyollama_tensor.memory import pages
from pyollama_tensor.recording import NotRecordable, contiguous, current, empty
from pyollama_tensor.threads import pool
from pyollama_tensor.types import F32, I8, I16, I32, U8

REPACKED = (
    GGMLType.Q4_0, GGMLType.Q4_1, GGMLType.Q5_0, GGMLType.Q5_1, GGMLType.Q8_0,
    GGMLType.Q2_K, GGMLType.Q3_K, GGMLType.Q4_K, GGMLType.Q5_K, GGMLType.Q6_K,
)  # fmt: skip

FLOATS = {GGMLType.F32: np.float32, GGMLType.F16: np.uint16, GGMLType.BF16: np.int16}
LANES = 16  # rows of floats are padded to whole vectors


@cache
def kernels_of(type: GGMLType) -> ModuleType:
    """The kernels of a repacked format, imported when the first weight needs them."""
    return import_module(f"pyollama_tensor.kernels.linear_{type.name.lower()}")


class WeightError(PyollamaError):
    """The bytes given do not make a matrix of the shape and type claimed."""


@dataclass(frozen=True)
class Quantized:
    """Rows of inputs in signed bytes; see kernels/quantize.py."""

    q: I8  # (n_block, T, block)
    d: F32  # (n_block, T)
    sums: I16  # (n_block, T, block / step, parts)


class Inputs:
    """Inputs of one layer, (T, n_in), quantized at most once for each block size."""

    def __init__(self, x: F32) -> None:
        self.x = contiguous(x)
        self._quantized: dict[tuple[int, int, int, int], Quantized] = {}

    def quantized(self, block: int, step: int, parts: int = 2, times: int = 1) -> Quantized:
        """The inputs in blocks of `block`, with sums of every `step` bytes in 1 or 2 parts.

        times: what the sums are multiplied by; they must fit int16
        """
        key = block, step, parts, times
        found = self._quantized.get(key)
        if found is None:
            T, n_in = self.x.shape
            found = Quantized(
                empty((n_in // block, T, block), np.int8),
                empty((n_in // block, T), np.float32),
                empty((n_in // block, T, block // step, parts), np.int16),
            )
            quantize(pool(), self.x, block, step, times, found.q, found.d, found.sums)
            self._quantized[key] = found
        return found


@dataclass(frozen=True)
class Records:
    """A matrix in records of 16 interleaved rows."""

    data: U8  # (n_group, n_block * record size)
    type: GGMLType
    n_in: int
    n_out: int
    kernels: ModuleType

    @property
    def nbytes(self) -> int:
        """Bytes of memory held."""
        return self.data.nbytes

    def linear(self, inputs: Inputs) -> F32:
        """W x, (T, n_in) -> (T, n_out)."""
        k = self.kernels
        xq = inputs.quantized(k.BLOCK, k.STEP, k.PARTS, k.TIMES)
        out = empty((len(inputs.x), len(self.data) * ROWS))
        self.kernels.linear(pool(), self.data, xq.q, xq.d, xq.sums, out)
        return out if out.shape[1] == self.n_out else contiguous(out[:, : self.n_out])

    def rows(self, tokens: I32) -> F32:
        """The rows of some tokens, (T,) -> (T, n_in)."""
        out = empty((len(tokens), self.n_in))
        self.kernels.embed(pool(), self.data, contiguous(tokens), out)
        return out

    def dequantize(self, first: int, last: int) -> F32:
        """Rows first to last (exclusive) as float32 (last - first, n_in)."""
        out = np.empty((last - first, self.n_in), np.float32)
        columns = np.empty((self.n_in, ROWS), np.float32)  # of one group, which stays in the cache
        for group in range(first // ROWS, -(-last // ROWS)):
            self.kernels.transposed(pool(), self.data, group, group + 1, columns)
            begin, end = max(first, group * ROWS), min(last, (group + 1) * ROWS)
            out[begin - first : end - first] = columns.T[begin - group * ROWS : end - group * ROWS]
        return out


@dataclass(frozen=True)
class Rows:
    """A matrix of floats as its file has it."""

    data: NDArray[Any]  # (n_out, n_in padded), read-only
    type: GGMLType
    n_in: int

    @property
    def n_out(self) -> int:
        """Outputs: the number of rows."""
        return len(self.data)

    @property
    def nbytes(self) -> int:
        """Bytes of memory held, if only as pages of the mapped file."""
        return self.data.nbytes

    def linear(self, inputs: Inputs) -> F32:
        """W x, (T, n_in) -> (T, n_out)."""
        out = empty((len(inputs.x), self.n_out))
        linear_floats.linear(pool(), self.data, self._pad(inputs.x), out)
        return out

    def rows(self, tokens: I32) -> F32:
        """The rows of some tokens, (T,) -> (T, n_in)."""
        out = empty((len(tokens), self.data.shape[1]))
        linear_floats.embed(pool(), self.data, contiguous(tokens), out)
        return contiguous(out[:, : self.n_in])

    def dequantize(self, first: int, last: int) -> F32:
        """Rows first to last (exclusive) as float32 (last - first, n_in)."""
        out = self._pad(np.empty((last - first, self.n_in), np.float32))
        linear_floats.expand(pool(), self.data, first, out)
        return np.ascontiguousarray(out[:, : self.n_in])

    def _pad(self, x: F32) -> F32:
        """Inputs as long as the rows are in memory, with zeros after their end."""
        extra = -self.n_in % LANES
        if extra and current() is not None:
            raise NotRecordable(f"{self.n_in} inputs are copied to be padded")
        return np.pad(x, ((0, 0), (0, extra))) if extra else x


Weight: TypeAlias = Records | Rows


def make_weight(data: U8, type: GGMLType, n_in: int) -> Weight:
    """A weight from the rows of a GGUF tensor: data is uint8 (n_out, row_bytes).

    Repacking runs without the GIL, so several tensors can be loaded in threads. Floats keep `data`
    itself, mapped or not. WeightError if the sizes do not fit.
    """
    if n_in < 1 or n_in % type.block_size:
        raise WeightError(f"rows of {n_in} inputs are not whole {type.name} blocks")
    if data.ndim != 2 or data.dtype != np.uint8 or data.shape[1] != row_bytes(type, n_in):
        raise WeightError(f"{data.shape} bytes are not {type.name} rows of {n_in} inputs")
    data = np.ascontiguousarray(data).view()
    data.flags.writeable = False  # mapped or not, kernels see one type of array
    if type in REPACKED:
        return _records(data, type, n_in, kernels_of(type))
    if type in FLOATS:
        return _floats(data.view(FLOATS[type]), type)
    raise WeightError(f"matrices of type {type.name} are not supported")


def _floats(data: NDArray[Any], type: GGMLType) -> Rows:
    n_in = data.shape[1]
    if n_in % LANES:
        data = np.pad(data, ((0, 0), (0, -n_in % LANES)))
        data.flags.writeable = False
    return Rows(data, type, n_in)


def _records(data: U8, type: GGMLType, n_in: int, kernels: ModuleType) -> Records:
    n_out, n_block = len(data), n_in // type.block_size
    n_whole, rest = divmod(n_out, ROWS)
    n_group, size = n_whole + (rest > 0), n_block * kernels.SIZE
    out = pages(n_group * size).reshape(n_group, size)
    kernels.interleave(pool(), data, n_whole, out)
    if rest:
        last = np.zeros((ROWS, data.shape[1]), np.uint8)
        last[:rest] = data[n_whole * ROWS :]
        last.flags.writeable = False
        kernels.interleave(pool(), last, 1, out[n_whole:])
    return Records(out, type, n_in, n_out, kernels)


def linear(x: F32, w: Weight) -> F32:
    """W x for each row: (T, n_in) -> (T, n_out)."""
    return linears(x, (w,))[0]


def linears(x: F32, weights: Sequence[Weight]) -> tuple[F32, ...]:
    """Several linears of the same input, which is quantized once: each (T, n_in) -> (T, n_out)."""
    for w in weights:
        if x.ndim != 2 or x.shape[1] != w.n_in:
            raise WeightError(f"inputs of shape {x.shape} do not fit a matrix of {w.n_in} inputs")
    inputs = Inputs(x)
    return tuple(w.linear(inputs) for w in weights)


def embedding(w: Weight, tokens: I32) -> F32:
    """Rows of W: (T,) -> (T, n_in); the tokens have been checked."""
    return w.rows(tokens)


def warmup_name(type: GGMLType) -> str:
    """Name of the warm-up (jit.warmup) that compiles all kernels of one format."""
    return f"linear {type.name}"


def _warm_up(type: GGMLType) -> None:
    n_in = max(type.block_size, LANES)
    w = make_weight(np.zeros((1, row_bytes(type, n_in)), np.uint8), type, n_in)
    linear(np.zeros((1, n_in), np.float32), w)
    w.dequantize(0, 1)
    embedding(w, np.zeros(1, np.int32))


for _type in (*REPACKED, *FLOATS):
    on_warmup(warmup_name(_type), partial(_warm_up, _type))
