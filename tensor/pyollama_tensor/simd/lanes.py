"""Words for the KV cache: numbers as it keeps them, and partial vectors.

What an array keeps is told by its dtype (see `pyollama_tensor.kept`): float32, uint16 that hold
halves, int8 under scales, or uint8 that hold two numbers of four bits each under scales. Kernels do
not care which. Places are counted in numbers, whatever the elements of the array are.
"""

from typing import Any

from llvmlite import ir
from numba.core import types

from pyollama_tensor.simd.halves import HALF, float_to_half, half_to_float
from pyollama_tensor.simd.memory import pointer
from pyollama_tensor.simd.vector import F32X16, I32X16, LLVM, call, concat, splat_value, word

KINDS = {types.float32: LLVM["f32"], types.uint16: HALF, types.int8: LLVM["i8"]}
BYTES, INTS = ir.VectorType(LLVM["i8"], 8), ir.VectorType(LLVM["i32"], 8)


def _is_kept(array: Any) -> bool:
    return isinstance(array, types.Array) and (array.dtype in KINDS or array.dtype == types.uint8)


def _is_packed(array: Any) -> bool:
    return bool(array.dtype == types.uint8)


def _byte_place(context: Any, builder: Any, sig: Any, args: Any, to: Any) -> Any:
    """Emit the address, of a packed array, of the byte at half of args[1]: a multiple of 16."""
    index = context.cast(builder, args[1], sig.args[1], types.intp)
    index = builder.ashr(index, index.type(1))
    array = sig.args[0]
    return pointer(context, builder, types.void(array, types.intp), [args[0], index], to)


def _load_packed(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Emit the sixteen numbers of eight bytes: lanes 0 to 7 are their low halves."""
    place = _byte_place(context, builder, sig, args, BYTES)
    wide = builder.sext(builder.load(place, align=1), INTS)
    up, down = ir.Constant(INTS, [28] * 8), ir.Constant(INTS, [4] * 8)
    low = builder.ashr(builder.shl(wide, up), up)
    return builder.sitofp(concat(builder, low, builder.ashr(wide, down)), F32X16.llvm)


@word
def load_kept(typing: Any, array: Any, index: Any) -> Any:
    """Sixteen numbers of the cache as float32, from flat number `index` of the array on.

    Under scales they are whole numbers. Packed ones begin at a multiple of 16.
    """
    if not _is_kept(array):
        return None
    if _is_packed(array):
        return F32X16(array, index), _load_packed

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        stored = ir.VectorType(KINDS[array.dtype], F32X16.n)
        value = builder.load(pointer(context, builder, sig, args, stored), align=1)
        if array.dtype == types.uint16:
            return half_to_float(builder, value, F32X16.llvm)
        if array.dtype == types.int8:
            return builder.sitofp(builder.sext(value, I32X16.llvm), F32X16.llvm)
        return value

    return F32X16(array, index), codegen


@word
def load_scales(typing: Any, array: Any, scales: Any, index: Any) -> Any:
    """Sixteen scales (halves in uint16) of an array's numbers; ones if it has no scales."""
    if not _is_kept(array):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if array.dtype in (types.float32, types.uint16):
            return ir.Constant(F32X16.llvm, [1.0] * 16)
        inner = types.void(scales, index)
        place = pointer(context, builder, inner, args[1:], ir.VectorType(HALF, F32X16.n))
        return half_to_float(builder, builder.load(place, align=1), F32X16.llvm)

    return F32X16(array, scales, index), codegen


@word
def scale_for(typing: Any, array: Any, peak: Any) -> Any:
    """The scale of a block whose number of the largest magnitude is `peak`; 1 for floats."""
    if not _is_kept(array):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if array.dtype == types.int8:
            magnitude = call(builder, "llvm.fabs.f32", LLVM["f32"], args[1])
            return builder.fdiv(magnitude, LLVM["f32"](127.0))
        if _is_packed(array):
            return builder.fdiv(args[1], LLVM["f32"](-8.0))
        return LLVM["f32"](1.0)

    return types.float32(array, types.float32), codegen


def _store_packed(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Emit the change of four bits of a byte, which must not be another thread's too."""
    f32, i8, i64 = LLVM["f32"], LLVM["i8"], ir.IntType(64)
    whole = call(builder, "llvm.rint.f32", f32, args[2])
    whole = call(builder, "llvm.minnum.f32", f32, whole, f32(7.0))
    whole = call(builder, "llvm.maxnum.f32", f32, whole, f32(-8.0))
    number = builder.and_(builder.fptosi(whole, i8), i8(15))
    index = context.cast(builder, args[1], sig.args[1], types.int64)
    lane = builder.and_(index, i64(15))
    byte = builder.add(builder.sub(index, lane), builder.shl(builder.and_(lane, i64(7)), i64(1)))
    place = _byte_place(context, builder, types.void(sig.args[0], types.int64), [args[0], byte], i8)
    is_low = builder.icmp_unsigned("<", lane, i64(8))
    rest = builder.and_(builder.load(place), builder.select(is_low, i8(-16), i8(15)))
    moved = builder.select(is_low, number, builder.shl(number, i8(4)))
    builder.store(builder.or_(rest, moved), place)
    return context.get_dummy_value()


@word
def store_kept(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Keep one float32 as flat number `index`: rounded to nearest even, if it is no float32 there.

    Packed numbers share bytes with others of their sixteen: one thread writes both.
    """
    if not _is_kept(array):
        return None
    if _is_packed(array):
        return types.void(array, index, types.float32), _store_packed

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        number = args[2]
        if array.dtype == types.uint16:
            number = float_to_half(builder, number)
        elif array.dtype == types.int8:
            whole = call(builder, "llvm.rint.f32", LLVM["f32"], number)
            number = builder.fptosi(whole, LLVM["i8"])
        builder.store(number, pointer(context, builder, sig, args, number.type))
        return context.get_dummy_value()

    return types.void(array, index, types.float32), codegen


@word
def prefetch_kept(typing: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of a number, soon to be read; any address is harmless."""
    if not _is_kept(array):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _byte_place if _is_packed(array) else pointer
        address = place(context, builder, sig, args, LLVM["i8"])
        i32 = LLVM["i32"]
        call(builder, "llvm.prefetch.p0", ir.VoidType(), address, i32(0), i32(3), i32(1))
        return context.get_dummy_value()

    return types.void(array, index), codegen


@word
def first_lanes(typing: Any, value: Any, count: Any, rest: Any) -> Any:
    """The first `count` lanes of a vector (all if there are fewer); the others are `rest`."""
    if value != F32X16:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        i32 = LLVM["i32"]
        number = context.cast(builder, args[1], sig.args[1], types.int32)
        lanes = ir.Constant(ir.VectorType(i32, F32X16.n), list(range(F32X16.n)))
        inside = builder.icmp_signed("<", lanes, splat_value(builder, number, F32X16.n))
        return builder.select(inside, args[0], splat_value(builder, args[2], F32X16.n))

    return F32X16(F32X16, count, types.float32), codegen
