"""A matrix of a model with its bias, where the file has one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyollama.models.tensors import Expected, Tensors, matrix, vector
from pyollama_tensor.ops import Array, Weight, add, linears


@dataclass(frozen=True)
class Projection:
    """y = W x + b under the GGUF names ``<name>.weight`` and ``<name>.bias``."""

    weight: Weight  # (n_out, n_in)
    bias: Array | None  # (n_out,)


def expected_projection(name: str, n_out: int, n_in: int) -> Iterator[Expected]:
    """The tensors of one projection."""
    yield matrix(f"{name}.weight", n_out, n_in)
    yield vector(f"{name}.bias", n_out, optional=True)


def assemble_projection(tensors: Tensors, name: str) -> Projection:
    """One projection, loaded."""
    return Projection(tensors.weight(f"{name}.weight"), tensors.optional(f"{name}.bias"))


def project(x: Array, p: Projection) -> Array:
    """W x + b for each row, (T, n_in) -> (T, n_out)."""
    return projects(x, (p,))[0]


def projects(x: Array, projections: Sequence[Projection]) -> tuple[Array, ...]:
    """Several projections of the same input, which is quantized once: (T, n_out) each."""
    products = linears(x, [p.weight for p in projections])
    return tuple(
        y if p.bias is None else add(y, p.bias) for y, p in zip(products, projections, strict=True)
    )
