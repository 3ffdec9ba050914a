"""Attention whose queries, keys and values come from one matrix, ``attn_qkv``, in that order.

Shapes: T rows in the batch, D = n_embd, H = n_head, K = n_head_kv, E = n_embd_head.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pyollama.models.parts.attention import Heads
from pyollama.models.parts.projection import (
    Projection,
    assemble_projection,
    expected_projection,
    project,
)
from pyollama.models.tensors import Expected, Tensors
from pyollama_tensor.ops import Array


@dataclass(frozen=True)
class FusedAttentionWeights:
    """One layer's ``attn_qkv`` and ``attn_output``."""

    qkv: Projection  # ((H + 2 K) * E, D)
    output: Projection  # (D, H * E)


def expected_fused_attention(prefix: str, heads: Heads, n_embd: int) -> Iterator[Expected]:
    """The attention tensors of the layer whose names begin with ``prefix``."""
    n_q, n_kv = heads.n_head * heads.n_embd_head, heads.n_head_kv * heads.n_embd_head
    yield from expected_projection(prefix + "attn_qkv", n_q + 2 * n_kv, n_embd)
    yield from expected_projection(prefix + "attn_output", n_embd, n_q)


def assemble_fused_attention(tensors: Tensors, prefix: str) -> FusedAttentionWeights:
    """One layer's attention, loaded."""
    return FusedAttentionWeights(
        qkv=assemble_projection(tensors, prefix + "attn_qkv"),
        output=assemble_projection(tensors, prefix + "attn_output"),
    )


def split_queries_keys_values(
    x: Array, w: FusedAttentionWeights, heads: Heads
) -> tuple[Array, Array, Array]:
    """Rows (T, D) as queries (T, H, E), keys (T, K, E) and values (T, K, E)."""
    n_head, n_head_kv = heads.n_head, heads.n_head_kv
    parts = project(x, w.qkv).reshape(x.shape[0], n_head + 2 * n_head_kv, heads.n_embd_head)
    return parts[:, :n_head], parts[:, n_head : n_head + n_head_kv], parts[:, n_head + n_head_kv :]
