"""The forward pass of a BERT model, written down once more, as plainly as NumPy allows.

Everything is float64, and the weights are dequantized by the ``gguf`` package.
Shapes: T tokens, D = n_embd, H = n_head.
"""

from collections.abc import Sequence

import numpy as np
from exact_model import F64, ExactModel, attend


class ExactBert(ExactModel):
    """A BERT model in float64, opened from a GGUF."""

    def states(self, ids: Sequence[int]) -> F64:
        """The last layer's rows of one text, special tokens included, (T,) -> (T, D)."""
        x = self.weights["token_embd.weight"][list(ids)]
        x = x + self.weights["position_embd.weight"][: len(ids)]
        if "token_types.weight" in self.weights:
            x = x + self.weights["token_types.weight"][0]
        x = self._layer_norm(x, "token_embd_norm")
        for layer in range(self._key("block_count")):
            blk = f"blk.{layer}."
            x = self._layer_norm(x + self._see_everything(x, blk), f"{blk}attn_output_norm")
            x = self._layer_norm(x + self._gelu_feed_forward(x, blk), f"{blk}layer_output_norm")
        return x

    def embed(self, ids: Sequence[int]) -> F64:
        """The mean of the rows, scaled to length 1, (T,) -> (D,)."""
        vector: F64 = self.states(ids).mean(0)
        unit: F64 = vector / np.linalg.norm(vector)
        return unit

    def scores(self, ids: Sequence[int]) -> F64:
        """The scores of a pair of texts by a classifier on its first row, (T,) -> (labels,)."""
        first = self.states(ids)[:1]
        if "cls.weight" in self.weights:
            first = np.tanh(self._project(first, "cls"))
        scores: F64 = self._project(first, "cls.output")[0]
        return scores

    def _layer_norm(self, x: F64, name: str) -> F64:
        centred = x - x.mean(-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(-1, keepdims=True))
        eps = self._key("attention.layer_norm_epsilon")
        unit: F64 = centred / np.sqrt(deviation**2 + eps)
        moved: F64 = unit * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]
        return moved

    def _see_everything(self, x: F64, blk: str) -> F64:
        t = len(x)
        q, k, v = (
            self._project(x, f"{blk}attn_{name}").reshape(t, self.n_head, -1) for name in "qkv"
        )
        heads = attend(q, k, v, np.ones((t, t), dtype=bool))
        return self._project(heads.reshape(t, -1), f"{blk}attn_output")

    def _gelu_feed_forward(self, x: F64, blk: str) -> F64:
        up = self._project(x, f"{blk}ffn_up")
        gelu = up / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (up + 0.044715 * up**3)))
        return self._project(gelu, f"{blk}ffn_down")
