"""Batches and caches as an engine would leave them: several sequences, pages in any order."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import settings

from pyollama_formats.blocks import DTYPES, GGMLType, row_bytes
from pyollama_tensor import reference
from pyollama_tensor.batch import PAGE, Batch
from pyollama_tensor.cache import Element, LayerCache
from pyollama_tensor.types import U8

# The first example compiles a kernel, and examples beside a busy neighbour take what they take.
settings.register_profile("compiled", deadline=None)
settings.load_profile("compiled")

MakeBatch = Callable[..., Batch]
MakeCache = Callable[..., LayerCache]
MakeRows = Callable[..., U8]


def scattered_batch(
    rng: np.random.Generator, past: Sequence[int], new: Sequence[int], causal: bool = True
) -> Batch:
    """New rows of several sequences, interleaved, each after its own past, on shuffled pages."""
    sequences = rng.permutation(np.repeat(np.arange(len(new)), new)).astype(np.int32)
    positions = np.empty_like(sequences)
    for s, first in enumerate(past):
        positions[sequences == s] = first + np.arange(new[s])
    n_table = -(-int(np.max(np.add(past, new))) // PAGE)
    pages = rng.permutation(len(new) * n_table).astype(np.int32)
    return Batch(
        tokens=np.zeros(len(sequences), np.int32),
        rows=None,
        positions=positions,
        sequences=sequences,
        tables=pages.reshape(len(new), n_table),
        wanted=np.arange(len(sequences), dtype=np.int32),
        causal=causal,
    )


def filled_cache(
    rng: np.random.Generator,
    batch: Batch,
    n_head_kv: int,
    n_embd_head: tuple[int, int],
    element: Element,
) -> LayerCache:
    """A cache in which every place holds something finite."""
    cache = LayerCache(batch.n_page, n_head_kv, *n_embd_head, element)
    places = np.arange(batch.n_page * PAGE, dtype=np.int32)
    k, v = (rng.standard_normal((len(places), n_head_kv, n), np.float32) for n in n_embd_head)
    reference.write_pages(cache, k, v, places)
    return cache


def rows_of(rng: np.random.Generator, type: GGMLType, n_out: int, n_in: int) -> U8:
    """Rows of a format as a GGUF has them: random floats, or integers and scales around 0.01."""
    values = rng.standard_normal((n_out, n_in)).astype(np.float32)
    if type == GGMLType.F32:
        return values.view(np.uint8)
    if type == GGMLType.F16:
        return values.astype(np.float16).view(np.uint8)
    if type == GGMLType.BF16:
        return (values.view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)
    data = rng.integers(0, 256, (n_out, row_bytes(type, n_in)), dtype=np.uint8)
    blocks = data.view(DTYPES[type])
    for name in ("d", "dmin", "m"):
        if name in (blocks.dtype.names or ()):
            blocks[name] = rng.standard_normal(blocks.shape) * 0.01
    return data


@pytest.fixture(scope="session")
def make_batch() -> MakeBatch:
    return scattered_batch


@pytest.fixture(scope="session")
def make_cache() -> MakeCache:
    return filled_cache


@pytest.fixture(scope="session")
def random_rows() -> MakeRows:
    return rows_of
