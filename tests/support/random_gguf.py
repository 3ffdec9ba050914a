"""Models of random weights in any format and architecture, as files that llama.cpp runs too."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf.writer import write_gguf

# Where a super-block keeps its float16 scale and minimum, and the minimum that centres the weights.
K_QUANTS = {
    GGMLType.Q2_K: (80, 82, 1.5),
    GGMLType.Q3_K: (108, None, 0.0),
    GGMLType.Q4_K: (0, 2, 7.5),
    GGMLType.Q5_K: (0, 2, 15.5),
    GGMLType.Q6_K: (208, None, 0.0),
}

QKV = ("attn_q", "attn_k", "attn_v")
ALL_BIASES = (*QKV, "attn_output", "ffn_gate", "ffn_up", "ffn_down")


@dataclass(frozen=True)
class Shape:
    """What a model is made of; by default small, yet with rows that fill a super-block."""

    arch: str = "llama"
    n_embd: int = 256
    n_ff: int = 512
    n_layer: int = 2
    n_head: int = 4
    n_head_kv: int = 2
    n_vocab: int = 320
    tied: bool = False  # without a matrix `output`
    biased: tuple[str, ...] = ()  # the projections that have a bias
    mixed: Mapping[str, GGMLType] = field(default_factory=dict)  # roles in another format

    @property
    def head(self) -> int:
        """Length of a head."""
        return self.n_embd // self.n_head


LLAMA = Shape()
LLAMA_BIASED = Shape(biased=ALL_BIASES)
QWEN2 = Shape("qwen2", biased=QKV)
QWEN2_TIED = Shape("qwen2", biased=QKV, tied=True)
QWEN2_HALF_B = Shape(  # the proportions of Qwen2 0.5B, whose rows do not fill a super-block
    "qwen2",
    n_embd=448,
    n_head=7,
    n_head_kv=1,
    biased=QKV,
    tied=True,
    mixed={"token_embd": GGMLType.Q8_0, "attn_v": GGMLType.Q8_0, "ffn_down": GGMLType.Q6_K},
)
SHAPES = {
    "llama": LLAMA,
    "llama-biased": LLAMA_BIASED,
    "qwen2": QWEN2,
    "qwen2-tied": QWEN2_TIED,
    "qwen2-0.5b": QWEN2_HALF_B,
}


def write_random_model(
    path: Path, shape: Shape, type: GGMLType, seed: int = 0, more: Mapping[str, Any] | None = None
) -> Path:
    """A model whose matrices are random weights of one format, but for the shape's ``mixed``.

    more: further keys of the file
    """
    rng = np.random.default_rng(seed)
    tensors: dict[str, tuple[NDArray[Any], GGMLType]] = {}
    for name, n_out, n_in in matrices(shape):
        role = name.rsplit(".", 1)[-1]
        kind = shape.mixed.get(role, type)
        tensors[f"{name}.weight"] = (random_rows(rng, kind, n_out, n_in), kind)
        if role in shape.biased:
            bias = rng.normal(0.0, 0.5, n_out).astype(np.float32)
            tensors[f"{name}.bias"] = (bias, GGMLType.F32)
    norms = [f"blk.{i}.{part}_norm" for i in range(shape.n_layer) for part in ("attn", "ffn")]
    for name in [*norms, "output_norm"]:
        gains = rng.uniform(0.8, 1.2, shape.n_embd).astype(np.float32)
        tensors[f"{name}.weight"] = (gains, GGMLType.F32)
    write_gguf(path, metadata(shape) | dict(more or {}), tensors)
    return path


def matrices(shape: Shape) -> Iterator[tuple[str, int, int]]:
    """Name, rows and columns of every matrix."""
    d, f, kv = shape.n_embd, shape.n_ff, shape.n_head_kv * shape.head
    yield "token_embd", shape.n_vocab, d
    if not shape.tied:
        yield "output", shape.n_vocab, d
    for i in range(shape.n_layer):
        yield f"blk.{i}.attn_q", d, d
        yield f"blk.{i}.attn_k", kv, d
        yield f"blk.{i}.attn_v", kv, d
        yield f"blk.{i}.attn_output", d, d
        yield f"blk.{i}.ffn_gate", f, d
        yield f"blk.{i}.ffn_up", f, d
        yield f"blk.{i}.ffn_down", d, f


def random_rows(rng: np.random.Generator, type: GGMLType, rows: int, columns: int) -> NDArray[Any]:
    """A random matrix in a format's own bytes, (rows, row_bytes); weights about 1/sqrt(columns)."""
    kind, std = gguf.GGMLQuantizationType(type), columns**-0.5
    if type not in K_QUANTS:
        plain = rng.standard_normal((rows, columns), np.float32) * np.float32(std)
        return np.ascontiguousarray(gguf.quants.quantize(plain, kind)).view(np.uint8)
    scale_at, minimum_at, centre = K_QUANTS[type]
    size = gguf.GGML_QUANT_SIZES[kind][1]
    blocks = rng.integers(0, 256, (rows * columns // 256, size), np.uint8)
    set_half(blocks, scale_at, 1.0)
    if minimum_at is not None:
        set_half(blocks, minimum_at, centre)
    unit = gguf.quants.dequantize(blocks, kind).std()
    scale = std / unit * rng.uniform(0.7, 1.3, len(blocks))
    set_half(blocks, scale_at, scale)
    if minimum_at is not None:
        set_half(blocks, minimum_at, scale * centre)
    return blocks.reshape(rows, -1)


def set_half(blocks: NDArray[np.uint8], offset: int, value: Any) -> None:
    """Write a float16 into each block at an offset."""
    halves = np.broadcast_to(np.asarray(value, np.float16), len(blocks)).copy()
    blocks[:, offset : offset + 2] = halves.view(np.uint8).reshape(-1, 2)


def metadata(shape: Shape) -> dict[str, Any]:
    """Hyperparameters, and a byte-level vocabulary filled up with words that no text has."""
    words = [f"<word {i}>" for i in range(shape.n_vocab - 257)]
    return {
        "general.architecture": shape.arch,
        f"{shape.arch}.context_length": 1024,
        f"{shape.arch}.embedding_length": shape.n_embd,
        f"{shape.arch}.block_count": shape.n_layer,
        f"{shape.arch}.feed_forward_length": shape.n_ff,
        f"{shape.arch}.attention.head_count": shape.n_head,
        f"{shape.arch}.attention.head_count_kv": shape.n_head_kv,
        f"{shape.arch}.attention.layer_norm_rms_epsilon": 1e-5,
        f"{shape.arch}.rope.dimension_count": shape.head,
        f"{shape.arch}.rope.freq_base": 10000.0,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": [*byte_characters(), *words, "<end>"],
        "tokenizer.ggml.token_type": [1] * (shape.n_vocab - 1) + [3],
        "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.eos_token_id": shape.n_vocab - 1,
        "tokenizer.ggml.bos_token_id": shape.n_vocab - 1,
        "tokenizer.ggml.add_bos_token": False,
    }


def byte_characters() -> list[str]:
    """GPT-2's visible character for each byte."""
    visible = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in visible else chr(next(others)) for byte in range(256)]
