"""The two ends of a language model: tokens become rows, rows become logits.

Shapes: T rows in the batch, D = n_embd.
"""

from collections.abc import Iterator

from pyollama.models.parts.projection import Projection
from pyollama.models.tensors import Expected, Tensors, matrix, vector
from pyollama_tensor.batch import Batch
from pyollama_tensor.ops import Array, Weight, embedding


def expected_vocabulary(n_vocab: int, n_embd: int) -> Iterator[Expected]:
    """The tensors of both ends; without ``output.weight`` they are tied."""
    yield matrix("token_embd.weight", n_vocab, n_embd)
    yield matrix("output.weight", n_vocab, n_embd, optional=True)
    yield vector("output.bias", n_vocab, optional=True)


def assemble_vocabulary(tensors: Tensors) -> tuple[Weight, Projection]:
    """``token_embd`` and ``output``, whose matrix is ``token_embd`` itself where they are tied."""
    token_embd = tensors.weight("token_embd.weight")
    output = tensors.weight("output.weight") if "output.weight" in tensors else token_embd
    return token_embd, Projection(output, tensors.optional("output.bias"))


def embed(batch: Batch, token_embd: Weight) -> Array:
    """The batch's rows: of the embedding matrix by token id, or given as they are, (T, D)."""
    if batch.rows is not None:
        return batch.rows
    assert batch.tokens is not None
    return embedding(token_embd, batch.tokens)
