"""BERT's token types, which tell two texts in one sequence apart; a text alone has type 0.

So has here every row of a pair that is ranked: scores are to be those of llama.cpp, which knows no
other type.
Paper: arXiv:1810.04805, where they are called segments. Shapes: T rows, D = n_embd.
"""

from collections.abc import Iterator

from pyollama.models.hyperparameters import Hyperparameters, ModelError
from pyollama.models.tensors import Expected, Tensors, matrix
from pyollama_tensor.ops import Array

COUNT = "tokenizer.ggml.token_type_count"
MAX_TYPES = 1 << 16


def read_token_types(keys: Hyperparameters) -> int:
    """How many types a file has, 0 if it names none. Raises ModelError."""
    count = keys.metadata.get(COUNT, 0)
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MAX_TYPES:
        raise ModelError(f"{COUNT} is not an integer within 0 to {MAX_TYPES}")
    return count


def expected_token_types(n_type: int, n_embd: int) -> Iterator[Expected]:
    """The table of types, which a model may do without."""
    yield matrix("token_types.weight", n_type, n_embd, optional=True)


def assemble_token_type(tensors: Tensors) -> Array | None:
    """The row of type 0, (D,); None if the model has no types."""
    if "token_types.weight" not in tensors:
        return None
    row: Array = tensors.weight("token_types.weight").dequantize(0, 1)[0]
    return row


def add_token_type(x: Array, token_type: Array | None) -> Array:
    """Tell each row that it is of the first text, (T, D) -> (T, D)."""
    return x if token_type is None else x + token_type
