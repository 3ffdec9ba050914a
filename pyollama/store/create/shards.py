"""Models that were cut into several files, as llama.cpp cuts them, become one again.

Every shard says how many there are (``split.count``) and which one it is (``split.no``, from 0);
its name says the same as ``<prefix>-<number>-of-<count>.gguf``, with five digits and from 1. The
first has the metadata of the whole.
"""

import re
from collections import defaultdict
from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyollama.store.create.copying import VALIDATING, CopiedBlob, Recipe, copied
from pyollama.store.create.uploads import Upload
from pyollama.store.errors import StoreError
from pyollama.store.facts import opened
from pyollama.store.quantization.layout import place, stored_type, stored_values
from pyollama.store.types import ProgressResponse
from pyollama_formats.gguf.reader import GGUFFile
from pyollama_formats.gguf.tensors import TensorInfo

if TYPE_CHECKING:
    from pyollama.store.blobs import Blobs

__all__ = ["grouped", "merged"]

PATTERN = re.compile(r"(.*)-([0-9]{5})-of-([0-9]{5})\.gguf", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class Place:
    """What the name of a shard says: whose part it is, which one from 0, and of how many."""

    prefix: str
    index: int
    count: int


def grouped(uploads: Iterable[Upload]) -> list[list[Upload]]:
    """The files of each model, shards in their order; StoreError if any is wrong or missing."""
    groups: dict[tuple[str, int], dict[int, Upload]] = defaultdict(dict)
    for upload in uploads:
        place = _place(upload)
        group = groups[place.prefix, place.count]
        if place.index in group:
            raise StoreError(f"split GGUF has duplicate shard index {place.index}")
        group[place.index] = upload
    return [_complete(prefix, count, shards) for (prefix, count), shards in groups.items()]


def _place(upload: Upload) -> Place:
    """Where a file belongs; one that is whole by itself belongs to itself."""
    facts, key = upload.facts, upload.key
    if facts.split_count <= 1:
        return Place(key, 0, 1)
    match = PATTERN.fullmatch(key)
    if match is None:
        raise StoreError(f'split GGUF "{key}" must use llama.cpp split filename pattern')
    place = Place(match[1], int(match[2]) - 1, int(match[3]))
    if place.count != facts.split_count:
        stated = f"filename count {place.count} does not match metadata count {facts.split_count}"
        raise StoreError(f'split GGUF "{key}" {stated}')
    if facts.split_no is None:
        raise StoreError(f'split GGUF "{key}" is missing split.no metadata')
    if place.index < 0:
        raise StoreError(f'split GGUF "{key}" has invalid shard index {place.index}')
    if place.index != facts.split_no:
        stated = f"filename index {place.index} does not match metadata index {facts.split_no}"
        raise StoreError(f'split GGUF "{key}" {stated}')
    return place


def _complete(name: str, count: int, shards: dict[int, Upload]) -> list[Upload]:
    """The shards of one model in their order."""
    if len(shards) != count:
        raise StoreError(f'split GGUF "{name}" has {len(shards)} shards, expected {count}')
    if 0 not in shards:
        raise StoreError("split GGUF is missing first shard")
    missing = next((index for index in range(count) if index not in shards), None)
    if missing is not None:
        raise StoreError(f'split GGUF "{name}" is missing shard {missing}')
    return [shards[index] for index in range(count)]


def merged(
    blobs: "Blobs", shards: Sequence[Upload]
) -> Generator[ProgressResponse, None, CopiedBlob]:
    """Store the shards as one blob: the keys of the first, the tensors of all."""
    with ExitStack() as stack:
        files = [stack.enter_context(opened(shard.path)) for shard in shards]
        first = files[0]
        values = stored_values(first, stored_type(first))
        recipe = Recipe(values, _ordered_tensors(files), first.alignment)
        return (yield from copied(blobs, recipe, VALIDATING))


def _ordered_tensors(files: Sequence[GGUFFile]) -> list[tuple[GGUFFile, TensorInfo]]:
    """The tensors of all files, block by block and then by name; StoreError for one name twice."""
    tensors = [(file, tensor) for file in files for tensor in file.tensors.values()]
    names = {tensor.name for _, tensor in tensors}
    if len(names) != len(tensors):
        raise StoreError("split GGUF has the same tensor in two shards")
    return sorted(tensors, key=lambda found: place(found[1].name))
