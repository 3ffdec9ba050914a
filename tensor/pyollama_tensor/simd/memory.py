"""Loads and stores: from any place of an array to a vector and back, aligned or not.

``load_f32x16(a, i)`` reads 16 lanes from element i of `a`, counted flat over a C-contiguous array
of any shape, in units of the array's own dtype (so in bytes for uint8). Nothing is checked.
Halves (f16, bf16) live in memory only: loads widen them to f32.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from pyollama_tensor.simd.halves import HALF, float_to_half, half_to_float
from pyollama_tensor.simd.vector import (
    F32X16,
    I8X16,
    I8X64,
    I32X16,
    LLVM,
    Vec,
    call,
    word,
)


def pointer(context: Any, builder: Any, sig: Any, args: Any, to: Any) -> Any:
    """Emit the address of element args[1] of array args[0], as a pointer to `to`."""
    array = context.make_array(sig.args[0])(context, builder, args[0])
    index = context.cast(builder, args[1], sig.args[1], types.intp)
    return builder.bitcast(builder.gep(array.data, [index]), to.as_pointer())


@word
def copy_words(typing: Any, array: Any, index: Any, address: Any, size: Any) -> Any:
    """Copy bytes from an address into an array, from element `index` on."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        target = pointer(context, builder, sig, args, LLVM["i8"])
        source = builder.inttoptr(args[2], LLVM["i8"].as_pointer())
        cgutils.raw_memcpy(builder, target, source, args[3], 1)
        return context.get_dummy_value()

    return types.void(array, index, types.int64, types.int64), codegen


Widen = Callable[[Any, Any, Any], Any]  # (builder, value, LLVM type to give)


def _reader(vec: Vec, memory: Any = None, widen: Widen | None = None) -> Callable[..., Any]:
    stored = ir.VectorType(memory, vec.n) if memory else vec.llvm

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = builder.load(pointer(context, builder, sig, args, stored), align=1)
        return widen(builder, value, vec.llvm) if widen else value

    return codegen


def _load(vec: Vec, memory: Any = None, widen: Widen | None = None) -> Any:
    def define(typing: Any, array: Any, index: Any) -> Any:
        if not isinstance(array, types.Array):
            return None
        return vec(array, index), _reader(vec, memory, widen)

    return word(define)


def _store(vec: Vec) -> Any:
    def define(typing: Any, array: Any, index: Any, value: Any) -> Any:
        if not isinstance(array, types.Array) or value != vec:
            return None

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            builder.store(args[2], pointer(context, builder, sig, args, vec.llvm), align=1)
            return context.get_dummy_value()

        return types.void(array, index, vec), codegen

    return word(define)


def _shift_bf16(builder: Any, half: Any, to: Any) -> Any:
    wide = builder.zext(half, I32X16.llvm)
    shifted = builder.shl(wide, ir.Constant(I32X16.llvm, [16] * 16))
    return builder.bitcast(shifted, to)


load_i8x16, load_i8x64 = _load(I8X16), _load(I8X64)
load_i32x16 = _load(I32X16)
load_f32x16 = _load(F32X16)
load_f16x16 = _load(F32X16, HALF, half_to_float)

_WIDE = {
    types.float32: _reader(F32X16),
    types.uint16: _reader(F32X16, HALF, half_to_float),
    types.int16: _reader(F32X16, LLVM["i16"], _shift_bf16),
}


@word
def load_wide(typing: Any, array: Any, index: Any) -> Any:
    """16 floats as f32x16 from an array of float32, of f16 (as uint16) or of bf16 (as int16)."""
    if not isinstance(array, types.Array) or array.dtype not in _WIDE:
        return None
    return F32X16(array, index), _WIDE[array.dtype]


store_i8x16, store_i8x64 = _store(I8X16), _store(I8X64)
store_i32x16, store_f32x16 = _store(I32X16), _store(F32X16)


@word
def get(typing: Any, array: Any, index: Any) -> Any:
    """Element `index` of an array of any shape, counted flat."""
    if not isinstance(array, types.Array):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = context.get_data_type(array.dtype)
        return builder.load(pointer(context, builder, sig, args, kind), align=1)

    return array.dtype(array, index), codegen


@word
def put(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write element `index` of an array of any shape, counted flat."""
    if not isinstance(array, types.Array):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        number = context.cast(builder, args[2], sig.args[2], array.dtype)
        builder.store(number, pointer(context, builder, sig, args, number.type), align=1)
        return context.get_dummy_value()

    return types.void(array, index, value), codegen


@word
def load_f16(typing: Any, array: Any, index: Any) -> Any:
    """One half as a float32 scalar, from any place."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = pointer(context, builder, sig, args, HALF)
        return half_to_float(builder, builder.load(place, align=1), LLVM["f32"])

    return types.float32(array, index), codegen


@word
def store_f16(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write a float32 scalar as a half, rounded to nearest even, to any place."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        number = float_to_half(builder, args[2])
        builder.store(number, pointer(context, builder, sig, args, HALF), align=1)
        return context.get_dummy_value()

    return types.void(array, index, types.float32), codegen


@word
def load_4xi8(typing: Any, array: Any, index: Any) -> Any:
    """Four bytes as one int32 scalar, from any place."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(pointer(context, builder, sig, args, LLVM["i32"]), align=1)

    return types.int32(array, index), codegen


@word
def store_4xi8(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write what `load_4xi8` gave, to any place."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], pointer(context, builder, sig, args, LLVM["i32"]), align=1)
        return context.get_dummy_value()

    return types.void(array, index, types.int32), codegen


@word
def prefetch(typing: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of an element, soon to be read once; any address is harmless."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = pointer(context, builder, sig, args, LLVM["i8"])
        i32 = LLVM["i32"]
        call(builder, "llvm.prefetch.p0", ir.VoidType(), place, i32(0), i32(3), i32(1))
        return context.get_dummy_value()

    return types.void(array, index), codegen


AHEAD = 4096  # bytes between what is read and what is fetched for later: any distance works


def _fetch_ahead(typing: Any, array: Any, index: Any, n_line: Any) -> Any:
    """Ask for the n cache lines (a constant) that are read some time after those at an element.

    A few at a time, spread over the work: many requests at once wait for each other.
    """
    if not isinstance(n_line, types.IntegerLiteral):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place, i32 = pointer(context, builder, sig, args, LLVM["i8"]), LLVM["i32"]
        for line in range(n_line.literal_value):
            later = builder.gep(place, [ir.IntType(64)(AHEAD + 64 * line)])
            call(builder, "llvm.prefetch.p0", ir.VoidType(), later, i32(0), i32(3), i32(1))
        return context.get_dummy_value()

    return types.void(array, index, n_line), codegen


fetch_ahead: Any = intrinsic(prefer_literal=True)(_fetch_ahead)
