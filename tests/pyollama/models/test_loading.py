"""What a file must be for its model to load: every refusal comes before anything is allocated."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_llama
import tiny_qwen2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyollama.models.hyperparameters import MAX_VOCABULARY, ModelError, vocabulary_size
from pyollama.models.loader import Model, load_model
from pyollama_formats.blocks import GGMLType
from pyollama_formats.errors import PyollamaError
from pyollama_formats.gguf import open_gguf


def load(path: Path) -> Model:
    with open_gguf(path) as file:
        return load_model(file)


def test_a_valid_file_loads_and_tells_its_progress(tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    with open_gguf(tiny_llama.write_model(tmp_path / "m.gguf")) as file:
        model = load_model(file, lambda done, total: progress.append((done, total)))
    assert model.config.n_vocab == tiny_llama.N_VOCAB
    assert progress[-1][0] == progress[-1][1] > 0


def test_a_vocabulary_that_nobody_has_is_not_read() -> None:
    tokens = range(MAX_VOCABULARY + 1)  # not a list: only its length may be looked at
    with pytest.raises(ModelError, match="the vocabulary has 1048577 tokens, more than 1048576"):
        vocabulary_size({"tokenizer.ggml.tokens": tokens})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"general__architecture": "mamba"}, "unknown model architecture: 'mamba'"),
        ({"llama__block_count": None}, "key not found in model: llama.block_count"),
        ({"llama__block_count": 0}, "llama.block_count is 0"),
        ({"llama__block_count": 2**31}, "llama.block_count is 2147483648"),
        ({"llama__block_count": "two"}, "llama.block_count is not an integer"),
        ({"llama__context_length": 2**40}, "llama.context_length is 1099511627776"),
        ({"llama__embedding_length": 2**63}, "llama.embedding_length is 9223372036854775808"),
        ({"llama__attention__head_count": 0}, "llama.attention.head_count is 0"),
        (
            {"llama__attention__head_count": 5, "llama__attention__head_count_kv": 5},
            "does not divide into 5 heads",
        ),
        ({"llama__attention__head_count_kv": 3}, "4 heads cannot share 3 key-value heads"),
        ({"llama__attention__head_count_kv": [2, 1]}, "differs from layer to layer"),
        ({"llama__attention__key_length": 7}, "llama.rope.dimension_count is 16"),
        ({"llama__attention__value_length": 8}, "llama.attention.value_length differs"),
        ({"llama__rope__dimension_count": 15}, "llama.rope.dimension_count is odd"),
        ({"llama__rope__dimension_count": 18}, "llama.rope.dimension_count is 18"),
        ({"llama__rope__freq_base": float("nan")}, "llama.rope.freq_base is nan"),
        ({"llama__rope__scaling__type": "wild"}, "unknown rope.scaling.type 'wild'"),
        ({"llama__attention__layer_norm_rms_epsilon": -1.0}, "rms_epsilon is -1.0"),
        ({"llama__expert_count": 8}, "mixture-of-experts models are not supported"),
        ({"tokenizer__ggml__tokens": None}, "key not found in model: tokenizer.ggml.tokens"),
        ({"tokenizer__ggml__tokens": ["a", "b"]}, "'token_embd.weight' has wrong shape"),
    ],
)
def test_hyperparameters_out_of_range_are_named(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = tiny_llama.write_model(tmp_path / "m.gguf", tiny_llama.metadata(**changes))
    with pytest.raises(ModelError, match=message.replace("(", r"\(")):
        load(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"qwen2__context_length": None}, "key not found in model: qwen2.context_length"),
        ({"qwen2__feed_forward_length": -1}, "qwen2.feed_forward_length is -1"),
        ({"qwen2__attention__head_count_kv": 3}, "4 heads cannot share 3 key-value heads"),
        ({"qwen2__attention__value_length": 8}, "qwen2.attention.value_length differs"),
        ({"qwen2__rope__dimension_count": 15}, "qwen2.rope.dimension_count is odd"),
        ({"qwen2__attention__key_length": 32}, "'blk.0.attn_q.weight' has wrong shape"),
    ],
)
def test_an_architecture_names_its_own_keys(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    keys, tensors = tiny_qwen2.metadata(**changes), tiny_qwen2.weights()
    path = tiny_llama.write_model(tmp_path / "m.gguf", keys, tensors)
    with pytest.raises(ModelError, match=message):
        load(path)


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    tensors = tiny_llama.weights()
    del tensors["blk.1.ffn_down.weight"]
    path = tiny_llama.write_model(tmp_path / "m.gguf", tensors=tensors)
    with pytest.raises(ModelError, match=r"missing tensor 'blk\.1\.ffn_down\.weight'"):
        load(path)


TENSORS = [
    *(("llama", name) for name in sorted(tiny_llama.weights())),
    *(("qwen2", name) for name in sorted(tiny_qwen2.weights())),
]


@pytest.mark.parametrize(("arch", "name"), TENSORS)
def test_every_tensor_of_a_wrong_shape_is_refused(tmp_path: Path, arch: str, name: str) -> None:
    tiny = {"llama": tiny_llama, "qwen2": tiny_qwen2}[arch]
    tensors = tiny.weights()
    tensors[name] = np.zeros((*tensors[name].shape[:-1], tensors[name].shape[-1] + 1), np.float32)
    path = tiny_llama.write_model(tmp_path / "m.gguf", tiny.metadata(), tensors)
    with pytest.raises(ModelError, match=f"tensor '{name}' has wrong shape"):
        load(path)


OPTIONAL = ["blk.0.attn_output.bias", "blk.1.ffn_up.bias", "blk.1.ffn_down.bias", "output.bias"]


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_optional_bias_of_a_wrong_length_is_refused(tmp_path: Path, name: str) -> None:
    tensors = tiny_llama.weights() | {name: np.ones(3, np.float32)}
    path = tiny_llama.write_model(tmp_path / "m.gguf", tensors=tensors)
    with pytest.raises(ModelError, match=f"tensor '{name}' has wrong shape"):
        load(path)


def test_rope_factors_of_a_wrong_length_are_refused(tmp_path: Path) -> None:
    tensors = tiny_llama.weights() | {"rope_freqs.weight": np.ones(3, np.float32)}
    path = tiny_llama.write_model(tmp_path / "m.gguf", tensors=tensors)
    with pytest.raises(ModelError, match=r"tensor 'rope_freqs\.weight' has wrong shape"):
        load(path)


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan")])
def test_rope_factors_that_make_no_angle_are_refused(tmp_path: Path, factor: float) -> None:
    factors = np.full(tiny_llama.N_EMBD_HEAD // 2, factor, np.float32)
    tensors = tiny_llama.weights() | {"rope_freqs.weight": factors}
    path = tiny_llama.write_model(tmp_path / "m.gguf", tensors=tensors)
    with pytest.raises(PyollamaError, match="rope factors"):
        load(path)


def test_a_matrix_in_an_unusable_type_is_refused(tmp_path: Path) -> None:
    tensors = tiny_llama.weights()
    path = tiny_llama.write_model(tmp_path / "m.gguf", tensors=tensors)
    data = path.read_bytes()
    with open_gguf(path) as file:
        shape = file.tensors["token_embd.weight"].dims
    directory = data.index(b"token_embd.weight") + len(b"token_embd.weight") + 4 + 8 * len(shape)
    swapped = data[:directory] + int(GGMLType.I32).to_bytes(4, "little") + data[directory + 4 :]
    path.write_bytes(swapped)
    with pytest.raises(ModelError, match="has the unsupported type I32"):
        load(path)


INTEGERS = st.sampled_from([0, 1, 2, 3, 7, 64, 2**31 - 1, 2**31, 2**63, 2**64 - 1])
KEYS = [
    "llama.context_length",
    "llama.embedding_length",
    "llama.block_count",
    "llama.feed_forward_length",
    "llama.attention.head_count",
    "llama.attention.head_count_kv",
    "llama.attention.key_length",
    "llama.attention.value_length",
    "llama.rope.dimension_count",
    "llama.expert_count",
]


@pytest.mark.slow
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.dictionaries(st.sampled_from(KEYS), INTEGERS, min_size=1, max_size=4))
def test_any_numbers_load_or_are_refused_with_a_clear_error(
    tmp_path: Path, changes: dict[str, int]
) -> None:
    path = tiny_llama.write_model(tmp_path / "m.gguf", tiny_llama.metadata() | changes)
    try:
        model = load(path)
    except PyollamaError as error:
        assert str(error)
    else:
        assert model.config.heads.n_embd_head > 0
