"""Oracles for models: the exact forward pass in float64, llama.cpp, and models to compare them on.

Shapes: T tokens, D = n_embd, H = n_head, K = n_head_kv, E = n_embd_head, G = H / K.
"""

import json
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from numpy.typing import NDArray

from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf.writer import write_gguf

F64 = NDArray[Any]  # float64
LETTER = ord("A")
N_EMBD, N_FF, N_LAYER, N_HEAD, N_HEAD_KV, N_VOCAB = 256, 512, 2, 4, 2, 320

# Where a super-block keeps its float16 scale and minimum, and the minimum that centres the weights.
K_QUANTS = {
    GGMLType.Q2_K: (80, 82, 1.5),
    GGMLType.Q3_K: (108, None, 0.0),
    GGMLType.Q4_K: (0, 2, 7.5),
    GGMLType.Q5_K: (0, 2, 15.5),
    GGMLType.Q6_K: (208, None, 0.0),
}


# The exact forward pass, written down once more, as plainly as NumPy allows.


class Exact:
    """A llama model in float64, its weights dequantized by the `gguf` package."""

    def __init__(self, path: Path) -> None:
        reader = gguf.GGUFReader(path)
        self.weights = {t.name: self._matrix(t) for t in reader.tensors}
        self.keys = {name: field.contents() for name, field in reader.fields.items()}
        self.n_head = self.keys["llama.attention.head_count"]
        self.n_head_kv = self.keys["llama.attention.head_count_kv"]

    @staticmethod
    def _matrix(tensor: Any) -> F64:
        plain = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        return np.asarray(plain, np.float64).reshape(tensor.shape[::-1])

    def logits(self, ids: Sequence[int]) -> F64:
        """The logits after every token, (T,) -> (T, n_vocab)."""
        x = self.weights["token_embd.weight"][list(ids)]
        for layer in range(self.keys["llama.block_count"]):
            x = x + self._attention(x, f"blk.{layer}.")
            x = x + self._feed_forward(x, f"blk.{layer}.")
        output = self.weights.get("output.weight", self.weights["token_embd.weight"])
        rows: F64 = self._norm(x, "output_norm.weight") @ output.T
        return rows

    def _norm(self, x: F64, name: str) -> F64:
        eps = self.keys["llama.attention.layer_norm_rms_epsilon"]
        unit: F64 = x / np.sqrt((x * x).mean(-1, keepdims=True) + eps)
        return unit * self.weights[name]

    def _attention(self, x: F64, blk: str) -> F64:
        h, (t, _) = self._norm(x, f"{blk}attn_norm.weight"), x.shape
        q = self._rope((h @ self.weights[f"{blk}attn_q.weight"].T).reshape(t, self.n_head, -1))
        k = self._rope((h @ self.weights[f"{blk}attn_k.weight"].T).reshape(t, self.n_head_kv, -1))
        v = (h @ self.weights[f"{blk}attn_v.weight"].T).reshape(t, self.n_head_kv, -1)
        shared = self.n_head // self.n_head_kv
        k, v = np.repeat(k, shared, axis=1), np.repeat(v, shared, axis=1)  # (T, H, E)
        scores = np.einsum("the,she->hts", q, k) / np.sqrt(q.shape[-1])
        scores = np.where(np.tri(t, dtype=bool), scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        heads = np.einsum("hts,she->the", weights / weights.sum(-1, keepdims=True), v)
        out: F64 = heads.reshape(t, -1) @ self.weights[f"{blk}attn_output.weight"].T
        return out

    def _rope(self, x: F64) -> F64:
        """Rotate the pairs (2i, 2i + 1) of each head by position * base^(-2i / n_rot)."""
        n_rot = self.keys["llama.rope.dimension_count"]
        base = self.keys.get("llama.rope.freq_base", 10000.0)
        angles = np.outer(np.arange(len(x)), base ** (-np.arange(0, n_rot, 2) / n_rot))
        turn = np.exp(1j * angles)[:, None, :]
        turned = (x[..., 0:n_rot:2] + 1j * x[..., 1:n_rot:2]) * turn
        out = x.copy()
        out[..., 0:n_rot:2], out[..., 1:n_rot:2] = turned.real, turned.imag
        return out

    def _feed_forward(self, x: F64, blk: str) -> F64:
        h = self._norm(x, f"{blk}ffn_norm.weight")
        gate = h @ self.weights[f"{blk}ffn_gate.weight"].T
        up = h @ self.weights[f"{blk}ffn_up.weight"].T
        out: F64 = (gate / (1 + np.exp(-gate)) * up) @ self.weights[f"{blk}ffn_down.weight"].T
        return out


class LlamaCpp:
    """llama.cpp as the `xllamacpp` package builds it (AVX2), asked through its own HTTP server."""

    def __init__(self, path: Path, *, exact_cache: bool = False) -> None:
        x = pytest.importorskip("xllamacpp", reason="xllamacpp has no wheel for this platform")
        params = x.CommonParams()
        params.model.path = str(path)
        params.n_ctx, params.n_parallel, params.port, params.verbosity = 512, 1, 0, -1
        params.cpuparams.n_threads, params.warmup = 1, False
        if exact_cache:
            params.cache_type_k = params.cache_type_v = x.ggml_type.GGML_TYPE_F32
        self.server = x.Server(params)

    def complete(self, ids: Sequence[int], **more: Any) -> Any:
        """The answer of /completion to a prompt of token ids, at temperature 0."""
        body = {"prompt": list(ids), "temperature": 0, "cache_prompt": False, **more}
        address = f"{self.server.listening_address}/completion"
        request = urllib.request.Request(address, json.dumps(body).encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def greedy(self, ids: Sequence[int], n: int) -> list[int]:
        """The n most probable tokens after a prompt, end-of-text tokens left out."""
        answer = self.complete(ids, n_predict=n, ignore_eos=True, return_tokens=True)
        return list(answer["tokens"])

    def log_probabilities(self, ids: Sequence[int], n_vocab: int) -> F64:
        """The log probability of every token after a prompt, (n_vocab,)."""
        # The bias picks a token that is a whole character (else the answer would wait for the
        # rest of it); the probabilities are those from before it.
        answer = self.complete(ids, n_predict=1, n_probs=n_vocab, logit_bias=[[LETTER, 1000]])
        row = np.full(n_vocab, np.nan)
        for token in answer["completion_probabilities"][0]["top_logprobs"]:
            row[token["id"]] = token["logprob"]
        assert not np.isnan(row).any()
        return row


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
    halves = np.broadcast_to(np.asarray(value, np.float16), len(blocks)).copy()
    blocks[:, offset : offset + 2] = halves.view(np.uint8).reshape(-1, 2)


def write_random_model(path: Path, type: GGMLType, seed: int = 0) -> Path:
    """A llama model whose every matrix is random weights of one format."""
    rng = np.random.default_rng(seed)
    head = N_EMBD // N_HEAD
    shapes = {"token_embd": (N_VOCAB, N_EMBD), "output": (N_VOCAB, N_EMBD)}
    for i in range(N_LAYER):
        shapes |= {f"blk.{i}.attn_{part}": (N_EMBD, N_EMBD) for part in ("q", "output")}
        shapes |= {f"blk.{i}.attn_{part}": (N_HEAD_KV * head, N_EMBD) for part in ("k", "v")}
        shapes |= {f"blk.{i}.ffn_{part}": (N_FF, N_EMBD) for part in ("gate", "up")}
        shapes |= {f"blk.{i}.ffn_down": (N_EMBD, N_FF)}
    tensors: dict[str, tuple[NDArray[Any], GGMLType]] = {
        f"{name}.weight": (random_rows(rng, type, *shape), type) for name, shape in shapes.items()
    }
    norms = [f"blk.{i}.{part}_norm" for i in range(N_LAYER) for part in ("attn", "ffn")]
    for name in [*norms, "output_norm"]:
        gains = rng.uniform(0.8, 1.2, N_EMBD).astype(np.float32)
        tensors[f"{name}.weight"] = (gains, GGMLType.F32)
    write_gguf(path, metadata(head), tensors)
    return path


def metadata(head: int) -> dict[str, Any]:
    """Hyperparameters, and a byte-level vocabulary filled up with words that no text has."""
    words = [f"<word {i}>" for i in range(N_VOCAB - 257)]
    return {
        "general.architecture": "llama",
        "llama.context_length": 1024,
        "llama.embedding_length": N_EMBD,
        "llama.block_count": N_LAYER,
        "llama.feed_forward_length": N_FF,
        "llama.attention.head_count": N_HEAD,
        "llama.attention.head_count_kv": N_HEAD_KV,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": head,
        "llama.rope.freq_base": 10000.0,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": [*byte_characters(), *words, "<end>"],
        "tokenizer.ggml.token_type": [1] * (N_VOCAB - 1) + [3],
        "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.eos_token_id": N_VOCAB - 1,
        "tokenizer.ggml.bos_token_id": N_VOCAB - 1,
        "tokenizer.ggml.add_bos_token": False,
    }


def byte_characters() -> list[str]:
    """GPT-2's visible character for each byte."""
    visible = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in visible else chr(next(others)) for byte in range(256)]


@pytest.fixture(scope="session")
def exact() -> type[Exact]:
    """The exact forward pass: Exact(path).logits(ids)."""
    return Exact


@pytest.fixture(scope="session")
def llamacpp() -> type[LlamaCpp]:
    """llama.cpp: LlamaCpp(path).greedy(ids, n), .log_probabilities(ids, n_vocab)."""
    return LlamaCpp


@pytest.fixture(scope="session")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[GGMLType], Path]:
    """Writes a random model of one format, once per session."""
    folder = tmp_path_factory.mktemp("models")

    def write(type: GGMLType) -> Path:
        path = folder / f"{type.name}.gguf"
        return path if path.exists() else write_random_model(path, type)

    return write
