"""BERT: an encoder whose rows see each other in both directions; it makes embeddings, not text.

all-MiniLM, bge, mxbai-embed, snowflake-arctic-embed and many more share it. Unlike a decoder it
normalizes after each half of a layer, adds a learned row for every position, and has no output
matrix: its last rows are pooled into one vector, or scored by a classifier if the model ranks.
Papers: arXiv:1810.04805 (BERT), 1706.03762 (encoder), 1607.06450 (LayerNorm), 1606.08415 (GELU).
Shapes: T rows in the batch, D = n_embd, H = n_head, K = n_head_kv, E = n_embd_head, F = n_ff.
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
from pyollama.models.parts.classifier import (
    Classifier,
    assemble_classifier,
    classify,
    expected_classifier,
    read_labels,
)
from pyollama.models.parts.layer_norm import LayerNorm, assemble_norm, expected_norm, normalize
from pyollama.models.parts.projection import (
    Projection,
    assemble_projection,
    expected_projection,
    project,
)
from pyollama.models.parts.token_types import (
    add_token_type,
    assemble_token_type,
    expected_token_types,
    read_token_types,
)
from pyollama.models.parts.vocabulary import embed
from pyollama.models.pooling import ranks
from pyollama.models.tensors import Expected, Tensors, matrix
from pyollama_tensor.batch import Batch
from pyollama_tensor.cache import KVCache, LayerCache
from pyollama_tensor.ops import Array, Weight, gelu, paged_attention


@dataclass(frozen=True)
class BertConfig:
    """Hyperparameters; the comment of each names its GGUF key, without the prefix ``bert.``."""

    n_vocab: int  # rows of token_embd.weight
    n_token_types: int  # tokenizer.ggml.token_type_count
    n_ctx_train: int  # context_length, the rows of position_embd.weight
    n_embd: int  # embedding_length
    n_layer: int  # block_count
    n_ff: int  # feed_forward_length
    heads: Heads  # attention.head_count and its kin
    norm_eps: float  # attention.layer_norm_epsilon
    n_label: int  # classifier.output_labels; 0 for a model that does not rank


@dataclass(frozen=True)
class BertLayer:
    """The weights of one layer under their GGUF names."""

    attn: AttentionWeights  # attn_q, attn_k, attn_v, attn_output
    attn_output_norm: LayerNorm
    ffn_up: Projection  # (F, D)
    ffn_down: Projection  # (D, F)
    layer_output_norm: LayerNorm


@dataclass(frozen=True)
class BertWeights:
    """All weights."""

    token_embd: Weight  # (n_vocab, D)
    token_type: Array | None  # (D,), the row of token_types for a text that stands alone
    position_embd: Array  # (n_ctx_train, D)
    token_embd_norm: LayerNorm
    blk: tuple[BertLayer, ...]
    classifier: Classifier | None  # cls, cls.output


def read_config(keys: Hyperparameters, n_vocab: int) -> BertConfig:
    """The configuration of a GGUF, every value checked. Raises ModelError."""
    n_embd = keys.integer("embedding_length", 1, MAX_WIDTH)
    return BertConfig(
        n_vocab=n_vocab,
        n_token_types=read_token_types(keys),
        n_ctx_train=keys.integer("context_length", 1, MAX_CONTEXT),
        n_embd=n_embd,
        n_layer=keys.integer("block_count", 1, MAX_LAYERS),
        n_ff=keys.same_in_all_layers("feed_forward_length", 1, MAX_WIDTH),
        heads=read_heads(keys, n_embd),
        norm_eps=keys.number("attention.layer_norm_epsilon", 0.0, 1.0, 1e-12),
        n_label=read_labels(keys) if ranks(keys) else 0,
    )


def expected_tensors(config: BertConfig) -> Iterator[Expected]:
    """Every tensor of a file with this configuration, and its shape."""
    n_embd, n_ff = config.n_embd, config.n_ff
    yield matrix("token_embd.weight", config.n_vocab, n_embd)
    yield from expected_token_types(config.n_token_types, n_embd)
    yield matrix("position_embd.weight", config.n_ctx_train, n_embd)
    yield from expected_norm("token_embd_norm", n_embd)
    for i in range(config.n_layer):
        yield from expected_attention(f"blk.{i}.", config.heads, n_embd)
        yield from expected_norm(f"blk.{i}.attn_output_norm", n_embd)
        yield from expected_projection(f"blk.{i}.ffn_up", n_ff, n_embd)
        yield from expected_projection(f"blk.{i}.ffn_down", n_embd, n_ff)
        yield from expected_norm(f"blk.{i}.layer_output_norm", n_embd)
    if config.n_label:
        yield from expected_classifier(config.n_label, n_embd)


def assemble(tensors: Tensors, config: BertConfig) -> BertWeights:
    """The loaded tensors, each in its place."""
    return BertWeights(
        token_embd=tensors.weight("token_embd.weight"),
        token_type=assemble_token_type(tensors),
        position_embd=tensors.weight("position_embd.weight").dequantize(0, config.n_ctx_train),
        token_embd_norm=assemble_norm(tensors, "token_embd_norm", config.norm_eps),
        blk=tuple(assemble_layer(tensors, f"blk.{i}.", config) for i in range(config.n_layer)),
        classifier=assemble_classifier(tensors) if config.n_label else None,
    )


def assemble_layer(tensors: Tensors, prefix: str, config: BertConfig) -> BertLayer:
    """One layer's weights."""
    return BertLayer(
        attn=assemble_attention(tensors, prefix),
        attn_output_norm=assemble_norm(tensors, prefix + "attn_output_norm", config.norm_eps),
        ffn_up=assemble_projection(tensors, prefix + "ffn_up"),
        ffn_down=assemble_projection(tensors, prefix + "ffn_down"),
        layer_output_norm=assemble_norm(tensors, prefix + "layer_output_norm", config.norm_eps),
    )


def attention(x: Array, w: BertLayer, cache: LayerCache, batch: Batch, config: BertConfig) -> Array:
    """Attention of each row to all rows of its sequence, (T, D) -> (T, D)."""
    q, k, v = queries_keys_values(x, w.attn, config.heads)  # (T, H, E), (T, K, E), (T, K, E)
    cache.write(k, v, batch)
    return join_heads(paged_attention(q, cache, batch), w.attn)


def feed_forward(x: Array, w: BertLayer) -> Array:
    """down(gelu(up(x))) of each row by itself, (T, D) -> (T, D)."""
    return project(gelu(project(x, w.ffn_up)), w.ffn_down)


def states(batch: Batch, weights: BertWeights, cache: KVCache, config: BertConfig) -> Array:
    """The last layer's rows that the batch wants: T rows of whole sequences -> (n_wanted, D)."""
    x = add_token_type(embed(batch, weights.token_embd), weights.token_type)  # (T, D)
    x = normalize(x + weights.position_embd[batch.positions], weights.token_embd_norm)
    for w, layer_cache in zip(weights.blk, cache.layers, strict=True):
        x = normalize(x + attention(x, w, layer_cache, batch, config), w.attn_output_norm)
        x = normalize(x + feed_forward(x, w), w.layer_output_norm)
    return x[batch.wanted]


def scores(rows: Array, weights: BertWeights) -> Array:
    """The scores of pairs of texts, a value per label: the first row of each, (N, D) -> (N, C)."""
    assert weights.classifier is not None, "the model does not rank"
    return classify(rows, weights.classifier)
