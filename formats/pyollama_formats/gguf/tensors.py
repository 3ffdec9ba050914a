"""The tensor directory: names, shapes, types and places, checked before anyone relies on them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pyollama_formats.blocks import REMOVED, GGMLType
from pyollama_formats.gguf.cursor import MAX_NAME, Cursor
from pyollama_formats.gguf.errors import GGUFError

MAX_DIMS = 4
MAX_SIZE = 2**63 - 1  # elements or bytes of a tensor, as far as ggml's signed numbers go


@dataclass(frozen=True)
class TensorInfo:
    """One tensor of the directory; its bytes are known to lie inside the file."""

    name: str
    dims: tuple[int, ...]  # ggml's order: dims[0] elements lie next to each other
    type: GGMLType
    offset: int  # bytes from the start of the file
    nbytes: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Elements along each axis in NumPy's order, the contiguous axis last."""
        return self.dims[::-1]

    @property
    def n_elements(self) -> int:
        """Elements of the whole tensor."""
        return math.prod(self.dims)

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Shape of the stored bytes: NumPy's outer axes, then the bytes of a row."""
        outer = self.shape[:-1]
        return (*outer, self.nbytes // math.prod(outer))


def read_tensor_info(cursor: Cursor) -> TensorInfo:
    """One entry of the directory, its offset still relative to the start of the data."""
    name = cursor.string(MAX_NAME)
    n_dims = cursor.u32()
    if n_dims > MAX_DIMS:
        raise GGUFError(f'tensor "{name}" dimensions {n_dims} exceeds maximum {MAX_DIMS}')
    dims = tuple(cursor.u64() for _ in range(n_dims))
    type = _type(name, cursor.u32())
    return TensorInfo(name, dims, type, cursor.u64(), _nbytes(name, dims, type))


def _type(name: str, number: int) -> GGMLType:
    if number in REMOVED:
        raise GGUFError(f'tensor "{name}" has type {number}, which ggml has removed')
    try:
        return GGMLType(number)
    except ValueError:
        raise GGUFError(f'tensor "{name}" has unknown type {number}') from None


def _nbytes(name: str, dims: tuple[int, ...], type: GGMLType) -> int:
    """Bytes of a tensor; GGUFError for shapes that no tensor of the type can have."""
    n_elements = math.prod(dims)
    row = dims[0] if dims else 1
    if n_elements == 0:
        raise GGUFError(f'tensor "{name}" has a dimension of 0')
    if n_elements > MAX_SIZE:
        raise GGUFError(f'tensor "{name}" elements overflow')
    if row % type.block_size:
        raise GGUFError(
            f'tensor "{name}" has rows of {row} elements,'
            f" not a whole number of {type.name} blocks of {type.block_size}"
        )
    nbytes = n_elements // type.block_size * type.type_size
    if nbytes > MAX_SIZE:
        raise GGUFError(f'tensor "{name}" size overflow')
    return nbytes


def check_places(tensors: Iterable[TensorInfo], alignment: int, file_size: int) -> None:
    """Check that the tensors, offsets absolute, are aligned, in the file and apart.

    `alignment` divides the start of the data, so that it may be tested on absolute offsets.
    Padding behind the last tensor may be missing: not every program writes it.
    """
    before: TensorInfo | None = None
    for tensor in sorted(tensors, key=lambda tensor: tensor.offset):
        end = tensor.offset + tensor.nbytes
        if tensor.offset % alignment:
            raise GGUFError(f'tensor "{tensor.name}" is not aligned to {alignment} bytes')
        if end > file_size:
            raise GGUFError(
                f'tensor "{tensor.name}" offset+size ({end}) exceeds file size ({file_size})'
            )
        if before is not None and tensor.offset < before.offset + before.nbytes:
            raise GGUFError(f'tensors "{before.name}" and "{tensor.name}" overlap')
        before = tensor
