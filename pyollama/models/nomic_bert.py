"""Nomic BERT: BERT's encoder with rotated positions and a gated feed-forward layer.

nomic-embed-text is of this shape: attention sees how far apart two rows are, and not where they
are, so that texts longer than BERT's 512 tokens can be read.
Papers: arXiv:2402.01613 (nomic-embed-text), 1810.04805 (BERT), 2104.09864 (RoPE), 2002.05202
(SwiGLU).
Shapes: T rows in the batch, D = n_embd, H = n_head, K = n_head_kv, E = n_embd_head.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pyollama.models.hyperparameters import MAX_CONTEXT, MAX_LAYERS, MAX_WIDTH, Hyperparameters
from pyollama.models.parts.attention import Heads, read_heads
from pyollama.models.parts.feed_forward import (
    SwiGLUWeights,
    assemble_swiglu,
    expected_swiglu,
    swiglu,
)
from pyollama.models.parts.fused_attention import (
    FusedAttentionWeights,
    assemble_fused_attention,
    expected_fused_attention,
    split_queries_keys_values,
)
from pyollama.models.parts.layer_norm import LayerNorm, assemble_norm, expected_norm, normalize
from pyollama.models.parts.projection import project
from pyollama.models.parts.rotation import RopeConfig, make_rope, read_rope
from pyollama.models.parts.token_types import (
    add_token_type,
    assemble_token_type,
    expected_token_types,
    read_token_types,
)
from pyollama.models.parts.vocabulary import embed
from pyollama.models.tensors import Expected, Tensors, matrix
from pyollama_tensor.batch import Batch
from pyollama_tensor.cache import KVCache, LayerCache
from pyollama_tensor.ops import Array, Rope, Weight, paged_attention, rope


@dataclass(frozen=True)
class NomicBertConfig:
    """Hyperparameters; the comment of each names its GGUF key, less the prefix ``nomic-bert.``."""

    n_vocab: int  # rows of token_embd.weight
    n_token_types: int  # tokenizer.ggml.token_type_count
    n_ctx_train: int  # context_length
    n_embd: int  # embedding_length
    n_layer: int  # block_count
    n_ff: int  # feed_forward_length
    heads: Heads  # attention.head_count and its kin
    norm_eps: float  # attention.layer_norm_epsilon
    rope: RopeConfig  # rope.*


@dataclass(frozen=True)
class NomicBertLayer:
    """The weights of one layer under their GGUF names."""

    attn: FusedAttentionWeights  # attn_qkv, attn_output
    attn_output_norm: LayerNorm
    ffn: SwiGLUWeights  # ffn_gate, ffn_up, ffn_down
    layer_output_norm: LayerNorm


@dataclass(frozen=True)
class NomicBertWeights:
    """All weights."""

    token_embd: Weight  # (n_vocab, D)
    token_type: Array | None  # (D,), the row of token_types for a text that stands alone
    token_embd_norm: LayerNorm
    blk: tuple[NomicBertLayer, ...]
    rope: Rope


def read_config(keys: Hyperparameters, n_vocab: int) -> NomicBertConfig:
    """The configuration of a GGUF, every value checked. Raises ModelError."""
    n_ctx_train = keys.integer("context_length", 1, MAX_CONTEXT)
    n_embd = keys.integer("embedding_length", 1, MAX_WIDTH)
    heads = read_heads(keys, n_embd)
    return NomicBertConfig(
        n_vocab=n_vocab,
        n_token_types=read_token_types(keys),
        n_ctx_train=n_ctx_train,
        n_embd=n_embd,
        n_layer=keys.integer("block_count", 1, MAX_LAYERS),
        n_ff=keys.same_in_all_layers("feed_forward_length", 1, MAX_WIDTH),
        heads=heads,
        norm_eps=keys.number("attention.layer_norm_epsilon", 0.0, 1.0, 1e-12),
        rope=read_rope(keys, heads.n_embd_head, n_ctx_train),
    )


def expected_tensors(config: NomicBertConfig) -> Iterator[Expected]:
    """Every tensor of a file with this configuration, and its shape."""
    yield matrix("token_embd.weight", config.n_vocab, config.n_embd)
    yield from expected_token_types(config.n_token_types, config.n_embd)
    yield from expected_norm("token_embd_norm", config.n_embd)
    for i in range(config.n_layer):
        yield from expected_fused_attention(f"blk.{i}.", config.heads, config.n_embd)
        yield from expected_norm(f"blk.{i}.attn_output_norm", config.n_embd)
        yield from expected_swiglu(f"blk.{i}.", config.n_embd, config.n_ff)
        yield from expected_norm(f"blk.{i}.layer_output_norm", config.n_embd)


def assemble(tensors: Tensors, config: NomicBertConfig) -> NomicBertWeights:
    """The loaded tensors, each in its place."""
    return NomicBertWeights(
        token_embd=tensors.weight("token_embd.weight"),
        token_type=assemble_token_type(tensors),
        token_embd_norm=assemble_norm(tensors, "token_embd_norm", config.norm_eps),
        blk=tuple(assemble_layer(tensors, f"blk.{i}.", config) for i in range(config.n_layer)),
        rope=make_rope(config.rope, neox=True),
    )


def assemble_layer(tensors: Tensors, prefix: str, config: NomicBertConfig) -> NomicBertLayer:
    """One layer's weights."""
    return NomicBertLayer(
        attn=assemble_fused_attention(tensors, prefix),
        attn_output_norm=assemble_norm(tensors, prefix + "attn_output_norm", config.norm_eps),
        ffn=assemble_swiglu(tensors, prefix),
        layer_output_norm=assemble_norm(tensors, prefix + "layer_output_norm", config.norm_eps),
    )


def attention(
    x: Array,
    w: NomicBertLayer,
    cache: LayerCache,
    batch: Batch,
    rotation: Rope,
    config: NomicBertConfig,
) -> Array:
    """Attention of each row to all rows of its sequence, (T, D) -> (T, D)."""
    q, k, v = split_queries_keys_values(x, w.attn, config.heads)  # (T, H, E), (T, K, E), (T, K, E)
    cache.write(rope(k, batch.positions, rotation), v, batch)
    attended = paged_attention(rope(q, batch.positions, rotation), cache, batch)  # (T, H, E)
    return project(attended.reshape(attended.shape[0], -1), w.attn.output)


def states(
    batch: Batch, weights: NomicBertWeights, cache: KVCache, config: NomicBertConfig
) -> Array:
    """The last layer's rows that the batch wants: T rows of whole sequences -> (n_wanted, D)."""
    x = add_token_type(embed(batch, weights.token_embd), weights.token_type)  # (T, D)
    x = normalize(x, weights.token_embd_norm)
    for w, layer_cache in zip(weights.blk, cache.layers, strict=True):
        attended = attention(x, w, layer_cache, batch, weights.rope, config)
        x = normalize(x + attended, w.attn_output_norm)
        x = normalize(x + swiglu(x, w.ffn), w.layer_output_norm)
    return x[batch.wanted]
