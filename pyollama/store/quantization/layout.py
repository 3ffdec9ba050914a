"""How a file is laid out that went through llama.cpp's quantizer, whatever became of its weights.

Keys keep their order, but for those that say how the weights are stored, which come last, and those
of a split file, which go. Tensors of no block come first, then block after block, by name.
"""

import re

from pyollama_formats.gguf.head import stored_scalar
from pyollama_formats.gguf.reader import GGUFFile
from pyollama_formats.gguf.values import ValueType

__all__ = ["block_number", "place", "stored_type", "stored_values"]

QUANTIZATION_VERSION = 2  # of the block layouts, as ggml counts
REPLACED = ("general.quantization_version", "general.file_type")


def stored_values(file: GGUFFile, file_type: int) -> dict[str, bytes]:
    """The keys of the new file with their stored values: the source's, and then what is new."""
    kept = (key for key in file.metadata if key not in REPLACED and not key.startswith("split."))
    values = {key: file.stored_value(key) for key in kept}
    return values | {
        key: stored_scalar(ValueType.UINT32, value)
        for key, value in zip(REPLACED, (QUANTIZATION_VERSION, file_type), strict=True)
    }


def stored_type(file: GGUFFile) -> int:
    """What a file says that most of its weights are; 0, which is F32, if it says nothing."""
    stated = file.metadata.get("general.file_type")
    return stated if isinstance(stated, int) and 0 <= stated < 2**32 else 0


def place(name: str) -> tuple[int, str]:
    """Where a tensor stands: those of no block first, then by the block's number and by name."""
    block = block_number(name)
    return (-1 if block is None else block, name)


def block_number(name: str) -> int | None:
    """The N of names that begin with blk.N."""
    found = re.match(r"blk\.([0-9]{1,9})\.", name)
    return int(found[1]) if found else None
