"""What the KV cache keeps of a number: the number itself, or a whole number under a shared scale.

| element | bits of a number | kept as |
| --- | --- | --- |
| f32 | 32 | float32 |
| f16 | 16 | the bits of float16 in uint16, for numba has no float16 on the CPU |
| q8_0 | 8.5 | int8, -127 to 127 |
| q4_0 | 4.5 | four bits, -8 to 7, two numbers in each uint8 |

The last two cut a head's vector into blocks of 32. The number of the largest magnitude in a block
becomes 127, or -8, and so decides the block's scale, a float16. Numbers of four bits are packed in
runs of sixteen, lane i with lane i + 8, so that eight bytes widen to sixteen lanes.

Here is all of it in NumPy; the kernels do the same in words of `simd.lanes`.
Source: quantize_row_q8_0_ref and quantize_row_q4_0_ref in ggml.
"""

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyollama_tensor import memory
from pyollama_tensor.types import F32, I8, U8, U16

Element = Literal["f32", "f16", "q8_0", "q4_0"]

BLOCK = 32
"""Numbers under one scale."""

LANES = 16
"""Numbers that are read at once: what is kept is a multiple of it."""

LEAST = np.float32(1e-30)
"""A scale below this is zero, and so is its block: the inverse would overflow."""

Kept: TypeAlias = F32 | U16 | I8 | U8
"""An array of kept numbers. Its dtype says which element it is."""

DTYPES: dict[Element, Any] = {
    "f32": np.float32,
    "f16": np.uint16,
    "q8_0": np.int8,
    "q4_0": np.uint8,
}


class Pages(NamedTuple):
    """The arrays of a layer's cache, as kernels get them; `cache.LayerCache` has their shapes."""

    k: Kept
    k_scales: U16
    v: Kept
    v_scales: U16


def has_scales(element: Element) -> bool:
    """Whether numbers are kept under scales."""
    return element in ("q8_0", "q4_0")


def fits(element: Element, n_embd_head: int) -> bool:
    """Whether vectors of a head can be kept so: blocks must fill them."""
    return not has_scales(element) or n_embd_head % BLOCK == 0


def zeros(element: Element, *shape: int) -> Kept:
    """An array of kept zeros for some layers, which fill side by side.

    Its pages take memory when they are first written.
    """
    *outer, last = shape
    n_last = last // 2 if element == "q4_0" else last
    kept: Kept = memory.zeros((*outer, n_last), DTYPES[element], n_part=shape[0])
    return kept


def encode(x: F32, element: Element) -> tuple[I8, U16]:
    """Whole numbers (..., E) and scales (..., E / 32), the bits of float16, of vectors (..., E)."""
    blocks = x.reshape(*x.shape[:-1], -1, BLOCK)
    peak = np.take_along_axis(blocks, np.abs(blocks).argmax(-1, keepdims=True), -1)
    low, high = (-127, 127) if element == "q8_0" else (-8, 7)
    scale = np.abs(peak) / np.float32(127) if element == "q8_0" else peak / np.float32(-8)
    is_zero = np.abs(scale) < LEAST
    inverse = np.where(is_zero, np.float32(0), 1 / np.where(is_zero, np.float32(1), scale))
    numbers = np.clip(np.rint(blocks * inverse), low, high).astype(np.int8)
    with np.errstate(over="ignore"):  # what float16 cannot hold becomes infinite
        scales = scale[..., 0].astype(np.float16).view(np.uint16)
    return numbers.reshape(x.shape), scales


def unpacked(kept: Kept) -> NDArray[Any]:
    """The numbers of an array as NumPy reckons with them: floats, or whole numbers in int8.

    A view, but a copy of what is packed.
    """
    if kept.dtype == np.uint16:
        return kept.view(np.float16)
    if kept.dtype != np.uint8:
        return kept
    bytes_ = kept.view(np.int8).reshape(*kept.shape[:-1], -1, 1, LANES // 2)
    halves = np.concatenate([bytes_ << np.int8(4), bytes_], axis=-2) >> np.int8(4)  # with signs
    return halves.reshape(*kept.shape[:-1], -1)


def packed(numbers: NDArray[Any], element: Element) -> Kept:
    """What `unpacked` gave, as it is kept."""
    if element != "q4_0":
        kept: Kept = numbers.view(DTYPES[element])
        return kept
    low, high = np.moveaxis(
        numbers.view(np.uint8).reshape(*numbers.shape[:-1], -1, 2, LANES // 2), -2, 0
    )
    bytes_: U8 = low & np.uint8(15) | high << np.uint8(4)
    return bytes_.reshape(*numbers.shape[:-1], -1)


def times_scales(numbers: NDArray[Any], scales: U16, axis: int) -> F32:
    """Kept numbers as float32; each scale, if there are any, is that of a run along the axis."""
    wide = numbers.astype(np.float32)
    if not scales.size:
        return wide
    run = numbers.shape[axis] // scales.shape[axis]
    return wide * np.repeat(scales.view(np.float16), run, axis).astype(np.float32)
