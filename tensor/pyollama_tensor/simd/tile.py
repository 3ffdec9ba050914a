"""Tiles: rows of inputs that meet the same weights together.

`ONE` row when one sequence decodes, up to `FOUR` when there are more, so that weights are loaded
and unpacked less often. A value of a tile (`Tiled`) holds one vector for each row of inputs. Words
that read inputs take an array, the flat place of the first row's and the stride from row to row. A
row's arithmetic is the same in any tile.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.imputils import lower_constant
from numba.extending import models, register_model, typeof_impl

from pyollama_tensor.simd.vector import (
    F32X16,
    I32X16,
    LLVM,
    Vec,
    constant,
    splat_value,
    word,
)


class Tile:
    """How many rows of inputs meet the weights together; a constant of compiled code."""

    def __init__(self, n: int) -> None:
        self.n = n


ONE, TWO, THREE, FOUR = Tile(1), Tile(2), Tile(3), Tile(4)


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


def each_row(builder: Any, result: Tiled, emit: Callable[[int], Any]) -> Any:
    """Emit one vector for each row of a tile."""
    value = ir.Constant(result.llvm, ir.Undefined)
    for t in range(result.n):
        value = builder.insert_value(value, emit(t), t)
    return value


def row_place(
    c: Any, builder: Any, sig: Any, args: Any, first: int, t: int, to: Any, further: int = 0
) -> Any:
    """Emit the address for row t, where args[first:] are an array, a flat place and a stride.

    further: how many elements after that place
    """
    index, stride = (
        c.cast(builder, args[i], sig.args[i], types.intp) for i in (first + 1, first + 2)
    )
    index = builder.add(index, builder.mul(stride, stride.type(t)))
    index = builder.add(index, index.type(further))
    array = c.make_array(sig.args[first])(c, builder, args[first])
    return builder.bitcast(builder.gep(array.data, [index]), to.as_pointer())


def row_four(
    c: Any, builder: Any, sig: Any, args: Any, first: int, t: int, vec: Vec, further: int = 0
) -> Any:
    """Emit the four bytes of row t, repeated over a vector: one instruction from memory."""
    place = row_place(c, builder, sig, args, first, t, LLVM["i32"], further)
    four = splat_value(builder, builder.load(place, align=1), 16)
    return builder.bitcast(four, vec.llvm)


def zeros(vec: Vec) -> Any:
    """A word that gives a tile of zeros."""

    def define(typing: Any, tile: Any) -> Any:
        result = Tiled(vec, tile.n)

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return each_row(builder, result, lambda t: constant(vec, 0))

        return result(tile), codegen

    return word(define)


zeros_f32 = zeros(F32X16)
zeros_i32 = zeros(I32X16)


@word
def load_rows(typing: Any, tile: Any, array: Any, index: Any, stride: Any) -> Any:
    """Read sixteen floats of each row."""
    result = Tiled(F32X16, tile.n)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def row(t: int) -> Any:
            place = row_place(context, builder, sig, args, 1, t, F32X16.llvm)
            return builder.load(place, align=1)

        return each_row(builder, result, row)

    return result(tile, array, index, stride), codegen


@word
def store_rows(typing: Any, out: Any, index: Any, stride: Any, y: Any) -> Any:
    """Write each row's sixteen outputs."""
    if not isinstance(y, Tiled) or y.vec != F32X16:
        return None

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        for t in range(y.n):
            place = row_place(context, builder, sig, args, 0, t, F32X16.llvm)
            builder.store(builder.extract_value(args[3], t), place, align=1)
        return context.get_dummy_value()

    return types.void(out, index, stride, y), codegen
