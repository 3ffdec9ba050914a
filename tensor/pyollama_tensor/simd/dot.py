"""Dot products of bytes for sixteen rows at once: the words that differ between processors.

A lane is a row of weights. Weights come as 16 rows x 4 inputs (64 bytes), inputs as the same 4
bytes for every lane, so `dot4` adds four products to each lane and never sums across lanes.

Weights below 64 are unsigned and take `start`, `dot4` and `scaled` or `total`. Between these the
sum is narrow: without VNNI two int16 per row, one for inputs 0 and 1 of each four, one for 2 and
3, as AVX2's vpmaddubsw makes them and plain multiplications can. They wrap around harmlessly as
long as the final sum of each fits. Weights with a sign take `start_signed` and `dot4_signed`,
whose sums are int32 everywhere.
"""

from typing import Any

from llvmlite import ir
from numba.core import types

from pyollama_tensor import cpu
from pyollama_tensor.simd.tile import Tiled, each_row, row_four, row_place, zeros
from pyollama_tensor.simd.vector import (
    F32X16,
    I8X16,
    I8X64,
    I16X32,
    I32X16,
    LLVM,
    call,
    concat,
    constant,
    part,
    splat_value,
    word,
)

VARIANT = cpu.variant()
NARROW = I32X16 if VARIANT == "vnni" else I16X32
BYTES = ir.VectorType(LLVM["i8"], 32)
SHORTS = ir.VectorType(LLVM["i16"], 16)
INTS = ir.VectorType(LLVM["i32"], 8)


def _halves(builder: Any, name: str, result: Any, a: Any, b: Any) -> Any:
    """Emit an AVX2 instruction of two 256-bit vectors for each half of two 512-bit ones."""
    n = a.type.count // 2
    low = call(builder, name, result, part(builder, a, 0, n), part(builder, b, 0, n))
    high = call(builder, name, result, part(builder, a, n, n), part(builder, b, n, n))
    return concat(builder, low, high)


def _bytes_of_pairs(builder: Any, value: Any, signed: bool) -> tuple[Any, Any]:
    """Emit the first and the second byte of each 16-bit lane, widened to it."""
    pairs = builder.bitcast(value, I16X32.llvm)
    eight = constant(I16X32, 8)
    if signed:
        return builder.ashr(builder.shl(pairs, eight), eight), builder.ashr(pairs, eight)
    return builder.and_(pairs, constant(I16X32, 0xFF)), builder.lshr(pairs, eight)


def _pair_products(builder: Any, weights: Any, inputs: Any, signed: bool) -> Any:
    """Emit w0 * x0 + w1 * x1 for each pair of bytes as int16, in plain LLVM; inputs are signed."""
    w0, w1 = _bytes_of_pairs(builder, weights, signed)
    x0, x1 = _bytes_of_pairs(builder, inputs, True)
    return builder.add(builder.mul(w0, x0), builder.mul(w1, x1))


def _busd(builder: Any, total: Any, u8: Any, s8: Any) -> Any:
    """Emit VNNI's total (i32x16) + dot products of four unsigned and four signed bytes per lane."""
    v = I32X16.llvm
    name = "llvm.x86.avx512.vpdpbusd.512"
    return call(builder, name, v, total, builder.bitcast(u8, v), builder.bitcast(s8, v))


def _wssd(builder: Any, total: Any, a: Any, b: Any) -> Any:
    """Emit total (i32x16) + the dot products of two int16 and two int16 per lane."""
    v = I32X16.llvm
    if VARIANT == "vnni":
        name = "llvm.x86.avx512.vpdpwssd.512"
        return call(builder, name, v, total, builder.bitcast(a, v), builder.bitcast(b, v))
    if VARIANT == "avx2":
        return builder.add(total, _halves(builder, "llvm.x86.avx2.pmadd.wd", INTS, a, b))
    a, b, up = builder.bitcast(a, v), builder.bitcast(b, v), constant(I32X16, 16)
    low = [builder.ashr(builder.shl(value, up), up) for value in (a, b)]
    high = [builder.ashr(value, up) for value in (a, b)]
    return builder.add(builder.add(total, builder.mul(*low)), builder.mul(*high))


def _twice(builder: Any, factor: Any) -> Any:
    """Emit each int32 that fits int16 as two equal int16."""
    low = builder.and_(factor, constant(I32X16, 0xFFFF))
    both = builder.or_(low, builder.shl(factor, constant(I32X16, 16)))
    return builder.bitcast(both, I16X32.llvm)


start_zero = zeros(NARROW)  # begin a narrow sum


@word
def start(typing: Any, tile: Any, sums: Any, index: Any, stride: Any) -> Any:
    """Begin a narrow sum at what undoes the offset of weights that are stored as q - offset.

    sums: int16 (..., 2), offset times sums of the inputs that follow: of those at places 0 and 1
    of each four, and of those at 2 and 3; index: of the first of the two
    """
    result = Tiled(NARROW, tile.n)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def row(t: int) -> Any:
            pair = row_four(context, builder, sig, args, 1, t, I16X32)
            if VARIANT == "vnni":
                return _wssd(builder, constant(I32X16, 0), pair, constant(I16X32, 1))
            return pair

        return each_row(builder, result, row)

    return result(tile, sums, index, stride), codegen


@word
def dot4(typing: Any, total: Any, weights: Any, q: Any, index: Any, stride: Any) -> Any:
    """Add four products to each lane of a narrow sum; weights (i8x64, unsigned) up to 127."""
    if not isinstance(total, Tiled) or (total.vec, weights) != (NARROW, I8X64):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def row(t: int) -> Any:
            before = builder.extract_value(args[0], t)
            inputs = row_four(context, builder, sig, args, 2, t, I8X64)
            if VARIANT == "vnni":
                return _busd(builder, before, args[1], inputs)
            if VARIANT == "avx2":
                products = _halves(builder, "llvm.x86.avx2.pmadd.ub.sw", SHORTS, args[1], inputs)
            else:
                products = _pair_products(builder, args[1], inputs, signed=False)
            return builder.add(before, products)

        return each_row(builder, total, row)

    return total(total, weights, q, index, stride), codegen


@word
def scaled(typing: Any, total: Any, narrow: Any, scales: Any) -> Any:
    """Add a narrow sum times each lane's scale to a sum of int32; scales (i32x16) fit int16."""
    if not isinstance(total, Tiled) or (total.vec, scales) != (I32X16, I32X16):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        twice = _twice(builder, args[2])

        def row(t: int) -> Any:
            before, sum_ = (builder.extract_value(value, t) for value in args[:2])
            if VARIANT == "vnni":
                return builder.add(before, builder.mul(sum_, args[2]))
            return _wssd(builder, before, sum_, twice)

        return each_row(builder, total, row)

    return total(total, narrow, scales), codegen


@word
def total(typing: Any, narrow: Any) -> Any:
    """Give a narrow sum as int32."""
    if not isinstance(narrow, Tiled) or narrow.vec != NARROW:
        return None
    result = Tiled(I32X16, narrow.n)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def row(t: int) -> Any:
            sum_ = builder.extract_value(args[0], t)
            if VARIANT == "vnni":
                return sum_
            return _wssd(builder, constant(I32X16, 0), sum_, constant(I16X32, 1))

        return each_row(builder, result, row)

    return result(narrow), codegen


@word
def start_signed(typing: Any, tile: Any, sums: Any, index: Any, stride: Any) -> Any:
    """Begin a sum for `dot4_signed`; sums and index as for `start`, but offset is 1."""
    result = Tiled(I32X16, tile.n)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def row(t: int) -> Any:
            if VARIANT != "vnni":
                return constant(I32X16, 0)
            # dot4_signed adds 128 to each weight to make it unsigned.
            pair = row_four(context, builder, sig, args, 1, t, I16X32)
            return _wssd(builder, constant(I32X16, 0), pair, constant(I16X32, -128))

        return each_row(builder, result, row)

    return result(tile, sums, index, stride), codegen


@word
def dot4_signed(typing: Any, total: Any, weights: Any, q: Any, index: Any, stride: Any) -> Any:
    """Add four products to each lane; weights (i8x64, signed), inputs not below -127."""
    if not isinstance(total, Tiled) or (total.vec, weights) != (I32X16, I8X64):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        w = args[1]
        shifted = builder.xor(w, constant(I8X64, 0x80))
        magnitude = call(builder, "llvm.abs.v64i8", I8X64.llvm, w, ir.IntType(1)(0))

        def row(t: int) -> Any:
            before = builder.extract_value(args[0], t)
            inputs = row_four(context, builder, sig, args, 2, t, I8X64)
            if VARIANT == "vnni":
                return _busd(builder, before, shifted, inputs)
            if VARIANT == "avx2":
                # |w| times (x with w's sign): vpmaddubsw of 128 + w would saturate.
                signed = _halves(builder, "llvm.x86.avx2.psign.b", BYTES, inputs, w)
                pairs = _halves(builder, "llvm.x86.avx2.pmadd.ub.sw", SHORTS, magnitude, signed)
            else:
                pairs = _pair_products(builder, w, inputs, signed=True)
            return _wssd(builder, before, pairs, constant(I16X32, 1))

        return each_row(builder, total, row)

    return total(total, weights, q, index, stride), codegen


@word
def times_sum(typing: Any, total: Any, factor: Any, sums: Any, index: Any, stride: Any) -> Any:
    """Add factor (i32x16, fits int16) * (the sum of the inputs of a step) to each lane.

    sums and index as for `start`, but offset is 1
    """
    if not isinstance(total, Tiled) or (total.vec, factor) != (I32X16, I32X16):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        twice = _twice(builder, args[1])

        def row(t: int) -> Any:
            pair = row_four(context, builder, sig, args, 2, t, I16X32)
            return _wssd(builder, builder.extract_value(args[0], t), pair, twice)

        return each_row(builder, total, row)

    return total(total, factor, sums, index, stride), codegen


@word
def times_sums(
    typing: Any, total: Any, first: Any, second: Any, sums: Any, index: Any, stride: Any
) -> Any:
    """Add first * sums[index] + second * sums[index + 1] to each lane, each factor as an i32x16.

    Factors fit int16. sums: int16, of the inputs of one step and of the next
    """
    if not isinstance(total, Tiled) or (total.vec, first, second) != (I32X16,) * 3:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        low = builder.and_(args[1], constant(I32X16, 0xFFFF))
        both = builder.or_(low, builder.shl(args[2], constant(I32X16, 16)))
        both = builder.bitcast(both, I16X32.llvm)

        def row(t: int) -> Any:
            pair = row_four(context, builder, sig, args, 3, t, I16X32)
            return _wssd(builder, builder.extract_value(args[0], t), pair, both)

        return each_row(builder, total, row)

    return total(total, first, second, sums, index, stride), codegen


@word
def add_scaled(typing: Any, y: Any, whole: Any, scale: Any, d: Any, index: Any, stride: Any) -> Any:
    """Add whole * (scale * d[index]) to y: int32 sums times the lanes' and the inputs' scales."""
    if not isinstance(y, Tiled) or (y.vec, scale) != (F32X16, F32X16):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def row(t: int) -> Any:
            place = row_place(context, builder, sig, args, 3, t, LLVM["f32"])
            dx = splat_value(builder, builder.load(place, align=1), 16)
            before, sum_ = (builder.extract_value(value, t) for value in args[:2])
            sum_ = builder.sitofp(sum_, F32X16.llvm)
            both = builder.fmul(args[2], dx)
            return call(builder, "llvm.fmuladd.v16f32", F32X16.llvm, sum_, both, before)

        return each_row(builder, y, row)

    return y(y, whole, scale, d, index, stride), codegen


def _byte(signed: bool) -> Any:
    def define(typing: Any, value: Any, k: Any) -> Any:
        if value != I8X64 or not isinstance(k, types.Integer):
            return None

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            k_ = context.cast(builder, args[1], sig.args[1], types.int32)
            up = builder.sub(LLVM["i32"](24), builder.mul(k_, LLVM["i32"](8)))
            lanes = builder.bitcast(args[0], I32X16.llvm)
            lanes = builder.shl(lanes, splat_value(builder, up, 16))
            return (builder.ashr if signed else builder.lshr)(lanes, constant(I32X16, 24))

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
            chosen = builder.shuffle_vector(args[0], constant(I32X16, 0), mask)
            for n in (4, 2, 1):
                low, high = part(builder, chosen, 0, n), part(builder, chosen, n, n)
                chosen = builder.add(low, high)
            return builder.extract_element(chosen, LLVM["i32"](0))

        return types.int32(value), codegen

    return word(define)


sum_01 = _sum_of((0, 1))  # of the lanes at places 0 and 1 of each four
sum_23 = _sum_of((2, 3))
