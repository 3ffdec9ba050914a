"""Small random models for tests, built in memory and written as real GGUF files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import write_gguf
from pyollama_tensor.types import F32

N_VOCAB, N_EMBD, N_LAYER, N_HEAD, N_HEAD_KV, N_FF, N_CTX = 270, 64, 2, 4, 2, 96, 512
N_EMBD_HEAD = N_EMBD // N_HEAD

CHAT_TEMPLATE = (
    "{# Of the tests alone, and with a remark so long that whoever compares it, character by "
    "character, with the chat templates of well-known models takes it for none of them. #}"
    "{% for message in messages %}<{{ message.role }}>{{ message.content }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def byte_alphabet() -> list[str]:
    """The 256 printable characters that stand for bytes in a byte-level vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    letters = {byte: chr(byte) for byte in plain}
    letters |= {byte: chr(256 + i) for i, byte in enumerate(rest)}
    return [letters[byte] for byte in range(256)]


def metadata(**changes: Any) -> dict[str, Any]:
    """The keys of a working model; a change of None leaves a key out. Dots are written as __."""
    letters = byte_alphabet()
    merges = ["t h", "th e", "i n", "a n"]
    specials = ["<|end|>", "<|bos|>", *[f"<|unused{i}|>" for i in range(N_VOCAB - 262)]]
    tokens = [*letters, *[merge.replace(" ", "") for merge in merges], *specials]
    keys: dict[str, Any] = {
        "general.architecture": "llama",
        "general.name": "tiny test",
        "general.file_type": 0,
        "llama.context_length": N_CTX,
        "llama.embedding_length": N_EMBD,
        "llama.block_count": N_LAYER,
        "llama.feed_forward_length": N_FF,
        "llama.attention.head_count": N_HEAD,
        "llama.attention.head_count_kv": N_HEAD_KV,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.freq_base": 10000.0,
        "llama.rope.dimension_count": N_EMBD_HEAD,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [1] * 260 + [3] * (N_VOCAB - 260),
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.bos_token_id": 261,
        "tokenizer.ggml.eos_token_id": 260,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": CHAT_TEMPLATE,
    }
    keys |= {key.replace("__", "."): value for key, value in changes.items()}
    return {key: value for key, value in keys.items() if value is not None}


def weights(seed: int = 0) -> dict[str, F32]:
    """Random weights by GGUF name, scaled so that activations keep their size."""
    random = np.random.default_rng(seed)

    def matrix(n_out: int, n_in: int) -> F32:
        return random.normal(0.0, n_in**-0.5, (n_out, n_in)).astype(np.float32)

    def norm() -> F32:
        return random.uniform(0.5, 1.5, N_EMBD).astype(np.float32)

    kv = N_HEAD_KV * N_EMBD_HEAD
    tensors = {"token_embd.weight": matrix(N_VOCAB, N_EMBD), "output_norm.weight": norm()}
    for i in range(N_LAYER):
        tensors |= {
            f"blk.{i}.attn_norm.weight": norm(),
            f"blk.{i}.attn_q.weight": matrix(N_EMBD, N_EMBD),
            f"blk.{i}.attn_k.weight": matrix(kv, N_EMBD),
            f"blk.{i}.attn_v.weight": matrix(kv, N_EMBD),
            f"blk.{i}.attn_output.weight": matrix(N_EMBD, N_EMBD),
            f"blk.{i}.ffn_norm.weight": norm(),
            f"blk.{i}.ffn_gate.weight": matrix(N_FF, N_EMBD),
            f"blk.{i}.ffn_up.weight": matrix(N_FF, N_EMBD),
            f"blk.{i}.ffn_down.weight": matrix(N_EMBD, N_FF),
        }
    return tensors


def write_model(
    path: Path,
    keys: Mapping[str, Any] | None = None,
    tensors: Mapping[str, F32] | None = None,
    matrix_type: GGMLType = GGMLType.F32,
) -> Path:
    """Write a model; vectors stay F32, matrices take the given type."""
    chosen = weights() if tensors is None else tensors
    typed = {
        name: (array, GGMLType.F32 if array.ndim == 1 else matrix_type)
        for name, array in chosen.items()
    }
    write_gguf(path, metadata() if keys is None else keys, typed)
    return path
