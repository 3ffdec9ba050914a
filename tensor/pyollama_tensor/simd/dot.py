"""Dot products of bytes for sixteen rows at once: the words that differ between processors.

A lane is a row. Weights come as 16 rows x 4 inputs (64 bytes), inputs as the same 4 bytes for
every row, so `dot4` adds four products to each lane and never sums across lanes.

Weights below 64 are unsigned and take `start`, `dot4` and `scaled` or `total`. Between these the
sum is narrow: on AVX2 two int16 per row, one for inputs 0 and 1 of each four, one for 2 and 3, as
vpmaddubsw makes them. They wrap around harmlessly as long as the final sum of each fits. Weights
with a sign take `start_signed` and `dot4_signed`, whose sums are int32 everywhere.
"""

from typing import Any

from llvmlite import ir
from numba.core import types

from pyollama_tensor import cpu
from pyollama_tensor.simd.memory import pointer
from pyollama_tensor.simd.vector import (
    I8X16,
    I8X64,
    I16X32,
    I32X16,
    LLVM,
    Vec,
    call,
    concat,
    part,
    splat_value,
    word,
)

VARIANT = cpu.variant()
NARROW = I16X32 if VARIANT == "avx2" else I32X16
BYTES = ir.VectorType(LLVM["i8"], 32)
SHORTS = ir.VectorType(LLVM["i16"], 16)
INTS = ir.VectorType(LLVM["i32"], 8)


def _splat(vec: Vec, number: int) -> Any:
    return ir.Constant(vec.llvm, [number] * vec.n)


def _halves(builder: Any, name: str, result: Any, a: Any, b: Any) -> Any:
    """Emit an AVX2 instruction of two 256-bit vectors for each half of two 512-bit ones."""
    n = a.type.count // 2
    low = call(builder, name, result, part(builder, a, 0, n), part(builder, b, 0, n))
    high = call(builder, name, result, part(builder, a, n, n), part(builder, b, n, n))
    return concat(builder, low, high)


def _lane_part(builder: Any, value: Any, k: int, bits: int, signed: bool) -> Any:
    """Emit field k, of so many bits, of each 32-bit lane."""
    up = builder.shl(value, _splat(I32X16, 32 - bits * (k + 1)))
    return (builder.ashr if signed else builder.lshr)(up, _splat(I32X16, 32 - bits))


def _sum_products(builder: Any, total: Any, a: Any, b: Any, bits: int, signed: bool) -> Any:
    """Emit total + the products of a's and b's fields, in plain LLVM; b's have a sign."""
    a, b = builder.bitcast(a, I32X16.llvm), builder.bitcast(b, I32X16.llvm)
    for k in range(32 // bits):
        left = _lane_part(builder, a, k, bits, signed)
        right = _lane_part(builder, b, k, bits, True)
        total = builder.add(total, builder.mul(left, right))
    return total


def _busd(builder: Any, total: Any, u8: Any, s8: Any) -> Any:
    """Emit total (i32x16) + the dot products of four unsigned and four signed bytes per lane."""
    v = I32X16.llvm
    if VARIANT == "vnni":
        name = "llvm.x86.avx512.vpdpbusd.512"
        return call(builder, name, v, total, builder.bitcast(u8, v), builder.bitcast(s8, v))
    return _sum_products(builder, total, u8, s8, 8, signed=False)


def _wssd(builder: Any, total: Any, a: Any, b: Any) -> Any:
    """Emit total (i32x16) + the dot products of two int16 and two int16 per lane."""
    v = I32X16.llvm
    if VARIANT == "vnni":
        name = "llvm.x86.avx512.vpdpwssd.512"
        return call(builder, name, v, total, builder.bitcast(a, v), builder.bitcast(b, v))
    if VARIANT == "avx2":
        return builder.add(total, _halves(builder, "llvm.x86.avx2.pmadd.wd", INTS, a, b))
    return _sum_products(builder, total, a, b, 16, signed=True)


def _pair(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Emit the two int16 at a place, for every lane, as i16x32."""
    place = pointer(context, builder, sig, args, LLVM["i32"])
    both = splat_value(builder, builder.load(place, align=1), 16)
    return builder.bitcast(both, I16X32.llvm)


@word
def start(typing: Any, sums: Any, index: Any, offset: Any) -> Any:
    """Begin a narrow sum at offset * (the sum of its inputs): weights stored as q - offset.

    sums: int16 (..., 2), for the inputs that follow: the sum of those at places 0 and 1 of each
    four, and of those at 2 and 3; index: of the first of the two, counted flat
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pair = _pair(context, builder, sig, args)
        number = context.cast(builder, args[2], sig.args[2], types.int16)
        times = splat_value(builder, number, 32)
        if VARIANT == "avx2":
            return builder.mul(pair, times)
        return _wssd(builder, _splat(I32X16, 0), pair, times)

    return NARROW(sums, index, offset), codegen


@word
def start_zero(typing: Any) -> Any:
    """Begin a narrow sum at zero."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _splat(NARROW, 0)

    return NARROW(), codegen


@word
def dot4(typing: Any, total: Any, weights: Any, inputs: Any) -> Any:
    """Add four products of each row to a narrow sum; weights (i8x64, unsigned) up to 127."""
    if (total, weights, inputs) != (NARROW, I8X64, I8X64):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if VARIANT != "avx2":
            return _busd(builder, *args)
        products = _halves(builder, "llvm.x86.avx2.pmadd.ub.sw", SHORTS, args[1], args[2])
        return builder.add(args[0], products)

    return NARROW(total, weights, inputs), codegen


@word
def scaled(typing: Any, total: Any, narrow: Any, scales: Any) -> Any:
    """Add a narrow sum times each row's scale to a sum of int32; scales (i32x16) fit int16."""
    if (total, narrow, scales) != (I32X16, NARROW, I32X16):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if VARIANT != "avx2":
            return builder.add(args[0], builder.mul(args[1], args[2]))
        low = builder.and_(args[2], _splat(I32X16, 0xFFFF))
        twice = builder.or_(low, builder.shl(args[2], _splat(I32X16, 16)))
        return _wssd(builder, args[0], args[1], builder.bitcast(twice, I16X32.llvm))

    return I32X16(total, narrow, scales), codegen


@word
def total(typing: Any, narrow: Any) -> Any:
    """Give a narrow sum as int32."""
    if narrow != NARROW:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if VARIANT != "avx2":
            return args[0]
        return _wssd(builder, _splat(I32X16, 0), args[0], _splat(I16X32, 1))

    return I32X16(narrow), codegen


@word
def start_signed(typing: Any, sums: Any, index: Any) -> Any:
    """Begin a sum for `dot4_signed`; sums and index as for `start`."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if VARIANT == "avx2":
            return _splat(I32X16, 0)
        # dot4_signed adds 128 to each weight to make it unsigned.
        pair = _pair(context, builder, sig, args)
        return _wssd(builder, _splat(I32X16, 0), pair, _splat(I16X32, -128))

    return I32X16(sums, index), codegen


@word
def dot4_signed(typing: Any, total: Any, weights: Any, inputs: Any) -> Any:
    """Add four products of each row to a sum; weights (i8x64, signed), inputs not below -127."""
    if (total, weights, inputs) != (I32X16, I8X64, I8X64):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if VARIANT != "avx2":
            return _busd(builder, args[0], builder.xor(args[1], _splat(I8X64, 0x80)), args[2])
        # |w| times (x with w's sign): vpmaddubsw of 128 + w would saturate.
        magnitude = call(builder, "llvm.abs.v64i8", I8X64.llvm, args[1], ir.IntType(1)(0))
        signed = _halves(builder, "llvm.x86.avx2.psign.b", BYTES, args[2], args[1])
        pairs = _halves(builder, "llvm.x86.avx2.pmadd.ub.sw", SHORTS, magnitude, signed)
        return _wssd(builder, args[0], pairs, _splat(I16X32, 1))

    return I32X16(total, weights, inputs), codegen


@word
def dot2(typing: Any, total: Any, a: Any, b: Any) -> Any:
    """Add two products of int16 per lane to a sum of int32."""
    if (total, a, b) != (I32X16, I16X32, I16X32):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _wssd(builder, *args)

    return I32X16(total, a, b), codegen


def _byte(signed: bool) -> Any:
    def define(typing: Any, value: Any, k: Any) -> Any:
        if value != I8X64 or not isinstance(k, types.Integer):
            return None

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            k_ = context.cast(builder, args[1], sig.args[1], types.int32)
            up = builder.sub(LLVM["i32"](24), builder.mul(k_, LLVM["i32"](8)))
            lanes = builder.bitcast(args[0], I32X16.llvm)
            lanes = builder.shl(lanes, splat_value(builder, up, 16))
            return (builder.ashr if signed else builder.lshr)(lanes, _splat(I32X16, 24))

        return I32X16(value, k), codegen

    return word(define)


byte_unsigned = _byte(signed=False)  # input k of four for 16 rows: i8x64 -> i32x16
byte_signed = _byte(signed=True)


@word
def narrow_i8x16(typing: Any, value: Any) -> Any:
    """Integers from -128 to 127 as bytes."""
    if value != I32X16:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.trunc(args[0], I8X16.llvm)

    return I8X16(value), codegen


def _sum_of(lanes: tuple[int, ...]) -> Any:
    def define(typing: Any, value: Any) -> Any:
        if value != I32X16:
            return None

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            mask = ir.Constant(INTS, [4 * (i // 2) + lanes[i % 2] for i in range(8)])
            chosen = builder.shuffle_vector(args[0], _splat(I32X16, 0), mask)
            for n in (4, 2, 1):
                low, high = part(builder, chosen, 0, n), part(builder, chosen, n, n)
                chosen = builder.add(low, high)
            return builder.extract_element(chosen, LLVM["i32"](0))

        return types.int32(value), codegen

    return word(define)


sum_01 = _sum_of((0, 1))  # of the lanes at places 0 and 1 of each four
sum_23 = _sum_of((2, 3))
