"""A model that makes embeddings whose numbers are known beforehand, to the last bit.

It is a real BERT, run by real inference, whose attention, feed-forward and position weights are
zero. A token's row is one of the rows of a Hadamard matrix, which hold nothing but 1 and -1, as
many of each, so that LayerNorm changes nothing; the vector of a text is the mean of its tokens'
rows, scaled to length 1. Different rows are orthogonal: the mean of four has the length 4, and the
scaled values are small fractions of two, which every processor computes alike.
"""

from pyollama_conformance.gguf import F32, Tensor, Value, tensor, write

N_EMBD = 64
N_HEAD = 4
N_FF = 64
N_CTX = 64
ROWS = {"[PAD]": 1, "[UNK]": 2, "[CLS]": 4, "[SEP]": 7, "[MASK]": 3}
ROWS |= {"▁hello": 5, "▁world": 6, "▁blue": 9, "▁sky": 10, "s": 11}


def hadamard(row: int) -> list[float]:
    """One row of Sylvester's matrix of order N_EMBD."""
    return [-1.0 if (row & column).bit_count() % 2 else 1.0 for column in range(N_EMBD)]


def vector(*words: str) -> list[float]:
    """The vector of a text of two words that are one token each."""
    rows = [hadamard(ROWS[token]) for token in ("[CLS]", *(f"▁{word}" for word in words), "[SEP]")]
    assert len(rows) == 4
    return [sum(column) / 16 for column in zip(*rows, strict=True)]  # mean / 4


def embedding_model() -> bytes:
    """The GGUF file, about 140 kB; the same bytes every time."""
    return write(encoder_metadata("conformance embedding"), encoder_tensors())


def encoder_tensors() -> dict[str, Tensor]:
    """The weights."""
    zero = [0.0] * N_EMBD
    square = tensor([zero] * N_EMBD, F32)
    tensors: dict[str, Tensor] = {
        "token_embd.weight": tensor([hadamard(row) for row in ROWS.values()], F32),
        "token_types.weight": tensor([zero, zero], F32),
        "position_embd.weight": tensor([zero] * N_CTX, F32),
    }
    for part in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"):
        tensors[f"blk.0.{part}.weight"] = square
        tensors[f"blk.0.{part}.bias"] = tensor([zero], F32)
    for norm in ("token_embd_norm", "blk.0.attn_output_norm", "blk.0.layer_output_norm"):
        tensors[f"{norm}.weight"] = tensor([[1.0] * N_EMBD], F32)
        tensors[f"{norm}.bias"] = tensor([zero], F32)
    return tensors


def encoder_metadata(name: str) -> dict[str, Value]:
    """The hyperparameters and the vocabulary of a model of this name."""
    tokens = list(ROWS)
    return {
        "general.architecture": "bert",
        "general.name": name,
        "general.file_type": 0,  # F32
        "bert.context_length": N_CTX,
        "bert.embedding_length": N_EMBD,
        "bert.block_count": 1,
        "bert.feed_forward_length": N_FF,
        "bert.attention.head_count": N_HEAD,
        "bert.attention.layer_norm_epsilon": 1e-12,
        "bert.attention.causal": False,
        "bert.pooling_type": 1,  # the mean
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [3 if token.startswith("[") else 1 for token in tokens],
        "tokenizer.ggml.token_type_count": 2,
        "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.unknown_token_id": 1,
        "tokenizer.ggml.cls_token_id": 2,
        "tokenizer.ggml.bos_token_id": 2,
        "tokenizer.ggml.seperator_token_id": 3,
        "tokenizer.ggml.eos_token_id": 3,
        "tokenizer.ggml.mask_token_id": 4,
    }
