"""The network that becomes `tiny`, in plain torch: llama's architecture, written to be trained.

The same computation as `pyollama/models/llama.py`, which serves it: RMSNorm, RoPE that turns the
neighbouring pair (2i, 2i+1), grouped-query attention, SwiGLU, and one matrix for both the input
embedding and the output (tied). Parameters carry their GGUF names, so exporting needs no table.

Papers: arXiv:2302.13971 (Llama), 2104.09864 (RoPE), 2305.13245 (GQA), 2002.05202 (SwiGLU).
Shapes: B documents of T tokens, D = n_embd, H = n_head, K = n_head_kv, E = n_embd_head.
"""

# mypy: allow-subclassing-any

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own customary name)
from torch import Tensor, nn

__all__ = ["Llama", "LlamaConfig"]

# Standard deviation of the first embeddings: large beside one step of training, so that what the
# layers read from them stays readable while they move.
_SPREAD = 0.5


@dataclass(frozen=True)
class LlamaConfig:
    """Sizes of the network; the comment names each one's GGUF key."""

    n_vocab: int  # llama.vocab_size
    n_ctx: int = 2048  # llama.context_length
    n_embd: int = 256  # llama.embedding_length
    n_layer: int = 5  # llama.block_count
    n_ff: int = 512  # llama.feed_forward_length
    n_head: int = 4  # llama.attention.head_count
    n_head_kv: int = 2  # llama.attention.head_count_kv
    norm_eps: float = 1e-5  # llama.attention.layer_norm_rms_epsilon
    rope_base: float = 100000.0  # llama.rope.freq_base

    @property
    def n_embd_head(self) -> int:
        """Columns of one head."""
        return self.n_embd // self.n_head


def rotations(config: LlamaConfig) -> tuple[Tensor, Tensor]:
    """Cosine and sine of every position's turn of every pair, (n_ctx, E / 2) each."""
    pair = torch.arange(0, config.n_embd_head, 2, dtype=torch.float32)
    frequency = config.rope_base ** (-pair / config.n_embd_head)  # (E / 2,)
    angle = torch.outer(torch.arange(config.n_ctx, dtype=torch.float32), frequency)
    return angle.cos(), angle.sin()


def rope(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair (2i, 2i+1) of x (B, T, heads, E) by its position's angle."""
    even, odd = x[..., 0::2], x[..., 1::2]  # (B, T, heads, E / 2)
    c, s = cos[: x.shape[1], None, :], sin[: x.shape[1], None, :]
    return torch.stack((even * c - odd * s, even * s + odd * c), dim=-1).flatten(-2)


class Block(nn.Module):
    """One layer: attention, then a feed-forward network, each added to its own input."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.config = config
        n_embd, n_kv = config.n_embd, config.n_head_kv * config.n_embd_head
        self.attn_norm = nn.RMSNorm(n_embd, eps=config.norm_eps)
        self.attn_q = nn.Linear(n_embd, n_embd, bias=False)
        self.attn_k = nn.Linear(n_embd, n_kv, bias=False)
        self.attn_v = nn.Linear(n_embd, n_kv, bias=False)
        self.attn_output = nn.Linear(n_embd, n_embd, bias=False)
        self.ffn_norm = nn.RMSNorm(n_embd, eps=config.norm_eps)
        self.ffn_gate = nn.Linear(n_embd, config.n_ff, bias=False)
        self.ffn_up = nn.Linear(n_embd, config.n_ff, bias=False)
        self.ffn_down = nn.Linear(config.n_ff, n_embd, bias=False)

    def attention(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Causal grouped-query attention, (B, T, D) -> (B, T, D)."""
        heads = (*x.shape[:2], -1, self.config.n_embd_head)
        q = rope(self.attn_q(x).reshape(heads), cos, sin)  # (B, T, H, E)
        k = rope(self.attn_k(x).reshape(heads), cos, sin)  # (B, T, K, E)
        v = self.attn_v(x).reshape(heads)  # (B, T, K, E)
        share = self.config.n_head // self.config.n_head_kv  # query heads per key head
        k, v = k.repeat_interleave(share, dim=2), v.repeat_interleave(share, dim=2)
        out = F.scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True
        )  # (B, H, T, E)
        mixed: Tensor = self.attn_output(out.transpose(1, 2).reshape(x.shape))
        return mixed

    def feed_forward(self, x: Tensor) -> Tensor:
        """SwiGLU, (B, T, D) -> (B, T, D)."""
        out: Tensor = self.ffn_down(F.silu(self.ffn_gate(x)) * self.ffn_up(x))
        return out

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Both halves of the layer, (B, T, D) -> (B, T, D)."""
        x = x + self.attention(self.attn_norm(x), cos, sin)
        return x + self.feed_forward(self.ffn_norm(x))


class Llama(nn.Module):
    """Token ids (B, T) to the last hidden rows; `logits` turns the rows that matter into scores."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embd = nn.Embedding(config.n_vocab, config.n_embd)
        self.blk = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.output_norm = nn.RMSNorm(config.n_embd, eps=config.norm_eps)
        cos, sin = rotations(config)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.apply(self._initialise)
        # keeps the first scores small although the embedding, which is also the output, is large
        nn.init.constant_(self.output_norm.weight, 0.02 / _SPREAD)

    def _initialise(self, module: nn.Module) -> None:
        """Small normal weights; what is added to the residual stream starts at zero."""
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=_SPREAD)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
        if isinstance(module, Block):
            nn.init.zeros_(module.attn_output.weight)
            nn.init.zeros_(module.ffn_down.weight)

    def forward(self, tokens: Tensor) -> Tensor:
        """Hidden rows after the last norm, (B, T) -> (B, T, D)."""
        x = self.token_embd(tokens)  # (B, T, D)
        for block in self.blk:
            x = block(x, self.cos, self.sin)
        rows: Tensor = self.output_norm(x)
        return rows

    def logits(self, rows: Tensor) -> Tensor:
        """Scores of every token for hidden rows (..., D) -> (..., n_vocab)."""
        return F.linear(rows, self.token_embd.weight)
