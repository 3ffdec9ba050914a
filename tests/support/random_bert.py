"""BERT models of random weights, and of its kin, as files that llama.cpp runs too."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from random_gguf import random_rows

from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf.writer import write_gguf

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = ("hello", "world", "why", "is", "the", "sky", "blue", "un", "aff", "wor")
CONTINUED = ("able", "ld", "s", "ing")  # pieces that go on with a word
PUNCTUATION = "!,.?'-"
TABLES = ("position_embd", "token_types")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class BertShape:
    """What a model is made of; small, yet with rows that fill a block of 32."""

    arch: str = "bert"
    n_embd: int = 64
    n_ff: int = 128
    n_layer: int = 2
    n_head: int = 4
    n_ctx: int = 128
    n_token_types: int = 2
    pooling_type: int | None = 1
    biased: bool = True
    float_tables: bool = False  # positions and types are F32, as llama.cpp wants it
    n_label: int = 0  # scores that a classifier gives
    has_dense: bool = True  # whether the classifier has a layer before its last


def bert_vocabulary() -> list[str]:
    """Special tokens, words, punctuation, and every letter at the beginning and inside a word."""
    begun = [f"▁{piece}" for piece in (*WORDS, *PUNCTUATION, *LETTERS)]
    return [*SPECIAL, *begun, *CONTINUED, *(c for c in LETTERS if c not in CONTINUED)]


def bert_metadata(shape: BertShape, **more: Any) -> dict[str, Any]:
    """Hyperparameters and vocabulary; ``more`` keys replace others, dots written as two lines."""
    tokens = bert_vocabulary()
    arch = shape.arch
    metadata = {
        "general.architecture": arch,
        "general.name": "random bert",
        "general.file_type": 0,
        f"{arch}.context_length": shape.n_ctx,
        f"{arch}.embedding_length": shape.n_embd,
        f"{arch}.block_count": shape.n_layer,
        f"{arch}.feed_forward_length": shape.n_ff,
        f"{arch}.attention.head_count": shape.n_head,
        f"{arch}.attention.layer_norm_epsilon": 1e-12,
        f"{arch}.attention.causal": False,
        f"{arch}.pooling_type": shape.pooling_type,
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [3 if token in SPECIAL else 1 for token in tokens],
        "tokenizer.ggml.token_type_count": shape.n_token_types,
        "tokenizer.ggml.unknown_token_id": 1,
        "tokenizer.ggml.seperator_token_id": 3,
        "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.cls_token_id": 2,
        "tokenizer.ggml.mask_token_id": 4,
        "tokenizer.ggml.bos_token_id": 2,
        "tokenizer.ggml.eos_token_id": 3,
    } | {key.replace("__", "."): value for key, value in more.items()}
    if shape.n_label > 1:
        labels = [f"label {i}" for i in range(shape.n_label)]
        metadata.setdefault(f"{arch}.classifier.output_labels", labels)
    return {key: value for key, value in metadata.items() if value is not None}


def write_random_bert(
    path: Path,
    shape: BertShape | None = None,
    type: GGMLType = GGMLType.F32,
    seed: int = 0,
    **more: Any,
) -> Path:
    """A model whose matrices are random weights of one format; ``more`` is metadata."""
    shape = shape or BertShape()
    rng = np.random.default_rng(seed)
    tensors: dict[str, tuple[NDArray[Any], GGMLType]] = {}
    for name, n_out, n_in in matrices(shape):
        own = GGMLType.F32 if shape.float_tables and name in TABLES else type
        tensors[f"{name}.weight"] = (random_rows(rng, own, n_out, n_in), own)
        if shape.biased and shape.arch == "bert" and name.startswith("blk."):
            bias = rng.normal(0.0, 0.3, n_out).astype(np.float32)
            tensors[f"{name}.bias"] = (bias, GGMLType.F32)
    for name in norms(shape):
        gain = rng.uniform(0.7, 1.3, shape.n_embd).astype(np.float32)
        bias = rng.normal(0.0, 0.1, shape.n_embd).astype(np.float32)
        tensors[f"{name}.weight"] = (gain, GGMLType.F32)
        tensors[f"{name}.bias"] = (bias, GGMLType.F32)
    for name, n_out in classifier(shape):
        tensors[f"{name}.weight"] = (random_rows(rng, type, n_out, shape.n_embd), type)
        bias = rng.normal(0.0, 0.3, n_out).astype(np.float32)
        tensors[f"{name}.bias"] = (bias, GGMLType.F32)
    write_gguf(path, bert_metadata(shape, **more), tensors)
    return path


def matrices(shape: BertShape) -> Iterator[tuple[str, int, int]]:
    """Name, rows and columns of every matrix."""
    d, f = shape.n_embd, shape.n_ff
    yield "token_embd", len(bert_vocabulary()), d
    if shape.arch == "bert":
        yield "position_embd", shape.n_ctx, d
    if shape.n_token_types:
        yield "token_types", shape.n_token_types, d
    for i in range(shape.n_layer):
        if shape.arch == "bert":
            yield from ((f"blk.{i}.attn_{part}", d, d) for part in ("q", "k", "v"))
        else:
            yield f"blk.{i}.attn_qkv", 3 * d, d
            yield f"blk.{i}.ffn_gate", f, d
        yield f"blk.{i}.attn_output", d, d
        yield f"blk.{i}.ffn_up", f, d
        yield f"blk.{i}.ffn_down", d, f


def classifier(shape: BertShape) -> Iterator[tuple[str, int]]:
    """Name and rows of the matrices that make scores of a text's first row."""
    if shape.n_label and shape.has_dense:
        yield "cls", shape.n_embd
    if shape.n_label:
        yield "cls.output", shape.n_label


def norms(shape: BertShape) -> Iterator[str]:
    """Every LayerNorm."""
    yield "token_embd_norm"
    for i in range(shape.n_layer):
        yield f"blk.{i}.attn_output_norm"
        yield f"blk.{i}.layer_output_norm"
