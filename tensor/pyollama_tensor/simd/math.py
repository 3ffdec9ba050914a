"""Arithmetic on float vectors: fused multiply-add, minimum and maximum, rounding, sums, exp."""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import register_jitable

from pyollama_tensor.simd.vector import (
    F32X16,
    I32X16,
    LLVM,
    Vec,
    call,
    part,
    splat_f32x16,
    word,
)


@word
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c, rounded once where the processor can (twice in a processor without FMA)."""
    if not isinstance(a, Vec) or a != b or a != c:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return call(builder, f"llvm.fmuladd.v{a.n}f32", a.llvm, *args)

    return a(a, a, a), codegen


def _elementwise(name: str, n_args: int) -> Any:
    def emit(kind: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return call(builder, f"llvm.{name}.v{kind.n}f32", kind.llvm, *args)

        return codegen

    def one(typing: Any, a: Any) -> Any:
        return (a(a), emit(a)) if isinstance(a, Vec) and a.element == "f32" else None

    def two(typing: Any, a: Any, b: Any) -> Any:
        return (a(a, b), emit(a)) if isinstance(a, Vec) and a == b else None

    return word(one if n_args == 1 else two)


maximum = _elementwise("maxnum", 2)
minimum = _elementwise("minnum", 2)
absolute = _elementwise("fabs", 1)
square_root = _elementwise("sqrt", 1)
round_even = _elementwise("rint", 1)  # to the nearest whole number, halves to even
round_away = _elementwise("round", 1)  # to the nearest whole number, halves away from zero


@word
def where_less(typing: Any, a: Any, b: Any, x: Any, y: Any) -> Any:
    """Lanes of x where a < b, lanes of y elsewhere, where either is not a number too."""
    if not isinstance(a, Vec) or a.element != "f32" or {b, x, y} != {a}:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[2], args[3])

    return a(a, a, a, a), codegen


@word
def to_i32(typing: Any, value: Any) -> Any:
    """Whole-numbered floats as integers; undefined beyond the range of int32."""
    if value != F32X16:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.fptosi(args[0], I32X16.llvm)

    return I32X16(value), codegen


def reduce_value(builder: Any, name: str, vector: Any) -> Any:
    """Emit the sum ("add") of all lanes, or what another LLVM intrinsic of two makes of them."""
    n = vector.type.count
    while n > 1:  # halves onto each other: the order of the sum is always the same
        n //= 2
        low, high = part(builder, vector, 0, n), part(builder, vector, n, n)
        if name == "add":
            vector = builder.fadd(low, high)
        else:
            vector = call(builder, f"llvm.{name}.v{n}f32", low.type, low, high)
    return builder.extract_element(vector, LLVM["i32"](0))


def _reduction(name: str) -> Any:
    def define(typing: Any, value: Any) -> Any:
        if not isinstance(value, Vec) or value.element != "f32":
            return None

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return reduce_value(builder, name, args[0])

        return types.float32(value), codegen

    return word(define)


reduce_add = _reduction("add")
reduce_max = _reduction("maxnum")


@word
def _power_of_two(typing: Any, value: Any) -> Any:
    """2 ** k for whole numbers k in [-126, 127], by writing k into the exponent."""
    if value != I32X16:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        biased = builder.add(args[0], ir.Constant(value.llvm, [127] * 16))
        bits = builder.shl(biased, ir.Constant(value.llvm, [23] * 16))
        return builder.bitcast(bits, F32X16.llvm)

    return F32X16(value), codegen


LOG2E = 1.4426950408889634
LN2_HIGH = 0.693359375  # ln 2 in two parts, the first exact in few bits: k * LN2_HIGH is exact
LN2_LOW = -2.12194440e-4
LOWEST, HIGHEST = -87.3, 88.3  # e**x stays a normal number

# e**r - 1 - r over r**2 on [-ln2/2, ln2/2]: the minimax polynomial of Cephes' expf.
C0, C1, C2 = 5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2
C3, C4, C5 = 8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4


@register_jitable
def exp_f32x16(x: Any) -> Any:
    """e ** x for 16 floats, to 2 units in the last place; below -87.3 it stays at e**-87.3."""
    x = minimum(maximum(x, splat_f32x16(LOWEST)), splat_f32x16(HIGHEST))
    k = round_even(x * splat_f32x16(LOG2E))
    r = fma(k, splat_f32x16(-LN2_HIGH), x)
    r = fma(k, splat_f32x16(-LN2_LOW), r)
    p = fma(splat_f32x16(C5), r, splat_f32x16(C4))
    p = fma(p, r, splat_f32x16(C3))
    p = fma(p, r, splat_f32x16(C2))
    p = fma(p, r, splat_f32x16(C1))
    p = fma(p, r, splat_f32x16(C0))
    return fma(p, r * r, r + splat_f32x16(1.0)) * _power_of_two(to_i32(k))
