"""The tensors that a model expects in its file: checked all together, then loaded in parallel.

Nothing is allocated before the whole file has been found to fit: numba checks no bounds, so a
tensor of another shape than the kernels assume must never reach them.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from pyollama.models.hyperparameters import ModelError
from pyollama_formats.blocks import DTYPES, GGMLType, dequantize
from pyollama_formats.gguf import GGUFFile
from pyollama_tensor.ops import Weight, make_weight
from pyollama_tensor.types import Array

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all) while a model is loaded."""

N_LOADERS = 2  # repacking is bound by memory: more threads than this only add peak memory


@dataclass(frozen=True)
class Expected:
    """A tensor by name and NumPy shape; a matrix becomes a Weight, a vector a float32 array."""

    name: str
    shape: tuple[int, ...]
    optional: bool = False


def matrix(name: str, n_out: int, n_in: int, *, optional: bool = False) -> Expected:
    """A matrix with n_out rows of n_in inputs."""
    return Expected(name, (n_out, n_in), optional)


def vector(name: str, n: int, *, optional: bool = False) -> Expected:
    """A vector of n values."""
    return Expected(name, (n,), optional)


class Tensors:
    """Loaded tensors by GGUF name."""

    def __init__(self, loaded: Mapping[str, Weight | Array]) -> None:
        self.loaded = loaded

    def __contains__(self, name: str) -> bool:
        return name in self.loaded

    def weight(self, name: str) -> Weight:
        """A matrix, ready for ``linear``."""
        found = self.loaded[name]
        assert not isinstance(found, np.ndarray), name
        return found

    def vector(self, name: str) -> Array:
        """A float32 vector."""
        found = self.loaded[name]
        assert isinstance(found, np.ndarray), name
        return found

    def optional(self, name: str) -> Array | None:
        """A float32 vector, or None where the file has none."""
        return self.vector(name) if name in self.loaded else None


def check_tensors(file: GGUFFile, expected: Iterable[Expected]) -> list[Expected]:
    """Those of the expected tensors that the file holds, each of the right shape.

    Raises ModelError for a missing tensor, or one of another shape or of a type that cannot be run.
    """
    present = []
    for want in expected:
        info = file.tensors.get(want.name)
        if info is None:
            if want.optional:
                continue
            raise ModelError(f"missing tensor '{want.name}'")
        if without_ones(info.shape) != without_ones(want.shape):
            raise ModelError(
                f"tensor '{want.name}' has wrong shape; "
                f"expected {list(want.shape)}, got {list(info.shape)}"
            )
        check_type(want, info.type)
        present.append(want)
    return present


def without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape less outer axes of one row, which GGUF files may leave out."""
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return shape


def check_type(want: Expected, ggml_type: GGMLType) -> None:
    """Raise ModelError unless tensors of this type can be computed with."""
    if ggml_type not in RUNNABLE:
        raise ModelError(f"tensor '{want.name}' has the unsupported type {ggml_type.name}")


RUNNABLE = frozenset(DTYPES)


def load_tensors(
    file: GGUFFile, present: Iterable[Expected], progress: Progress | None = None
) -> Tensors:
    """Load checked tensors in parallel, giving back each one's mapped pages once it is copied."""
    names = list(present)
    n_total = sum(file.tensors[want.name].nbytes for want in names)
    loaded: dict[str, Weight | Array] = {}
    n_done = 0
    with ThreadPoolExecutor(N_LOADERS, thread_name_prefix="load") as pool:
        for want, tensor in zip(names, pool.map(lambda w: load_one(file, w), names), strict=True):
            loaded[want.name] = tensor
            n_done += file.tensors[want.name].nbytes
            if progress is not None:
                progress(n_done, n_total)
    return Tensors(loaded)


def load_one(file: GGUFFile, want: Expected) -> Weight | Array:
    """One tensor: a matrix as a Weight, a vector as float32."""
    loaded = load_vector(file, want) if len(want.shape) == 1 else load_matrix(file, want)
    file.drop(want.name)
    return loaded


def load_vector(file: GGUFFile, want: Expected) -> Array:
    """A tensor of one axis as float32."""
    data = dequantize(file.data(want.name), file.tensors[want.name].type)
    return np.ascontiguousarray(data, dtype=np.float32).reshape(-1)


def load_matrix(file: GGUFFile, want: Expected) -> Weight:
    """A tensor of several axes as rows over the last one."""
    rows = file.data(want.name).reshape(want.shape[0], -1)
    return make_weight(rows, file.tensors[want.name].type, want.shape[1])
