"""The forward pass of a llama or qwen2 model, written down once more, as plainly as NumPy allows.

Everything is float64, and the weights are dequantized by the ``gguf`` package.
Shapes: T tokens, D = n_embd, H = n_head, K = n_head_kv, E = n_embd_head.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[Any]  # float64

# Architectures whose rotated pairs are (i, i + n_rot / 2).
NEOX = frozenset(["qwen2", "nomic-bert"])


class ExactModel:
    """A model in float64, opened from a GGUF."""

    def __init__(self, path: Path) -> None:
        reader = gguf.GGUFReader(path)
        self.weights = {t.name: self._matrix(t) for t in reader.tensors}
        self.keys = {name: field.contents() for name, field in reader.fields.items()}
        self.arch = self.keys["general.architecture"]
        self.n_head = self._key("attention.head_count")
        self.n_head_kv = self._key("attention.head_count_kv", self.n_head)

    @staticmethod
    def _matrix(tensor: Any) -> F64:
        plain = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        return np.asarray(plain, np.float64).reshape(tensor.shape[::-1])

    def _key(self, name: str, default: Any = None) -> Any:
        return self.keys.get(f"{self.arch}.{name}", default)

    def logits(self, ids: Sequence[int]) -> F64:
        """The logits after every token, (T,) -> (T, n_vocab)."""
        x = self.weights["token_embd.weight"][list(ids)]
        for layer in range(self._key("block_count")):
            x = x + self._attention(x, f"blk.{layer}.")
            x = x + self._feed_forward(x, f"blk.{layer}.")
        tied = "output.weight" not in self.weights
        return self._project(self._norm(x, "output_norm"), "token_embd" if tied else "output")

    def _norm(self, x: F64, name: str) -> F64:
        eps = self._key("attention.layer_norm_rms_epsilon")
        unit: F64 = x / np.sqrt((x * x).mean(-1, keepdims=True) + eps)
        return unit * self.weights[f"{name}.weight"]

    def _project(self, x: F64, name: str) -> F64:
        y: F64 = x @ self.weights[f"{name}.weight"].T
        return y + self.weights.get(f"{name}.bias", 0.0)

    def _attention(self, x: F64, blk: str) -> F64:
        h, t = self._norm(x, f"{blk}attn_norm"), len(x)
        q = self._rope(self._project(h, f"{blk}attn_q").reshape(t, self.n_head, -1))
        k = self._rope(self._project(h, f"{blk}attn_k").reshape(t, self.n_head_kv, -1))
        v = self._project(h, f"{blk}attn_v").reshape(t, self.n_head_kv, -1)
        heads = attend(q, k, v, np.tri(t, dtype=bool))
        return self._project(heads.reshape(t, -1), f"{blk}attn_output")

    def _rope(self, x: F64) -> F64:
        """Rotate the pairs of each head by position * base^(-2i / n_rot)."""
        n_rot = self._key("rope.dimension_count", x.shape[-1])
        base = self._key("rope.freq_base", 10000.0)
        angles = np.outer(np.arange(len(x)), base ** (-np.arange(0, n_rot, 2) / n_rot))
        first, second = np.arange(0, n_rot, 2), np.arange(1, n_rot, 2)
        if self.arch in NEOX:
            first, second = np.arange(n_rot // 2), np.arange(n_rot // 2, n_rot)
        turned = (x[..., first] + 1j * x[..., second]) * np.exp(1j * angles)[:, None, :]
        out = x.copy()
        out[..., first], out[..., second] = turned.real, turned.imag
        return out

    def _feed_forward(self, x: F64, blk: str) -> F64:
        h = self._norm(x, f"{blk}ffn_norm")
        gate, up = self._project(h, f"{blk}ffn_gate"), self._project(h, f"{blk}ffn_up")
        return self._project(gate / (1 + np.exp(-gate)) * up, f"{blk}ffn_down")


def attend(q: F64, k: F64, v: F64, visible: NDArray[np.bool_]) -> F64:
    """Grouped-query attention, (T, H, E), (T, K, E), (T, K, E) -> (T, H, E).

    visible: (T, T), whether the row's token sees the column's
    """
    shared = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, shared, axis=1), np.repeat(v, shared, axis=1)  # (T, H, E)
    scores = np.einsum("the,she->hts", q, k) / np.sqrt(q.shape[-1])
    scores = np.where(visible, scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    heads: F64 = np.einsum("hts,she->the", weights / weights.sum(-1, keepdims=True), v)
    return heads
