"""Vectors as values in compiled code: the numba type `Vec`, its operators, splats and casts.

A `Vec` has an element (i8, i16, i32, f32) and a number of lanes; LLVM splits one that is wider
than the processor's registers. Integers have no sign: words that care say so in their name.
Operators take two vectors of one type, or a vector and a Python int. ``>>`` fills with zeros.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model

LLVM = {
    "i8": ir.IntType(8),
    "i16": ir.IntType(16),
    "i32": ir.IntType(32),
    "f32": ir.FloatType(),
}


class Vec(types.Type):
    """Type of `n` lanes of one element, held in vector registers."""

    def __init__(self, element: str, n: int) -> None:
        self.element, self.n = element, n
        self.llvm = ir.VectorType(LLVM[element], n)
        super().__init__(name=f"{element}x{n}")


@register_model(Vec)
class VecModel(models.PrimitiveModel):
    """Hold a `Vec` as one LLVM vector."""

    def __init__(self, manager: Any, kind: Vec) -> None:
        super().__init__(manager, kind, kind.llvm)  # type: ignore[no-untyped-call]


I8X16, I8X64 = Vec("i8", 16), Vec("i8", 64)
I16X32 = Vec("i16", 32)
I32X16 = Vec("i32", 16)
F32X16 = Vec("f32", 16)


def word(define: Callable[..., Any]) -> Callable[..., Any]:
    """Make an intrinsic of the vocabulary: callable with any values in compiled code."""
    made: Callable[..., Any] = intrinsic(define)
    return made


def call(builder: Any, name: str, result: Any, *values: Any) -> Any:
    """Emit a call of an LLVM intrinsic or C function by name."""
    kind = ir.FunctionType(result, [value.type for value in values])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), values)


def constant(vec: Vec, number: int) -> Any:
    """The LLVM constant that repeats one number."""
    return ir.Constant(vec.llvm, [number] * vec.n)


def splat_value(builder: Any, value: Any, n: int) -> Any:
    """Emit a vector that repeats one scalar n times."""
    kind = ir.VectorType(value.type, n)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), value, LLVM["i32"](0))
    mask = ir.Constant(ir.VectorType(LLVM["i32"], n), None)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), mask)


def part(builder: Any, value: Any, first: int, n: int) -> Any:
    """Emit the n lanes of a vector from lane `first` on."""
    mask = ir.Constant(ir.VectorType(LLVM["i32"], n), list(range(first, first + n)))
    return builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), mask)


def concat(builder: Any, low: Any, high: Any) -> Any:
    """Emit one vector of the lanes of two."""
    mask = ir.Constant(
        ir.VectorType(LLVM["i32"], 2 * low.type.count), list(range(2 * low.type.count))
    )
    return builder.shuffle_vector(low, high, mask)


_INT_OPERATORS = {
    operator.add: "add",
    operator.sub: "sub",
    operator.mul: "mul",
    operator.and_: "and_",
    operator.or_: "or_",
    operator.xor: "xor",
    operator.lshift: "shl",
    operator.rshift: "lshr",
}
_FLOAT_OPERATORS = {
    operator.add: "fadd",
    operator.sub: "fsub",
    operator.mul: "fmul",
    operator.truediv: "fdiv",
}


def _register(op: Any) -> None:
    class Operator(AbstractTemplate):
        key = op

        def generic(self, args: Any, kws: Any) -> Any:
            left, right = args if len(args) == 2 else (None, None)
            table = _FLOAT_OPERATORS if getattr(left, "element", "") == "f32" else _INT_OPERATORS
            if not isinstance(left, Vec) or op not in table:
                return None
            if left == right or (left.element != "f32" and isinstance(right, types.Integer)):
                return signature(left, left, right)
            return None

    infer_global(op)(Operator)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        left, right = args
        vec = sig.args[0]
        if not isinstance(sig.args[1], Vec):
            right = context.cast(builder, right, sig.args[1], types.int64)
            right = splat_value(builder, builder.trunc(right, LLVM[vec.element]), vec.n)
        table = _FLOAT_OPERATORS if vec.element == "f32" else _INT_OPERATORS
        return getattr(builder, table[op])(left, right)

    lower_builtin(op, Vec, Vec)(emit)
    lower_builtin(op, Vec, types.Integer)(emit)


for _op in {**_INT_OPERATORS, **_FLOAT_OPERATORS}:
    _register(_op)


def _splat(vec: Vec, scalar: Any) -> Callable[..., Any]:
    def define(typing: Any, value: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            number = context.cast(builder, args[0], sig.args[0], scalar)
            return splat_value(builder, number, vec.n)

        return vec(value), codegen

    return word(define)


@word
def bits(typing: Any, value: Any, shift: Any, mask: Any) -> Any:
    """Take (byte >> shift) & mask of each byte of an i8x64, where mask << shift is below 256.

    Processors have no shift of bytes: one of 16-bit lanes is enough here, as the mask removes
    what comes in from the byte above.
    """
    if value != I8X64 or not all(isinstance(kind, types.Integer) for kind in (shift, mask)):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        by = splat_value(builder, context.cast(builder, args[1], sig.args[1], types.int16), 32)
        keep = splat_value(builder, context.cast(builder, args[2], sig.args[2], types.int8), 64)
        shifted = builder.lshr(builder.bitcast(args[0], I16X32.llvm), by)
        return builder.and_(builder.bitcast(shifted, I8X64.llvm), keep)

    return I8X64(value, shift, mask), codegen


@word
def lift(typing: Any, value: Any, shift: Any) -> Any:
    """Byte << shift of each byte of an i8x64, where the result is below 256; see `bits`."""
    if value != I8X64 or not isinstance(shift, types.Integer):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        by = splat_value(builder, context.cast(builder, args[1], sig.args[1], types.int16), 32)
        shifted = builder.shl(builder.bitcast(args[0], I16X32.llvm), by)
        return builder.bitcast(shifted, I8X64.llvm)

    return I8X64(value, shift), codegen


splat_f32x16 = _splat(F32X16, types.float32)
splat_i32x16 = _splat(I32X16, types.int32)


def _unary(source: Vec, result: Vec, emit: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A word of one vector: `emit(builder, value)` gives the LLVM value of the result."""

    def define(typing: Any, value: Any) -> Any:
        if value != source:
            return None

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return emit(builder, args[0])

        return result(source), codegen

    return word(define)


widen_unsigned_i8x16 = _unary(I8X16, I32X16, lambda b, v: b.zext(v, I32X16.llvm))
widen_signed_i8x16 = _unary(I8X16, I32X16, lambda b, v: b.sext(v, I32X16.llvm))
to_f32x16 = _unary(I32X16, F32X16, lambda b, v: b.sitofp(v, F32X16.llvm))
