"""How the rows of a text become its vector."""

from typing import Any

import numpy as np
import pytest

from pyollama.models.hyperparameters import Hyperparameters
from pyollama.models.pooling import Pooling, PoolingType, pool, ranks, read_pooling, unit

ROWS = np.array([[1, 0, 2], [3, 0, 0], [5, 6, 1]], np.float32)


@pytest.mark.parametrize(
    ("type", "vector"),
    [
        (PoolingType.NONE, [1, 0, 2]),
        (PoolingType.MEAN, [3, 2, 1]),
        (PoolingType.CLS, [1, 0, 2]),
        (PoolingType.LAST, [5, 6, 1]),
        (PoolingType.RANK, [1, 0, 2]),
    ],
)
def test_a_vector_is_a_row_or_the_mean_of_all(type: PoolingType, vector: list[float]) -> None:
    np.testing.assert_array_equal(pool(ROWS, Pooling(type, normalizes=False)), vector)


def test_a_normalized_vector_has_length_one() -> None:
    vector = pool(ROWS, Pooling(PoolingType.CLS, normalizes=True))
    np.testing.assert_allclose(vector, np.array([1, 0, 2]) / np.sqrt(5), rtol=1e-7)
    assert vector.dtype == np.float32


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_lengths_beyond_float32_squared_do_no_harm(scale: float) -> None:
    vector = unit(np.array([3, 4], np.float32) * np.float32(scale))
    expected = [0.6, 0.8] if scale > 1 else np.array([3e-30, 4e-30]) / 1e-12
    np.testing.assert_allclose(vector, expected, rtol=1e-6)


def test_zero_stays_zero() -> None:
    np.testing.assert_array_equal(unit(np.zeros(3, np.float32)), [0, 0, 0])


def keys_of(architecture: str, **keys: Any) -> Hyperparameters:
    metadata = {f"{architecture}.{key}": value for key, value in keys.items()}
    return Hyperparameters(metadata | {"tokenizer.ggml.model": "bert"}, architecture)


def test_a_file_without_the_key_makes_text() -> None:
    assert read_pooling(keys_of("llama")) is None


@pytest.mark.parametrize(
    ("architecture", "stated", "normalizes"),
    [
        ("bert", None, True),
        ("bert", False, False),
        ("nomic-bert", None, False),
        ("nomic-bert", True, True),
        ("nomic-bert-moe", None, False),
        ("llama", None, True),
        ("llama", False, True),
    ],
)
def test_who_normalizes(architecture: str, stated: bool | None, normalizes: bool) -> None:
    more = {} if stated is None else {"normalize_embeddings": stated}
    pooling = read_pooling(keys_of(architecture, pooling_type=1, **more))
    assert pooling == Pooling(PoolingType.MEAN, normalizes)


def test_a_bert_with_another_tokenizer_does_not_normalize() -> None:
    metadata = {"bert.pooling_type": 2, "tokenizer.ggml.model": "t5"}
    pooling = read_pooling(Hyperparameters(metadata, "bert"))
    assert pooling == Pooling(PoolingType.CLS, normalizes=False)


@pytest.mark.parametrize("type", [PoolingType.NONE, PoolingType.RANK])
def test_vectors_of_single_rows_are_not_normalized(type: PoolingType) -> None:
    keys = keys_of("bert", pooling_type=int(type))
    assert read_pooling(keys) == Pooling(type, normalizes=False)
    assert ranks(keys) == (type is PoolingType.RANK)
