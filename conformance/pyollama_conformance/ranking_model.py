"""A model that ranks documents, whose scores are known beforehand, to the last bit.

It is the embedding model with an attention that passes the mean of all rows on, so that the first
row, which is scored, knows the words of the query and of the document. Three units of the
classifier ask whether enough of it points in the direction of "blue", to which all other words are
orthogonal. They ask so loudly that tanh says 1 or -1 and nothing between, and the score is how many
say 1.
"""

from pyollama_conformance.embedding_model import (
    N_EMBD,
    ROWS,
    encoder_metadata,
    encoder_tensors,
    hadamard,
)
from pyollama_conformance.gguf import F32, tensor, write

THRESHOLDS = (0.05, 0.2, 0.5)  # of the six tokens of a pair one is blue, two are, nearly all
LOUDNESS = 1024.0


def ranking_model() -> bytes:
    """The GGUF file, about 160 kB; the same bytes every time."""
    zero = [0.0] * N_EMBD
    identity = [[float(row == column) for column in range(N_EMBD)] for row in range(N_EMBD)]
    n_unit, blue = len(THRESHOLDS), [LOUDNESS / N_EMBD * value for value in hadamard(ROWS["▁blue"])]
    tensors = encoder_tensors() | {
        "blk.0.attn_v.weight": tensor(identity, F32),
        "blk.0.attn_output.weight": tensor(identity, F32),
        "cls.weight": tensor([blue] * n_unit + [zero] * (N_EMBD - n_unit), F32),
        "cls.bias": tensor([[-LOUDNESS * t for t in THRESHOLDS] + zero[n_unit:]], F32),
        "cls.output.weight": tensor([[0.5] * n_unit + zero[n_unit:]], F32),
        "cls.output.bias": tensor([[0.5 * n_unit]], F32),
    }
    metadata = encoder_metadata("conformance ranking") | {
        "bert.pooling_type": 4,  # rank
        "tokenizer.ggml.add_bos_token": True,  # [CLS] query [SEP] document [SEP]
        "tokenizer.ggml.add_eos_token": True,
        "tokenizer.ggml.add_sep_token": False,
    }
    return write(metadata, tensors)
