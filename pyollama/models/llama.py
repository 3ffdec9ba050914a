"""Llama: a decoder-only transformer with RMSNorm, RoPE, grouped-query attention and SwiGLU.

Llama 1 to 3, Mistral and the many models of that shape share it.
Papers: arXiv:2302.13971 (Llama), 2104.09864 (RoPE), 2305.13245 (GQA), 2002.05202 (SwiGLU),
2309.00071 (YaRN).
Shapes: T rows in the batch, D = n_embd, H = n_head, K = n_head_kv, E = n_embd_head, F = n_ff.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pyollama.models.hyperparameters import (
    MAX_CONTEXT,
    MAX_HEADS,
    MAX_LAYERS,
    MAX_WIDTH,
    Hyperparameters,
    ModelError,
)
from pyollama.models.tensors import Expected, Tensors, matrix, vector
from pyollama_tensor.batch import Batch
from pyollama_tensor.cache import KVCache, LayerCache
from pyollama_tensor.ops import (
    Rope,
    Weight,
    embedding,
    linear,
    linears,
    paged_attention,
    rms_norm,
    rope,
    rope_frequencies,
    silu_gate,
)
from pyollama_tensor.rope import Scaling
from pyollama_tensor.types import Array

SCALINGS: tuple[Scaling, ...] = ("none", "linear", "yarn")


@dataclass(frozen=True)
class LlamaConfig:
    """Hyperparameters; the comment of each names its GGUF key, without the prefix ``llama.``."""

    n_vocab: int  # rows of token_embd.weight
    n_ctx_train: int  # context_length
    n_embd: int  # embedding_length
    n_layer: int  # block_count
    n_ff: int  # feed_forward_length
    n_head: int  # attention.head_count
    n_head_kv: int  # attention.head_count_kv
    n_embd_head: int  # attention.key_length
    n_rot: int  # rope.dimension_count
    norm_eps: float  # attention.layer_norm_rms_epsilon
    attn_scale: float  # attention.scale, 1 / sqrt(n_embd_head) by default
    rope_base: float  # rope.freq_base
    rope_scaling: Scaling  # rope.scaling.type
    rope_factor: float  # rope.scaling.factor
    rope_ext_factor: float | None  # rope.scaling.yarn_ext_factor, None: 1 for yarn
    rope_attn_factor: float  # rope.scaling.attn_factor
    rope_beta_fast: float  # rope.scaling.yarn_beta_fast
    rope_beta_slow: float  # rope.scaling.yarn_beta_slow
    n_ctx_orig: int  # rope.scaling.original_context_length


@dataclass(frozen=True)
class LlamaLayer:
    """The weights of one layer, under their GGUF names; a bias is None where the file has none."""

    attn_norm: Array  # (D,)
    attn_q: Weight  # (H * E, D)
    attn_k: Weight  # (K * E, D)
    attn_v: Weight  # (K * E, D)
    attn_output: Weight  # (D, H * E)
    ffn_norm: Array  # (D,)
    ffn_gate: Weight  # (F, D)
    ffn_up: Weight  # (F, D)
    ffn_down: Weight  # (D, F)
    attn_q_bias: Array | None
    attn_k_bias: Array | None
    attn_v_bias: Array | None
    attn_output_bias: Array | None


@dataclass(frozen=True)
class LlamaWeights:
    """All weights. ``output`` is ``token_embd`` itself where the file ties them."""

    token_embd: Weight  # (n_vocab, D)
    blk: tuple[LlamaLayer, ...]
    output_norm: Array  # (D,)
    output: Weight  # (n_vocab, D)
    rope: Rope


def read_config(keys: Hyperparameters, n_vocab: int) -> LlamaConfig:
    """The configuration of a GGUF, every value checked. Raises ModelError."""
    if keys.integer("expert_count", 0, MAX_WIDTH, 0) > 0:
        raise ModelError("mixture-of-experts models are not supported yet")
    n_ctx_train = keys.integer("context_length", 1, MAX_CONTEXT)
    n_embd = keys.integer("embedding_length", 1, MAX_WIDTH)
    n_head = keys.same_in_all_layers("attention.head_count", 1, MAX_HEADS)
    n_head_kv = keys.same_in_all_layers("attention.head_count_kv", 1, MAX_HEADS, n_head)
    if n_head % n_head_kv:
        raise ModelError(f"{n_head} heads cannot share {n_head_kv} key-value heads evenly")
    n_embd_head = head_size(keys, n_embd, n_head)
    n_rot = keys.integer("rope.dimension_count", 2, n_embd_head, n_embd_head)
    if n_rot % 2:
        raise ModelError(f"llama.rope.dimension_count is odd: {n_rot}")
    legacy_factor = keys.number("rope.scale_linear", 0.0, 1e6, 0.0)
    factor = keys.number("rope.scaling.factor", 0.0, 1e6, legacy_factor)
    ext_factor = keys.number("rope.scaling.yarn_ext_factor", -1.0, 1e3, -1.0)
    return LlamaConfig(
        n_vocab=n_vocab,
        n_ctx_train=n_ctx_train,
        n_embd=n_embd,
        n_layer=keys.integer("block_count", 1, MAX_LAYERS),
        n_ff=keys.same_in_all_layers("feed_forward_length", 1, MAX_WIDTH),
        n_head=n_head,
        n_head_kv=n_head_kv,
        n_embd_head=n_embd_head,
        n_rot=n_rot,
        norm_eps=keys.number("attention.layer_norm_rms_epsilon", 0.0, 1.0, 1e-5),
        attn_scale=keys.number("attention.scale", 0.0, 1e3, 0.0) or n_embd_head**-0.5,
        rope_base=keys.number("rope.freq_base", 1e-3, 1e12, 10000.0),
        rope_scaling=rope_scaling(keys, factor),
        rope_factor=factor or 1.0,
        rope_ext_factor=ext_factor if ext_factor >= 0.0 else None,
        rope_attn_factor=keys.number("rope.scaling.attn_factor", 0.0, 1e3, 1.0),
        rope_beta_fast=keys.number("rope.scaling.yarn_beta_fast", 1e-3, 1e6, 32.0),
        rope_beta_slow=keys.number("rope.scaling.yarn_beta_slow", 1e-3, 1e6, 1.0),
        n_ctx_orig=keys.integer(
            "rope.scaling.original_context_length", 1, MAX_CONTEXT, n_ctx_train
        ),
    )


def head_size(keys: Hyperparameters, n_embd: int, n_head: int) -> int:
    """The length of one head: given, or the embedding cut evenly. Raises ModelError."""
    given = keys.get("attention.key_length")
    if given is None and n_embd % n_head:
        raise ModelError(f"an embedding of {n_embd} does not divide into {n_head} heads")
    size = keys.integer("attention.key_length", 1, MAX_WIDTH, n_embd // n_head or 1)
    if keys.integer("attention.value_length", 1, MAX_WIDTH, size) != size:
        raise ModelError("llama.attention.value_length differs from llama.attention.key_length")
    return size


def rope_scaling(keys: Hyperparameters, factor: float) -> Scaling:
    """How positions are stretched: none, linear or yarn. Raises ModelError for others."""
    scaling = keys.text("rope.scaling.type", "linear" if factor else "none")
    for known in SCALINGS:
        if scaling == known:
            return known
    raise ModelError(f"unknown rope.scaling.type {scaling!r}")


def expected_tensors(config: LlamaConfig) -> Iterator[Expected]:
    """Every tensor of a file with this configuration, and its shape."""
    d, f = config.n_embd, config.n_ff
    q, kv = config.n_head * config.n_embd_head, config.n_head_kv * config.n_embd_head
    yield matrix("token_embd.weight", config.n_vocab, d)
    yield vector("output_norm.weight", d)
    yield matrix("output.weight", config.n_vocab, d, optional=True)  # absent: tied to token_embd
    yield vector("rope_freqs.weight", config.n_rot // 2, optional=True)
    for i in range(config.n_layer):
        yield vector(f"blk.{i}.attn_norm.weight", d)
        yield matrix(f"blk.{i}.attn_q.weight", q, d)
        yield matrix(f"blk.{i}.attn_k.weight", kv, d)
        yield matrix(f"blk.{i}.attn_v.weight", kv, d)
        yield matrix(f"blk.{i}.attn_output.weight", d, q)
        yield vector(f"blk.{i}.attn_q.bias", q, optional=True)
        yield vector(f"blk.{i}.attn_k.bias", kv, optional=True)
        yield vector(f"blk.{i}.attn_v.bias", kv, optional=True)
        yield vector(f"blk.{i}.attn_output.bias", d, optional=True)
        yield vector(f"blk.{i}.ffn_norm.weight", d)
        yield matrix(f"blk.{i}.ffn_gate.weight", f, d)
        yield matrix(f"blk.{i}.ffn_up.weight", f, d)
        yield matrix(f"blk.{i}.ffn_down.weight", d, f)


def assemble(tensors: Tensors, config: LlamaConfig) -> LlamaWeights:
    """The loaded tensors, each in its place."""
    token_embd = tensors.weight("token_embd.weight")
    return LlamaWeights(
        token_embd=token_embd,
        blk=tuple(assemble_layer(tensors, f"blk.{i}.") for i in range(config.n_layer)),
        output_norm=tensors.vector("output_norm.weight"),
        output=tensors.weight("output.weight") if "output.weight" in tensors else token_embd,
        rope=rope_frequencies(
            config.n_rot,
            config.rope_base,
            scaling=config.rope_scaling,
            factor=config.rope_factor,
            n_ctx_orig=config.n_ctx_orig,
            factors=tensors.optional("rope_freqs.weight"),
            ext_factor=config.rope_ext_factor,
            attn_factor=config.rope_attn_factor,
            beta_fast=config.rope_beta_fast,
            beta_slow=config.rope_beta_slow,
        ),
    )


def assemble_layer(tensors: Tensors, prefix: str) -> LlamaLayer:
    """One layer's weights."""
    return LlamaLayer(
        attn_norm=tensors.vector(prefix + "attn_norm.weight"),
        attn_q=tensors.weight(prefix + "attn_q.weight"),
        attn_k=tensors.weight(prefix + "attn_k.weight"),
        attn_v=tensors.weight(prefix + "attn_v.weight"),
        attn_output=tensors.weight(prefix + "attn_output.weight"),
        ffn_norm=tensors.vector(prefix + "ffn_norm.weight"),
        ffn_gate=tensors.weight(prefix + "ffn_gate.weight"),
        ffn_up=tensors.weight(prefix + "ffn_up.weight"),
        ffn_down=tensors.weight(prefix + "ffn_down.weight"),
        attn_q_bias=tensors.optional(prefix + "attn_q.bias"),
        attn_k_bias=tensors.optional(prefix + "attn_k.bias"),
        attn_v_bias=tensors.optional(prefix + "attn_v.bias"),
        attn_output_bias=tensors.optional(prefix + "attn_output.bias"),
    )


def biased(x: Array, bias: Array | None) -> Array:
    """x + bias, where the file has one."""
    return x if bias is None else x + bias


def attention(
    x: Array, w: LlamaLayer, cache: LayerCache, batch: Batch, rotation: Rope, config: LlamaConfig
) -> Array:
    """Causal grouped-query attention over each row's own sequence, (T, D) -> (T, D)."""
    n_row, n_embd_head = x.shape[0], config.n_embd_head
    q, k, v = linears(x, (w.attn_q, w.attn_k, w.attn_v))
    q = biased(q, w.attn_q_bias).reshape(n_row, config.n_head, n_embd_head)  # (T, H, E)
    k = biased(k, w.attn_k_bias).reshape(n_row, config.n_head_kv, n_embd_head)  # (T, K, E)
    v = biased(v, w.attn_v_bias).reshape(n_row, config.n_head_kv, n_embd_head)  # (T, K, E)
    cache.write(rope(k, batch.positions, rotation), v, batch)  # into the pages of each sequence
    q = rope(q, batch.positions, rotation)
    heads = paged_attention(q, cache, batch, config.attn_scale)  # (T, H, E)
    return biased(linear(heads.reshape(n_row, -1), w.attn_output), w.attn_output_bias)


def feed_forward(x: Array, w: LlamaLayer) -> Array:
    """SwiGLU: down(silu(gate(x)) * up(x)), (T, D) -> (T, D)."""
    gate, up = linears(x, (w.ffn_gate, w.ffn_up))  # (T, F) each
    return linear(silu_gate(gate, up), w.ffn_down)


def forward(batch: Batch, weights: LlamaWeights, cache: KVCache, config: LlamaConfig) -> Array:
    """Logits of the rows that the batch wants: T rows of any sequences -> (n_wanted, n_vocab)."""
    x = embed(batch, weights)  # (T, D)
    for w, layer_cache in zip(weights.blk, cache.layers, strict=True):
        normed = rms_norm(x, w.attn_norm, config.norm_eps)
        x = x + attention(normed, w, layer_cache, batch, weights.rope, config)
        x = x + feed_forward(rms_norm(x, w.ffn_norm, config.norm_eps), w)
    wanted = rms_norm(x[batch.wanted], weights.output_norm, config.norm_eps)
    return linear(wanted, weights.output)


def embed(batch: Batch, weights: LlamaWeights) -> Array:
    """The batch's rows: of the embedding matrix by token id, or given as they are, (T, D)."""
    if batch.rows is not None:
        return batch.rows
    assert batch.tokens is not None
    return embedding(weights.token_embd, batch.tokens)


def key_rope(weights: LlamaWeights) -> Rope:
    """How the keys of every layer are rotated by their positions."""
    return weights.rope
