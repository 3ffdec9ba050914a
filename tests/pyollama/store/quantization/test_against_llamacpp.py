"""A model quantized while it is created, then run: by this project and by llama.cpp."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import random_gguf
from ggml_quantizer import ggml_quantize
from llamacpp_oracle import LlamaCpp
from numpy.typing import NDArray

from pyollama.models.loader import load_model
from pyollama.store import Store, parse_name
from pyollama.store.types import CreateRequest
from pyollama_formats.blocks import GGMLType, dequantize
from pyollama_formats.gguf import open_gguf
from pyollama_tensor.batch import PAGE, Batch

pytestmark = [pytest.mark.slow, pytest.mark.oracle]

IDS = [*b"Tell me why the sky is blue."]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


def create(store: Store, tmp_path: Path, shape: str, **fields: Any) -> Path:
    """The file of a random model in F16, put into the store as the fields say."""
    source = tmp_path / "source.gguf"
    plain = random_gguf.SHAPES[shape]
    random_gguf.write_random_model(source, plain, GGMLType.F16, more={"general.file_type": 1})
    digest, _, _ = store.add_blob([source.read_bytes()])
    request = CreateRequest(model="m", files={"m.gguf": digest}, **fields)
    assert [line.status for line in store.create(request)][-1] == "success"
    path = store.find(parse_name("m")).model_path
    assert path is not None
    return path


def last_log_probabilities(path: Path) -> NDArray[np.float64]:
    """What this project says comes after the prompt, (n_vocab,)."""
    n = len(IDS)
    batch = Batch(
        tokens=np.asarray(IDS, np.int32),
        rows=None,
        positions=np.arange(n, dtype=np.int32),
        sequences=np.zeros(n, np.int32),
        tables=np.arange(n // PAGE + 1, dtype=np.int32)[None],
        wanted=np.array([n - 1], np.int32),
    )
    with open_gguf(path) as file:
        model = load_model(file)
        logits = model.forward(batch, model.new_cache(2, "f16"))[0].astype(np.float64)
    logits -= logits.max()
    return np.asarray(logits - np.log(np.exp(logits).sum()), np.float64)


def distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Root mean square of the difference over that of b, both without their means."""
    a, b = a - a.mean(), b - b.mean()
    return float(np.sqrt(np.square(a - b).mean() / np.square(b).mean()))


@pytest.mark.parametrize("shape", ["llama", "qwen2-tied"])
def test_the_quantized_model_says_what_llama_cpp_says_of_the_same_file(
    store: Store, tmp_path: Path, shape: str
) -> None:
    path = create(store, tmp_path, shape, quantize="Q4_K_M")
    ours = last_log_probabilities(path)
    theirs = LlamaCpp(path).log_probabilities(IDS, len(ours))
    assert distance(ours, theirs) < 0.03
    unquantized = last_log_probabilities(create(store, tmp_path, shape))
    assert 0.03 < distance(ours, unquantized) < 0.3


@pytest.mark.parametrize("target", ["Q4_K_M", "Q8_0"])
def test_no_tensor_errs_more_than_llama_cpps_own(store: Store, tmp_path: Path, target: str) -> None:
    path = create(store, tmp_path, "llama", quantize=target)
    with open_gguf(tmp_path / "source.gguf") as old, open_gguf(path) as new:
        quantized = [info for info in new.tensors.values() if info.type is not GGMLType.F32]
        assert len(quantized) == 16
        for info in quantized:
            exact = dequantize(old.data(info.name), GGMLType.F16)
            errors = [
                np.square(dequantize(data, info.type).astype(np.float64) - exact).sum()
                for data in (new.data(info.name), ggml_quantize(exact, info.type))
            ]
            assert errors[0] <= 1.01 * errors[1], info.name
