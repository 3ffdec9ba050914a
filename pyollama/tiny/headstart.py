"""First weights that can already copy: an induction circuit, laid out by hand before training.

Continuing "A B ... A" with "B" takes two layers that work together, and training from random
weights finds them only after many millions of tokens. Here they are given at the start:

- layer 0, heads 0 and 1, look one and two tokens back (RoPE alone decides where) and write what
  they find into the residual stream;
- layer 1, head 0, looks for a token whose predecessor is the present token, and writes that
  token back, as a guess for the next one;
- layer 1, head 2, does the same for the present token and the one before it together: sharper
  where a piece of a word stands in several places;
- the forms of one word (with a space before it, with a capital) begin with similar embeddings,
  so that a match or a guess of one is nearly one of the other.

Where these heads look is pinned: `Pins.restore` puts their weights back after every step. What
they write, and when that is trusted, is learned like everything else. Source of the circuit:
Olsson et al., "In-context Learning and Induction Heads" (2022), arXiv:2209.11895.

Shapes: D = n_embd, E = n_embd_head; a linear weight is (columns out, columns in).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pyollama.tiny.model import Block, Llama, LlamaConfig

__all__ = ["Pins", "give_head_start", "relate_forms"]

_N_CONSTANT = 4  # embedding columns that are equal for all tokens: something to tell position by
_CONSTANT = 5.0  # their value, in standard deviations of the other columns
_LOOK_BACK = 0.55  # sharpness of the look at the neighbours
_NOTE = 0.75  # how strongly the neighbours are written down, beside embeddings of 0.5
_MATCH = 3.0  # sharpness of the search for the present token
_GUESS = 3.75  # how strongly the guess is written
_COMMON, _FORM, _OWN = 0.8, 0.3, 0.5  # shares of an embedding that has a sister
_SPACE = "Ġ"  # byte 32 in the printable alphabet of byte-level BPE


@dataclass(frozen=True)
class Pins:
    """Parts of weights that training shall not move: (a view of the part, its value)."""

    parts: list[tuple[Tensor, Tensor]]

    @classmethod
    def of(cls, *views: Tensor) -> "Pins":
        """Pin these views at what they are now."""
        return cls([(view, view.clone()) for view in views])

    def restore(self) -> None:
        """Put every part back to its value."""
        with torch.no_grad():
            for view, value in self.parts:
                view.copy_(value)


def _angles(config: LlamaConfig) -> Tensor:
    """How far each pair turns from one position to the next, in radians, (E / 2,)."""
    pair = torch.arange(0, config.n_embd_head, 2, dtype=torch.float32)
    return config.rope_base ** (-pair / config.n_embd_head)


def _pointer(turn: Tensor) -> Tensor:
    """Each fast pair at its angle, (E / 2,) -> (E,); slow pairs cannot tell neighbours apart."""
    vector = torch.stack((turn.cos(), turn.sin()), dim=-1).flatten()
    vector[len(vector) // 4 :] = 0.0
    return vector


def _orthonormal(rows: int, columns: int) -> Tensor:
    """Random orthonormal rows, (rows, columns)."""
    return torch.linalg.qr(torch.randn(columns, rows))[0].T


def _look_back(block: Block, config: LlamaConfig) -> tuple[Tensor, Tensor, Tensor]:
    """Make heads 0 and 1 attend one and two tokens back.

    Gives what they read, (E, D), and where each of them writes it, (D, E) twice.
    """
    e, angles = config.n_embd_head, _angles(config)
    query, key = block.attn_q.weight, block.attn_k.weight
    query[: 2 * e], key[:e] = 0.0, 0.0
    query[:e, :_N_CONSTANT] = _LOOK_BACK * _pointer(torch.zeros_like(angles))[:, None]
    query[e : 2 * e, :_N_CONSTANT] = _LOOK_BACK * _pointer(-angles)[:, None]
    key[:e, :_N_CONSTANT] = _LOOK_BACK * _pointer(angles)[:, None]
    block.attn_v.weight[:e, :_N_CONSTANT] = 0.0  # what all tokens share tells nothing
    places = _orthonormal(2 * e, config.n_embd).T  # (D, 2E)
    block.attn_output.weight[:, : 2 * e] = _NOTE * places
    return block.attn_v.weight[:e].clone(), places[:, :e], places[:, e:]


def _match(block: Block, config: LlamaConfig, head: int, query: Tensor, key: Tensor) -> None:
    """Make a head search by these queries and keys, (E / 2, D) each, and copy what it finds.

    head must be the first of those that share its key head.
    """
    e, half = config.n_embd_head, config.n_embd_head // 2
    of_query, of_key = _rows(config, head), _rows(config, _key_head(config, head))
    block.attn_q.weight[of_query], block.attn_k.weight[of_key] = 0.0, 0.0
    # into the slow pairs, which are blind to distance
    block.attn_q.weight[of_query][half:] = _MATCH * query
    block.attn_k.weight[of_key][half:] = _MATCH * key
    back = _orthonormal(e, config.n_embd)
    block.attn_v.weight[of_key] = back
    block.attn_output.weight[:, of_query] = _GUESS * back.T


def _rows(config: LlamaConfig, head: int) -> slice:
    return slice(head * config.n_embd_head, (head + 1) * config.n_embd_head)


def _key_head(config: LlamaConfig, head: int) -> int:
    return head * config.n_head_kv // config.n_head


def give_head_start(model: Llama) -> Pins:
    """Lay the circuit into the first two layers of a model with random weights."""
    first, second, config = model.blk[0], model.blk[1], model.config
    assert isinstance(first, Block)
    assert isinstance(second, Block)
    e, half = config.n_embd_head, config.n_embd_head // 2
    pair_head = config.n_head // config.n_head_kv * (config.n_head_kv - 1)  # of the last key head
    with torch.no_grad():
        embedding = model.token_embd.weight
        embedding[:, :_N_CONSTANT] = _CONSTANT * embedding.std()
        read, once, twice = _look_back(first, config)
        _match(second, config, 0, read[:half], once.T[:half])
        pins = [_rows(config, 0)]
        if pair_head:
            query, key = read[:half] + once.T[half:], once.T[:half] + twice.T[half:]
            _match(second, config, pair_head, query, key)
            pins.append(_rows(config, pair_head))
        return Pins.of(
            embedding[:, :_N_CONSTANT],
            *(first.attn_q.weight[: 2 * e], first.attn_k.weight[:e], first.attn_v.weight[:e]),
            first.attn_output.weight[:, : 2 * e],
            *(second.attn_q.weight[rows] for rows in pins),
            *(second.attn_k.weight[: len(pins) * e],),
        )


def relate_forms(model: Llama, tokens: Sequence[str]) -> None:
    """Make the embeddings of one word's forms similar: a common part, a form's part, its own."""
    groups: dict[str, list[int]] = {}
    for token, text in enumerate(tokens):
        groups.setdefault(text.removeprefix(_SPACE).lower(), []).append(token)
    with torch.no_grad():
        embedding = model.token_embd.weight
        spread = embedding.std()
        spaced, capital = spread * torch.randn(2, embedding.shape[1])
        for group in groups.values():
            common = spread * torch.randn(embedding.shape[1])
            for token in group if len(group) > 1 else ():
                bare = tokens[token].removeprefix(_SPACE)
                form = (bare != tokens[token]) * spaced + (bare != bare.lower()) * capital
                embedding[token] = _COMMON * common + _FORM * form + _OWN * embedding[token]
