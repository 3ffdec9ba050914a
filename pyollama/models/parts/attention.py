"""What attention has on either side of its softmax: queries, keys and values, and the way out.

What lies between differs: an architecture rotates, normalizes or scales as its paper says.
Shapes: T rows in the batch, D = n_embd, H = n_head, K = n_head_kv, E = n_embd_head.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pyollama.models.hyperparameters import MAX_HEADS, MAX_WIDTH, Hyperparameters, ModelError
from pyollama.models.parts.projection import (
    Projection,
    assemble_projection,
    expected_projection,
    project,
    projects,
)
from pyollama.models.tensors import Expected, Tensors
from pyollama_tensor.ops import Array


@dataclass(frozen=True)
class Heads:
    """How a row is cut into heads; n_head / n_head_kv queries share a key and a value."""

    n_head: int  # attention.head_count
    n_head_kv: int  # attention.head_count_kv
    n_embd_head: int  # attention.key_length


@dataclass(frozen=True)
class AttentionWeights:
    """One layer's ``attn_q``, ``attn_k``, ``attn_v`` and ``attn_output``."""

    q: Projection  # (H * E, D)
    k: Projection  # (K * E, D)
    v: Projection  # (K * E, D)
    output: Projection  # (D, H * E)


def read_heads(keys: Hyperparameters, n_embd: int) -> Heads:
    """The heads of a GGUF's layers, checked against each other. Raises ModelError."""
    n_head = keys.same_in_all_layers("attention.head_count", 1, MAX_HEADS)
    n_head_kv = keys.same_in_all_layers("attention.head_count_kv", 1, MAX_HEADS, n_head)
    if n_head % n_head_kv:
        raise ModelError(f"{n_head} heads cannot share {n_head_kv} key-value heads evenly")
    return Heads(n_head, n_head_kv, head_size(keys, n_embd, n_head))


def head_size(keys: Hyperparameters, n_embd: int, n_head: int) -> int:
    """The length of one head: given, or the embedding cut evenly. Raises ModelError."""
    given = keys.get("attention.key_length")
    if given is None and n_embd % n_head:
        raise ModelError(f"an embedding of {n_embd} does not divide into {n_head} heads")
    size = keys.integer("attention.key_length", 1, MAX_WIDTH, n_embd // n_head or 1)
    if keys.integer("attention.value_length", 1, MAX_WIDTH, size) != size:
        raise ModelError(f"{keys.architecture}.attention.value_length differs from key_length")
    return size


def expected_attention(prefix: str, heads: Heads, n_embd: int) -> Iterator[Expected]:
    """The attention tensors of the layer whose names begin with ``prefix``."""
    n_q, n_kv = heads.n_head * heads.n_embd_head, heads.n_head_kv * heads.n_embd_head
    yield from expected_projection(prefix + "attn_q", n_q, n_embd)
    yield from expected_projection(prefix + "attn_k", n_kv, n_embd)
    yield from expected_projection(prefix + "attn_v", n_kv, n_embd)
    yield from expected_projection(prefix + "attn_output", n_embd, n_q)


def assemble_attention(tensors: Tensors, prefix: str) -> AttentionWeights:
    """One layer's attention, loaded."""
    return AttentionWeights(
        q=assemble_projection(tensors, prefix + "attn_q"),
        k=assemble_projection(tensors, prefix + "attn_k"),
        v=assemble_projection(tensors, prefix + "attn_v"),
        output=assemble_projection(tensors, prefix + "attn_output"),
    )


def queries_keys_values(x: Array, w: AttentionWeights, heads: Heads) -> tuple[Array, Array, Array]:
    """Rows (T, D) as queries (T, H, E), keys (T, K, E) and values (T, K, E)."""
    n_row = x.shape[0]
    q, k, v = projects(x, (w.q, w.k, w.v))
    return (
        q.reshape(n_row, heads.n_head, heads.n_embd_head),
        k.reshape(n_row, heads.n_head_kv, heads.n_embd_head),
        v.reshape(n_row, heads.n_head_kv, heads.n_embd_head),
    )


def join_heads(attended: Array, w: AttentionWeights) -> Array:
    """What the heads found, side by side and projected back, (T, H, E) -> (T, D)."""
    return project(attended.reshape(attended.shape[0], -1), w.output)
