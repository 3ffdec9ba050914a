"""BERT: right to float64, whatever is beside it in a pass, and careful with files that lie."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exact_bert import ExactBert
from random_bert import BertShape, bert_vocabulary, write_random_bert

from pyollama.engine.encoder import whole_texts
from pyollama.models.hyperparameters import ModelError
from pyollama.models.loader import Model, load_model
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import open_gguf
from pyollama_tensor.types import F32

Load = Callable[[Path], Model]
RNG = np.random.default_rng(5)
N_VOCAB = len(bert_vocabulary())
TEXTS = [RNG.integers(0, N_VOCAB, n).tolist() for n in (1, 2, 31, 32, 33, 70, 128)]


def states(model: Model, texts: Sequence[Sequence[int]]) -> list[F32]:
    """The rows of several texts that are computed in one pass."""
    rows = model.states(whole_texts(texts, model), model.new_cache_for_one_pass(16))
    return np.split(rows, np.cumsum([len(text) for text in texts])[:-1])


@pytest.mark.parametrize("shape", [BertShape(), BertShape(n_token_types=0, biased=False)], ids=str)
@pytest.mark.usefixtures("each_backend")
def test_rows_in_f32_are_those_of_a_float64_forward_pass(
    shape: BertShape, tmp_path: Path, load: Load
) -> None:
    path = write_random_bert(tmp_path / "bert.gguf", shape)
    exact, model = ExactBert(path), load(path)
    for text, rows in zip(TEXTS, states(model, TEXTS), strict=True):
        np.testing.assert_allclose(rows, exact.states(text), atol=3e-5)


@pytest.mark.parametrize("type", [GGMLType.F16, GGMLType.Q8_0], ids=lambda type: type.name)
def test_rows_of_quantized_weights_are_near(type: GGMLType, tmp_path: Path, load: Load) -> None:
    path = write_random_bert(tmp_path / "bert.gguf", type=type)
    (rows,) = states(load(path), TEXTS[-1:])
    exact = ExactBert(path).states(TEXTS[-1])
    assert np.sqrt(((rows - exact) ** 2).mean() / (exact**2).mean()) < 0.01


def test_a_row_has_the_same_bits_whatever_else_is_in_the_pass(tmp_path: Path, load: Load) -> None:
    model = load(write_random_bert(tmp_path / "bert.gguf"))
    together = states(model, TEXTS)
    for text, rows in zip(TEXTS, together, strict=True):
        np.testing.assert_array_equal(rows, states(model, [text])[0])


def test_later_rows_are_seen(tmp_path: Path, load: Load) -> None:
    model = load(write_random_bert(tmp_path / "bert.gguf"))
    one, other = states(model, [[2, 7, 8, 3], [2, 7, 9, 3]])
    assert np.abs(one[0] - other[0]).max() > 1e-3


def test_positions_are_told_apart(tmp_path: Path, load: Load) -> None:
    model = load(write_random_bert(tmp_path / "bert.gguf"))
    (rows,) = states(model, [[7, 7]])
    assert np.abs(rows[0] - rows[1]).max() > 1e-3


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"bert__pooling_type": None}, r"bert\.pooling_type is missing"),
    ({"bert__pooling_type": 4}, r"missing tensor 'cls\.output\.weight'"),
    ({"bert__pooling_type": 5}, r"bert\.pooling_type is 5"),
    ({"bert__pooling_type": "mean"}, r"bert\.pooling_type is not an integer"),
    ({"bert__context_length": 129}, r"'position_embd\.weight' has wrong shape"),
    ({"tokenizer__ggml__token_type_count": 3}, r"'token_types\.weight' has wrong shape"),
    ({"tokenizer__ggml__token_type_count": -1}, "token_type_count is not an integer within"),
    ({"bert__attention__head_count": 5}, "does not divide into 5 heads"),
]


@pytest.mark.parametrize(("keys", "words"), REFUSED, ids=lambda value: str(value))
def test_a_file_that_does_not_fit_is_refused(
    keys: dict[str, Any], words: str, tmp_path: Path
) -> None:
    path = write_random_bert(tmp_path / "bert.gguf", **keys)
    with open_gguf(path) as file, pytest.raises(ModelError, match=words):
        load_model(file)
