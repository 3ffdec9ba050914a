"""Dot products of bytes for sixteen rows at once: the words that differ between processors.

A lane is a row of weights. Weights come as 16 rows x 4 inputs (64 bytes), inputs as the same 4
bytes for every lane, so `dot4` adds four products to each lane and never sums across lanes.

A *tile* is a number of rows of inputs that meet the same weights together: `ONE` when decoding,
`FOUR` when there are more, which loads and unpacks weights a quarter as often. Values of a tile
(`Tiled`) hold one vector per row of inputs; words that read inputs take the flat place of the
first row's and the stride from row to row. A row's arithmetic is the same in any tile.

Weights below 64 are unsigned and take `start`, `dot4` and `scaled` or `total`. Between these the
sum is narrow: on AVX2 two int16 per row, one for inputs 0 and 1 of each four, one for 2 and 3, as
vpmaddubsw makes them. They wrap around harmlessly as long as the final sum of each fits. Weights
with a sign take `start_signed` and `dot4_signed`, whose sums are int32 everywhere.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.imputils import lower_constant
from numba.extending import models, register_model, typeof_impl
from numba.np.arrayobj import make_array

from pyollama_tensor import cpu
from pyollama_tensor.simd.vector import (
    F32X16,
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


class Tile:
    """How many rows of inputs meet the weights together; a constant of compiled code."""

    def __init__(self, n: int) -> None:
        self.n = n


ONE, FOUR = Tile(1), Tile(4)


class TileType(types.Opaque):
    """Type of one `Tile`: code for another number of rows is other code."""

    def __init__(self, n: int) -> None:
        self.n = n
        super().__init__(name=f"tile({n})")


class Tiled(types.Type):
    """Type of one vector for each row of inputs of a tile."""

    def __init__(self, vec: Vec, n: int) -> None:
        self.vec, self.n = vec, n
        self.llvm = ir.ArrayType(vec.llvm, n)
        super().__init__(name=f"{vec.name} for {n} rows")


register_model(TileType)(models.OpaqueModel)


@register_model(Tiled)
class TiledModel(models.PrimitiveModel):
    """Hold a `Tiled` as an LLVM array of vectors."""

    def __init__(self, manager: Any, kind: Tiled) -> None:
        super().__init__(manager, kind, kind.llvm)  # type: ignore[no-untyped-call]


@typeof_impl.register(Tile)
def _typeof_tile(tile: Tile, context: Any) -> TileType:
    return TileType(tile.n)


@lower_constant(TileType)  # type: ignore[untyped-decorator]
def _constant_tile(context: Any, builder: Any, kind: TileType, tile: Tile) -> Any:
    return context.get_dummy_value()


def _each(builder: Any, result: Tiled, emit: Callable[[int], Any]) -> Any:
    """Emit one vector for each row of a tile."""
    value = ir.Constant(result.llvm, ir.Undefined)
    for t in range(result.n):
        value = builder.insert_value(value, emit(t), t)
    return value


def _place(c: Any, builder: Any, sig: Any, args: Any, first: int, t: int, to: Any) -> Any:
    """Emit the address for row t, where args[first:] are an array, a flat place and a stride."""
    index, stride = (
        c.cast(builder, args[i], sig.args[i], types.intp) for i in (first + 1, first + 2)
    )
    index = builder.add(index, builder.mul(stride, stride.type(t)))
    array = make_array(sig.args[first])(c, builder, args[first])
    return builder.bitcast(builder.gep(array.data, [index]), to.as_pointer())


def _four(c: Any, builder: Any, sig: Any, args: Any, first: int, t: int, vec: Vec) -> Any:
    """Emit the four bytes of row t, repeated over a vector: one instruction from memory."""
    place = _place(c, builder, sig, args, first, t, LLVM["i32"])
    four = splat_value(builder, builder.load(place, align=1), 16)
    return builder.bitcast(four, vec.llvm)


def _zeros(vec: Vec) -> Any:
    def define(typing: Any, tile: Any) -> Any:
        result = Tiled(vec, tile.n)

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return _each(builder, result, lambda t: _splat(vec, 0))

        return result(tile), codegen

    return word(define)


zeros_f32 = _zeros(F32X16)
zeros_i32 = _zeros(I32X16)
start_zero = _zeros(NARROW)  # begin a narrow sum


@word
def start(typing: Any, tile: Any, sums: Any, index: Any, stride: Any, offset: Any) -> Any:
    """Begin a narrow sum at offset * (the sum of its inputs): weights stored as q - offset.

    sums: int16 (..., 2), for the inputs that follow: the sum of those at places 0 and 1 of each
    four, and of those at 2 and 3; index: of the first of the two
    """
    result = Tiled(NARROW, tile.n)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        times = splat_value(builder, context.cast(builder, args[4], sig.args[4], types.int16), 32)

        def row(t: int) -> Any:
            pair = _four(context, builder, sig, args, 1, t, I16X32)
            if VARIANT == "avx2":
                return builder.mul(pair, times)
            return _wssd(builder, _splat(I32X16, 0), pair, times)

        return _each(builder, result, row)

    return result(tile, sums, index, stride, offset), codegen


@word
def dot4(typing: Any, total: Any, weights: Any, q: Any, index: Any, stride: Any) -> Any:
    """Add four products to each lane of a narrow sum; weights (i8x64, unsigned) up to 127."""
    if not isinstance(total, Tiled) or (total.vec, weights) != (NARROW, I8X64):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def row(t: int) -> Any:
            before = builder.extract_value(args[0], t)
            inputs = _four(context, builder, sig, args, 2, t, I8X64)
            if VARIANT != "avx2":
                return _busd(builder, before, args[1], inputs)
            products = _halves(builder, "llvm.x86.avx2.pmadd.ub.sw", SHORTS, args[1], inputs)
            return builder.add(before, products)

        return _each(builder, total, row)

    return total(total, weights, q, index, stride), codegen


@word
def scaled(typing: Any, total: Any, narrow: Any, scales: Any) -> Any:
    """Add a narrow sum times each lane's scale to a sum of int32; scales (i32x16) fit int16."""
    if not isinstance(total, Tiled) or (total.vec, scales) != (I32X16, I32X16):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        low = builder.and_(args[2], _splat(I32X16, 0xFFFF))
        twice = builder.or_(low, builder.shl(args[2], _splat(I32X16, 16)))
        twice = builder.bitcast(twice, I16X32.llvm)

        def row(t: int) -> Any:
            before, sum_ = (builder.extract_value(value, t) for value in args[:2])
            if VARIANT == "avx2":
                return _wssd(builder, before, sum_, twice)
            return builder.add(before, builder.mul(sum_, args[2]))

        return _each(builder, total, row)

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
            if VARIANT != "avx2":
                return sum_
            return _wssd(builder, _splat(I32X16, 0), sum_, _splat(I16X32, 1))

        return _each(builder, result, row)

    return result(narrow), codegen


@word
def start_signed(typing: Any, tile: Any, sums: Any, index: Any, stride: Any) -> Any:
    """Begin a sum for `dot4_signed`; sums and index as for `start`."""
    result = Tiled(I32X16, tile.n)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def row(t: int) -> Any:
            if VARIANT == "avx2":
                return _splat(I32X16, 0)
            # dot4_signed adds 128 to each weight to make it unsigned.
            pair = _four(context, builder, sig, args, 1, t, I16X32)
            return _wssd(builder, _splat(I32X16, 0), pair, _splat(I16X32, -128))

        return _each(builder, result, row)

    return result(tile, sums, index, stride), codegen


@word
def dot4_signed(typing: Any, total: Any, weights: Any, q: Any, index: Any, stride: Any) -> Any:
    """Add four products to each lane; weights (i8x64, signed), inputs not below -127."""
    if not isinstance(total, Tiled) or (total.vec, weights) != (I32X16, I8X64):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        w = args[1]
        shifted = builder.xor(w, _splat(I8X64, 0x80))
        magnitude = call(builder, "llvm.abs.v64i8", I8X64.llvm, w, ir.IntType(1)(0))

        def row(t: int) -> Any:
            before = builder.extract_value(args[0], t)
            inputs = _four(context, builder, sig, args, 2, t, I8X64)
            if VARIANT != "avx2":
                return _busd(builder, before, shifted, inputs)
            # |w| times (x with w's sign): vpmaddubsw of 128 + w would saturate.
            signed = _halves(builder, "llvm.x86.avx2.psign.b", BYTES, inputs, w)
            pairs = _halves(builder, "llvm.x86.avx2.pmadd.ub.sw", SHORTS, magnitude, signed)
            return _wssd(builder, before, pairs, _splat(I16X32, 1))

        return _each(builder, total, row)

    return total(total, weights, q, index, stride), codegen


@word
def times_sum_of_32(
    typing: Any, total: Any, factor: Any, sums: Any, index: Any, stride: Any
) -> Any:
    """Add factor (i32x16) * (the sum of 32 inputs: four int16 from a place on) to each lane."""
    if not isinstance(total, Tiled) or (total.vec, factor) != (I32X16, I32X16):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def row(t: int) -> Any:
            place = _place(context, builder, sig, args, 2, t, LLVM["i16"])
            sum_ = LLVM["i32"](0)
            for i in range(4):
                number = builder.load(builder.gep(place, [LLVM["i32"](i)]), align=1)
                sum_ = builder.add(sum_, builder.sext(number, LLVM["i32"]))
            product = builder.mul(args[1], splat_value(builder, sum_, 16))
            return builder.add(builder.extract_value(args[0], t), product)

        return _each(builder, total, row)

    return total(total, factor, sums, index, stride), codegen


@word
def add_scaled(typing: Any, y: Any, whole: Any, scale: Any, d: Any, index: Any, stride: Any) -> Any:
    """Add whole * (scale * d[index]) to y: int32 sums times the lanes' and the inputs' scales."""
    if not isinstance(y, Tiled) or (y.vec, scale) != (F32X16, F32X16):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def row(t: int) -> Any:
            place = _place(context, builder, sig, args, 3, t, LLVM["f32"])
            dx = splat_value(builder, builder.load(place, align=1), 16)
            before, sum_ = (builder.extract_value(value, t) for value in args[:2])
            sum_ = builder.sitofp(sum_, F32X16.llvm)
            both = builder.fmul(args[2], dx)
            return call(builder, "llvm.fmuladd.v16f32", F32X16.llvm, sum_, both, before)

        return _each(builder, y, row)

    return y(y, whole, scale, d, index, stride), codegen


@word
def store_rows(typing: Any, out: Any, index: Any, stride: Any, y: Any) -> Any:
    """Write each row's sixteen outputs."""
    if not isinstance(y, Tiled) or y.vec != F32X16:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        for t in range(y.n):
            place = _place(context, builder, sig, args, 0, t, F32X16.llvm)
            builder.store(builder.extract_value(args[3], t), place, align=1)
        return context.get_dummy_value()

    return types.void(out, index, stride, y), codegen


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
