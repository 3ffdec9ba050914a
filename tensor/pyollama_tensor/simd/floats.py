"""Words for float weights: sixteen inputs of one row of weights meet several rows of inputs.

Here a lane is an input, not a row of weights as for bytes: rows of floats stay as the file has
them. Lanes are added up once, at the end of a long run of inputs.
"""

from typing import Any

from numba.core import types

from pyollama_tensor.simd.math import reduce_value
from pyollama_tensor.simd.tile import Tiled, each_row, row_place
from pyollama_tensor.simd.vector import F32X16, LLVM, call, word


@word
def add_products(typing: Any, sums: Any, weights: Any, x: Any, index: Any, stride: Any) -> Any:
    """Add weights (f32x16) * sixteen inputs of each row, from a flat place of x on, to its sums."""
    if not isinstance(sums, Tiled) or (sums.vec, weights) != (F32X16, F32X16):
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def row(t: int) -> Any:
            place = row_place(context, builder, sig, args, 2, t, F32X16.llvm)
            inputs, before = builder.load(place, align=1), builder.extract_value(args[0], t)
            name = "llvm.fmuladd.v16f32"
            return call(builder, name, F32X16.llvm, args[1], inputs, before)

        return each_row(builder, sums, row)

    return sums(sums, weights, x, index, stride), codegen


@word
def add_totals(typing: Any, out: Any, index: Any, stride: Any, sums: Any) -> Any:
    """Add each row's sixteen sums up, and the result to its element of out."""
    if not isinstance(sums, Tiled) or sums.vec != F32X16:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        for t in range(sums.n):
            place = row_place(context, builder, sig, args, 0, t, LLVM["f32"])
            total = reduce_value(builder, "add", builder.extract_value(args[3], t))
            builder.store(builder.fadd(builder.load(place, align=1), total), place, align=1)
        return context.get_dummy_value()

    return types.void(out, index, stride, sums), codegen
