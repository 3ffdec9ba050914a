#!/usr/bin/env python3
"""A GGUF file with random weights at a real model's shape: as fast or slow as the real one.

    python benchmarks/random_model.py OUT.gguf [--shape llama-1b] [--type q4_k_m] [--seed 0]

Quantized blocks are random bytes with scales of a sensible size; the formats are mixed over the
tensors as llama.cpp mixes them. What the model says means nothing.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf.writer import write_gguf


@dataclass(frozen=True)
class Shape:
    """The sizes of a model, which is a llama or, with biases on q, k and v, a qwen2."""

    n_embd: int
    n_layer: int
    n_head: int
    n_head_kv: int
    n_ff: int
    n_vocab: int
    architecture: str = "llama"

    @property
    def n_embd_kv(self) -> int:
        """Values of a position's keys, and of its values, in one layer."""
        return self.n_embd // self.n_head * self.n_head_kv


SHAPES = {
    "llama-1b": Shape(2048, 16, 32, 8, 8192, 128256),
    "llama-3b": Shape(3072, 28, 24, 8, 8192, 128256),
    "llama-8b-4-layers": Shape(4096, 4, 32, 8, 14336, 128256),
    "qwen2-0.5b": Shape(896, 24, 14, 2, 4864, 151936, "qwen2"),
    "qwen2-8m": Shape(384, 4, 6, 2, 1024, 4096, "qwen2"),
    "llama-160m": Shape(768, 12, 12, 12, 3072, 32000),
    "llama-2m": Shape(256, 2, 4, 4, 512, 1024),
}
TYPES = {"q4_k_m": GGMLType.Q4_K, "q4_0": GGMLType.Q4_0, "q8_0": GGMLType.Q8_0, "f16": GGMLType.F16}
FILE_TYPES = {"q4_k_m": 15, "q4_0": 2, "q8_0": 7, "f16": 1}  # general.file_type
STD = 0.02  # of the weights
CONTEXT_LENGTH = 8192

# What takes the place of a type whose blocks do not fill the rows.
FALL_BACKS = {GGMLType.Q4_K: GGMLType.Q5_0, GGMLType.Q6_K: GGMLType.Q8_0}

# Where a block keeps its float16 scales, and their size for weights of standard deviation 1.
SCALES = {
    GGMLType.Q8_0: [(0, 1 / 73)],
    GGMLType.Q4_0: [(0, 1 / 4.6)],
    GGMLType.Q5_0: [(0, 1 / 9.2)],
    GGMLType.Q4_K: [(0, 1 / 166), (2, 1 / 22)],
    GGMLType.Q6_K: [(208, 1 / 1314)],
}

Tensors = dict[str, tuple[NDArray[Any], GGMLType]]


def random_model(path: Path, shape: Shape, mix: str, seed: int = 0) -> None:
    """Write the file; a 1B model in Q4_K_M takes 0.8 GB and some seconds."""
    rng = np.random.default_rng(seed)
    rows, columns = shape.n_vocab, shape.n_embd
    embedding = {"q8_0": GGMLType.Q8_0, "f16": GGMLType.F16}.get(mix, GGMLType.Q6_K)
    embedding = fitting(embedding, columns)
    tensors: Tensors = {"token_embd.weight": (blocks(rng, embedding, rows, columns), embedding)}
    for layer in range(shape.n_layer):
        tensors |= layer_tensors(rng, shape, mix, layer)
    tensors["output_norm.weight"] = (np.ones(shape.n_embd, np.float32), GGMLType.F32)
    write_gguf(path, metadata(shape, mix), tensors)


def layer_tensors(rng: np.random.Generator, shape: Shape, mix: str, layer: int) -> Tensors:
    """The tensors of one layer."""
    d, f, kv = shape.n_embd, shape.n_ff, shape.n_embd_kv
    sizes = {
        "attn_q": (d, d), "attn_k": (kv, d), "attn_v": (kv, d), "attn_output": (d, d),
        "ffn_gate": (f, d), "ffn_up": (f, d), "ffn_down": (d, f),
    }  # fmt: skip
    tensors: Tensors = {}
    for role, (rows, columns) in sizes.items():
        kind = fitting(format_of(mix, role, layer, shape.n_layer), columns)
        tensors[f"blk.{layer}.{role}.weight"] = (blocks(rng, kind, rows, columns), kind)
    for norm in ("attn_norm", "ffn_norm"):
        tensors[f"blk.{layer}.{norm}.weight"] = (np.ones(d, np.float32), GGMLType.F32)
    if shape.architecture == "qwen2":
        for role, n in (("attn_q", d), ("attn_k", kv), ("attn_v", kv)):
            bias = rng.standard_normal(n, np.float32) * np.float32(STD)
            tensors[f"blk.{layer}.{role}.bias"] = (bias, GGMLType.F32)
    return tensors


def fitting(kind: GGMLType, columns: int) -> GGMLType:
    """The type itself, or the one that takes its place where its blocks do not fill a row."""
    return FALL_BACKS.get(kind, kind) if columns % kind.block_size else kind


def format_of(mix: str, role: str, layer: int, n_layer: int) -> GGMLType:
    """Q4_K_M keeps the most sensitive matrices in Q6_K: in the outer layers, and in every third."""
    eighth = n_layer // 8
    more = layer < eighth or layer >= 7 * eighth or (layer - eighth) % 3 == 2
    if mix == "q4_k_m" and more and role in ("attn_v", "ffn_down"):
        return GGMLType.Q6_K
    return TYPES[mix]


def blocks(rng: np.random.Generator, kind: GGMLType, rows: int, columns: int) -> NDArray[Any]:
    """A random matrix in a format's bytes, (rows, row_bytes)."""
    if kind == GGMLType.F16:
        plain = rng.standard_normal((rows, columns), np.float32) * np.float32(STD)
        return plain.astype(np.float16)
    n = rows * columns // kind.block_size
    data = np.frombuffer(rng.bytes(n * kind.type_size), np.uint8).reshape(n, -1).copy()
    for offset, unit in SCALES[kind]:
        scale = (STD * unit * rng.uniform(0.7, 1.3, n)).astype(np.float16)
        data[:, offset : offset + 2] = scale.view(np.uint8).reshape(n, 2)
    return data.reshape(rows, -1)


def metadata(shape: Shape, mix: str) -> dict[str, Any]:
    """All keys of the file: sizes, and a byte-level vocabulary filled up with made-up words."""
    visible = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    characters = [chr(byte) if byte in visible else chr(next(others)) for byte in range(256)]
    words = [f"word{i}" for i in range(shape.n_vocab - 258)]
    return sizes(shape) | {
        "general.architecture": shape.architecture,
        "general.name": "random weights",
        "general.file_type": FILE_TYPES[mix],
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.tokens": [*characters, *words, "<|begin|>", "<|end|>"],
        "tokenizer.ggml.token_type": [1] * (shape.n_vocab - 2) + [3, 3],
        "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.bos_token_id": shape.n_vocab - 2,
        "tokenizer.ggml.eos_token_id": shape.n_vocab - 1,
        "tokenizer.ggml.add_bos_token": False,
    }


def sizes(shape: Shape) -> dict[str, Any]:
    """Hyperparameters under the architecture's prefix."""
    keys = {
        "context_length": CONTEXT_LENGTH,
        "embedding_length": shape.n_embd,
        "block_count": shape.n_layer,
        "feed_forward_length": shape.n_ff,
        "attention.head_count": shape.n_head,
        "attention.head_count_kv": shape.n_head_kv,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "rope.dimension_count": shape.n_embd // shape.n_head,
        "rope.freq_base": 500000.0,
        "vocab_size": shape.n_vocab,
    }
    return {f"{shape.architecture}.{key}": value for key, value in keys.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--shape", choices=SHAPES, default="llama-1b")
    parser.add_argument("--type", choices=TYPES, default="q4_k_m")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random_model(options.out, SHAPES[options.shape], options.type, options.seed)
