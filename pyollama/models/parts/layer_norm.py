"""LayerNorm with its gain and bias, as the GGUF names ``<name>.weight`` and ``<name>.bias``.

Paper: arXiv:1607.06450.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pyollama.models.tensors import Expected, Tensors, vector
from pyollama_tensor.ops import Array, layer_norm


@dataclass(frozen=True)
class LayerNorm:
    """One norm of rows of D values."""

    weight: Array  # (D,)
    bias: Array  # (D,)
    eps: float


def expected_norm(name: str, n_embd: int) -> Iterator[Expected]:
    """The tensors of one norm."""
    yield vector(f"{name}.weight", n_embd)
    yield vector(f"{name}.bias", n_embd)


def assemble_norm(tensors: Tensors, name: str, eps: float) -> LayerNorm:
    """One norm, loaded."""
    return LayerNorm(tensors.vector(f"{name}.weight"), tensors.vector(f"{name}.bias"), eps)


def normalize(x: Array, norm: LayerNorm) -> Array:
    """Each row with mean 0 and variance 1, then scaled and moved, (T, D) -> (T, D)."""
    return layer_norm(x, norm.weight, norm.bias, norm.eps)
