"""SwiGLU, the feed-forward layer of llama-like models: down(silu(gate(x)) * up(x)).

Paper: arXiv:2002.05202. Shapes: T rows, D = n_embd, F = n_ff.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pyollama.models.parts.projection import (
    Projection,
    assemble_projection,
    expected_projection,
    project,
    projects,
)
from pyollama.models.tensors import Expected, Tensors
from pyollama_tensor.ops import Array, silu_gate


@dataclass(frozen=True)
class SwiGLUWeights:
    """One layer's ``ffn_gate``, ``ffn_up`` and ``ffn_down``."""

    gate: Projection  # (F, D)
    up: Projection  # (F, D)
    down: Projection  # (D, F)


def expected_swiglu(prefix: str, n_embd: int, n_ff: int) -> Iterator[Expected]:
    """The feed-forward tensors of the layer whose names begin with ``prefix``."""
    yield from expected_projection(prefix + "ffn_gate", n_ff, n_embd)
    yield from expected_projection(prefix + "ffn_up", n_ff, n_embd)
    yield from expected_projection(prefix + "ffn_down", n_embd, n_ff)


def assemble_swiglu(tensors: Tensors, prefix: str) -> SwiGLUWeights:
    """One layer's feed-forward weights, loaded."""
    return SwiGLUWeights(
        gate=assemble_projection(tensors, prefix + "ffn_gate"),
        up=assemble_projection(tensors, prefix + "ffn_up"),
        down=assemble_projection(tensors, prefix + "ffn_down"),
    )


def swiglu(x: Array, w: SwiGLUWeights) -> Array:
    """down(silu(gate(x)) * up(x)) of each row by itself, (T, D) -> (T, D)."""
    gate, up = projects(x, (w.gate, w.up))  # (T, F) each
    return project(silu_gate(gate, up), w.down)
