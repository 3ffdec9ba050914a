"""Words for the KV cache: elements kept as float32 or as the bits of float16, and partial vectors.

The cache's arrays are float32, or uint16 that hold halves; kernels do not care which.
"""

from typing import Any

from llvmlite import ir
from numba.core import types

from pyollama_tensor.simd.halves import HALF, float_to_half, half_to_float
from pyollama_tensor.simd.memory import pointer
from pyollama_tensor.simd.vector import F32X16, LLVM, splat_value, word


def _element(array: Any) -> Any:
    """LLVM's type of what an array of the cache holds."""
    return HALF if array.dtype == types.uint16 else LLVM["f32"]


@word
def load_kept(typing: Any, array: Any, index: Any) -> Any:
    """Sixteen elements of the cache as float32, from flat element `index` of the array on."""
    if not isinstance(array, types.Array):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        stored = ir.VectorType(_element(array), F32X16.n)
        value = builder.load(pointer(context, builder, sig, args, stored), align=1)
        if array.dtype == types.uint16:
            return half_to_float(builder, value, F32X16.llvm)
        return value

    return F32X16(array, index), codegen


@word
def store_kept(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Keep one float32 as flat element `index` of the array, rounded to nearest even if a half."""
    if not isinstance(array, types.Array):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        number = args[2]
        if array.dtype == types.uint16:
            number = float_to_half(builder, number)
        builder.store(number, pointer(context, builder, sig, args, number.type))
        return context.get_dummy_value()

    return types.void(array, index, types.float32), codegen


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
