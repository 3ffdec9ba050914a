"""Qwen2: Llama's decoder with biases on queries, keys and values, and the pairs of GPT-NeoX.

Qwen 1.5 to 2.5, their coding and reasoning kin, and what was distilled into them share it.
Papers: arXiv:2407.10671 (Qwen2), 2412.15115 (Qwen2.5), 2104.09864 (RoPE), 2305.13245 (GQA),
2002.05202 (SwiGLU), 2309.00071 (YaRN).
Shapes: T rows in the batch, D = n_embd, H = n_head, K = n_head_kv, E = n_embd_head.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pyollama.models.hyperparameters import MAX_CONTEXT, MAX_LAYERS, MAX_WIDTH, Hyperparameters
from pyollama.models.parts.attention import (
    AttentionWeights,
    Heads,
    assemble_attention,
    expected_attention,
    join_heads,
    queries_keys_values,
    read_heads,
)
from pyollama.models.parts.feed_forward import (
    SwiGLUWeights,
    assemble_swiglu,
    expected_swiglu,
    swiglu,
)
from pyollama.models.parts.projection import Projection, project
from pyollama.models.parts.rotation import RopeConfig, make_rope, read_rope
from pyollama.models.parts.vocabulary import assemble_vocabulary, embed, expected_vocabulary
from pyollama.models.tensors import Expected, Tensors, vector
from pyollama_tensor.batch import Batch
from pyollama_tensor.cache import KVCache, LayerCache
from pyollama_tensor.ops import (
    Array,
    Rope,
    Weight,
    add,
    paged_attention,
    rms_norm,
    rope,
    take_rows,
)


@dataclass(frozen=True)
class Qwen2Config:
    """Hyperparameters; the comment of each names its GGUF key, without the prefix ``qwen2.``."""

    n_vocab: int  # rows of token_embd.weight
    n_ctx_train: int  # context_length
    n_embd: int  # embedding_length
    n_layer: int  # block_count
    n_ff: int  # feed_forward_length
    heads: Heads  # attention.head_count and its kin
    norm_eps: float  # attention.layer_norm_rms_epsilon
    rope: RopeConfig  # rope.*


@dataclass(frozen=True)
class Qwen2Layer:
    """The weights of one layer: ``attn.q`` is the file's ``attn_q``, with its bias, and so on."""

    attn_norm: Array  # (D,)
    attn: AttentionWeights
    ffn_norm: Array  # (D,)
    ffn: SwiGLUWeights


@dataclass(frozen=True)
class Qwen2Weights:
    """All weights. The matrix of ``output`` is ``token_embd`` itself where the file ties them."""

    token_embd: Weight  # (n_vocab, D)
    blk: tuple[Qwen2Layer, ...]
    output_norm: Array  # (D,)
    output: Projection  # (n_vocab, D)
    rope: Rope


def read_config(keys: Hyperparameters, n_vocab: int) -> Qwen2Config:
    """The configuration of a GGUF, every value checked. Raises ModelError."""
    n_ctx_train = keys.integer("context_length", 1, MAX_CONTEXT)
    n_embd = keys.integer("embedding_length", 1, MAX_WIDTH)
    heads = read_heads(keys, n_embd)
    return Qwen2Config(
        n_vocab=n_vocab,
        n_ctx_train=n_ctx_train,
        n_embd=n_embd,
        n_layer=keys.integer("block_count", 1, MAX_LAYERS),
        n_ff=keys.same_in_all_layers("feed_forward_length", 1, MAX_WIDTH),
        heads=heads,
        norm_eps=keys.number("attention.layer_norm_rms_epsilon", 0.0, 1.0, 1e-6),
        rope=read_rope(keys, heads.n_embd_head, n_ctx_train),
    )


def expected_tensors(config: Qwen2Config) -> Iterator[Expected]:
    """Every tensor of a file with this configuration, and its shape."""
    yield from expected_vocabulary(config.n_vocab, config.n_embd)
    yield vector("output_norm.weight", config.n_embd)
    for i in range(config.n_layer):
        yield vector(f"blk.{i}.attn_norm.weight", config.n_embd)
        yield from expected_attention(f"blk.{i}.", config.heads, config.n_embd)
        yield vector(f"blk.{i}.ffn_norm.weight", config.n_embd)
        yield from expected_swiglu(f"blk.{i}.", config.n_embd, config.n_ff)


def assemble(tensors: Tensors, config: Qwen2Config) -> Qwen2Weights:
    """The loaded tensors, each in its place."""
    token_embd, output = assemble_vocabulary(tensors)
    return Qwen2Weights(
        token_embd=token_embd,
        blk=tuple(assemble_layer(tensors, f"blk.{i}.") for i in range(config.n_layer)),
        output_norm=tensors.vector("output_norm.weight"),
        output=output,
        rope=make_rope(config.rope, neox=True),
    )


def assemble_layer(tensors: Tensors, prefix: str) -> Qwen2Layer:
    """One layer's weights."""
    return Qwen2Layer(
        attn_norm=tensors.vector(prefix + "attn_norm.weight"),
        attn=assemble_attention(tensors, prefix),
        ffn_norm=tensors.vector(prefix + "ffn_norm.weight"),
        ffn=assemble_swiglu(tensors, prefix),
    )


def attention(
    x: Array, w: Qwen2Layer, cache: LayerCache, batch: Batch, rotation: Rope, config: Qwen2Config
) -> Array:
    """Causal grouped-query attention over each row's own sequence, (T, D) -> (T, D)."""
    q, k, v = queries_keys_values(x, w.attn, config.heads)  # (T, H, E), (T, K, E), (T, K, E)
    cache.write(rope(k, batch.positions, rotation), v, batch)  # into the pages of each sequence
    q = rope(q, batch.positions, rotation)
    return join_heads(paged_attention(q, cache, batch), w.attn)


def states(batch: Batch, weights: Qwen2Weights, cache: KVCache, config: Qwen2Config) -> Array:
    """The last layer's rows that the batch wants: T rows of any sequences -> (n_wanted, D)."""
    x = embed(batch, weights.token_embd)  # (T, D)
    for w, layer_cache in zip(weights.blk, cache.layers, strict=True):
        normed = rms_norm(x, w.attn_norm, config.norm_eps)
        x = add(x, attention(normed, w, layer_cache, batch, weights.rope, config))
        x = add(x, swiglu(rms_norm(x, w.ffn_norm, config.norm_eps), w.ffn))
    return rms_norm(take_rows(x, batch.wanted), weights.output_norm, config.norm_eps)


def forward(batch: Batch, weights: Qwen2Weights, cache: KVCache, config: Qwen2Config) -> Array:
    """Logits of the rows that the batch wants: T rows of any sequences -> (n_wanted, n_vocab)."""
    return project(states(batch, weights, cache, config), weights.output)


def key_rope(weights: Qwen2Weights) -> Rope:
    """How the keys of every layer are rotated by their positions."""
    return weights.rope
