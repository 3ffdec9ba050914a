"""A GGUF file written anew with its matrices in other types, a few megabytes at a time.

The whole file is, byte by byte, what llama.cpp's own quantizer would write.
"""

from collections.abc import Callable, Iterator

import numpy as np

from pyollama.store.errors import StoreError
from pyollama.store.quantization.layout import stored_values
from pyollama.store.quantization.rules import Model, Tensor, types_of
from pyollama_formats.blocks import DTYPES, GGMLType
from pyollama_formats.gguf.file_types import FILE_TYPES
from pyollama_formats.gguf.head import gguf_head, padding
from pyollama_formats.gguf.reader import GGUFFile
from pyollama_tensor.quantization import FLOAT_TYPES, quantize_rows, widen_rows
from pyollama_tensor.types import F32, U8

__all__ = ["rewrite"]

CHUNK = 1 << 20  # elements at a time: a whole number of blocks of every type
FILE_TYPE_NUMBERS = {"F32": 0} | {name: number for number, name in FILE_TYPES.items()}

Write = Callable[[bytes | memoryview], object]


def rewrite(file: GGUFFile, target: str, write: Write) -> Iterator[int]:
    """Write the file with the types of a target; gives how many bytes of the source are done.

    target: a key of TARGETS
    write:  called with the new file's bytes, piece by piece
    StoreError for weights that cannot be quantized. Leave the iterator to stop half-way.
    """
    types = types_of(_tensors(file), model_of(file), target)
    entries = [(name, file.tensors[name].dims, type) for name, type in types.items()]
    write(gguf_head(stored_values(file, FILE_TYPE_NUMBERS[target]), entries, file.alignment))
    done = file.size - sum(tensor.nbytes for tensor in file.tensors.values())
    yield done
    for name, type in types.items():
        n_written = 0
        for n_read, data in _converted(file, name, type):
            write(data.data)
            n_written += data.size
            done += n_read
            yield done
        write(padding(n_written, file.alignment))


def _tensors(file: GGUFFile) -> Iterator[Tensor]:
    return (Tensor(info.name, info.dims, info.type) for info in file.tensors.values())


def model_of(file: GGUFFile) -> Model:
    """The hyperparameters that decide about types."""
    architecture = str(file.metadata.get("general.architecture", ""))

    def whole(key: str) -> int:
        value = file.metadata.get(f"{architecture}.{key}", 0)
        return value if isinstance(value, int) else 0

    n_head = whole("attention.head_count")
    return Model(
        architecture,
        n_layer=whole("block_count"),
        n_head=n_head,
        n_head_kv=whole("attention.head_count_kv") or n_head,
        n_expert=whole("expert_count"),
    )


def _converted(file: GGUFFile, name: str, type: GGMLType) -> Iterator[tuple[int, U8]]:
    """A tensor's bytes in the new type, in pieces, each with how many bytes it was before."""
    info = file.tensors[name]
    old = file.data(name).reshape(1, -1)
    step = CHUNK // info.type.block_size * info.type.type_size
    for start in range(0, old.shape[1], step):
        data = old[:, start : start + step]
        new = data if type is info.type else _requantized(name, data, info.type, type)
        yield data.size, np.ascontiguousarray(new).reshape(-1)
        file.drop(name)


def _requantized(name: str, data: U8, old: GGMLType, new: GGMLType) -> U8:
    """Blocks of one type in another: uint8 (1, bytes) both."""
    if old not in FLOAT_TYPES:
        raise StoreError(f"requantizing from type {old.name} is disabled: {name}")
    values = widen_rows(data, old)
    result = quantize_rows(values, new)
    if not (_are_finite(values) and _has_finite_halves(result, new)):
        raise StoreError(f"tensor '{name}' has weights that {new.name} cannot hold")
    return result


def _are_finite(values: F32) -> bool:
    """Whether no weight is an infinity or a NaN: these do not get lost in a sum."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(values.sum(dtype=np.float64)))


def _has_finite_halves(data: U8, type: GGMLType) -> bool:
    """Whether the scales of all blocks are finite, which 16 bits are not enough for if huge."""
    layout = DTYPES[type]
    blocks = data.reshape(-1).view(layout)
    halves = [name for name in layout.names or () if layout[name] == np.float16]
    return all(bool(np.isfinite(blocks[name]).all()) for name in halves)
