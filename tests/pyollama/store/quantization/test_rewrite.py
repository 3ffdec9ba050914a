"""Files written anew: keys, tensors and their order, chunk by chunk, and what is refused."""

import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import random_gguf
from numpy.typing import NDArray

from pyollama.store.errors import StoreError
from pyollama.store.quantization import rewrite as module
from pyollama.store.quantization.layout import stored_values
from pyollama.store.quantization.rewrite import model_of, rewrite
from pyollama.store.quantization.rules import Model
from pyollama_formats.blocks import GGMLType, dequantize, quantize
from pyollama_formats.gguf import ValueType, open_gguf, write_gguf

Tensors = Mapping[str, tuple[NDArray[Any], GGMLType]]
RNG = np.random.default_rng(0)
KEYS = {"general.architecture": "llama", "general.file_type": 1, "llama.block_count": 1}


def matrix(*shape: int) -> NDArray[np.float32]:
    return RNG.standard_normal(shape, np.float32) * np.float32(0.02)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small llama in F16."""
    return random_gguf.write_random_model(tmp_path / "source.gguf", random_gguf.LLAMA, GGMLType.F16)


def written(source: Path, target: str, to: str = "target.gguf") -> Path:
    """The file rewritten for a target, beside it."""
    path = source.with_name(to)
    with open_gguf(source) as file, path.open("wb") as out:
        done = [*rewrite(file, target, out.write)]
        assert done[-1] == file.size
        assert done == sorted(done)
    return path


def rewritten_tensors(tmp_path: Path, keys: Mapping[str, Any], tensors: Tensors, to: str) -> Path:
    write_gguf(tmp_path / "source.gguf", {**KEYS, **keys}, tensors)
    return written(tmp_path / "source.gguf", to)


@pytest.mark.parametrize("target", ["Q4_K_M", "Q4_K_S", "Q8_0", "BF16", "F32"])
def test_every_tensor_is_what_quantizing_it_as_a_whole_gives(source: Path, target: str) -> None:
    path = written(source, target)
    with open_gguf(source) as old, open_gguf(path) as new:
        assert set(new.tensors) == set(old.tensors)
        for name, info in new.tensors.items():
            before = old.tensors[name]
            assert info.dims == before.dims
            if info.type is before.type:
                np.testing.assert_array_equal(new.data(name), old.data(name))
            else:
                values = dequantize(old.data(name), before.type)
                np.testing.assert_array_equal(new.data(name), quantize(values, info.type))
        assert {info.type for info in new.tensors.values()} >= {GGMLType.F32}


def test_the_size_of_the_pieces_does_not_show(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = written(source, "Q4_K_M", "whole.gguf").read_bytes()
    monkeypatch.setattr(module, "CHUNK", 512)
    assert written(source, "Q4_K_M", "pieces.gguf").read_bytes() == whole


def test_keys_stay_but_for_those_of_types_and_shards(tmp_path: Path) -> None:
    more = {
        "llama.big": 2**40,
        "tokenizer.ggml.tokens": ["a", "ü"],
        "tokenizer.ggml.scores": np.array([0.5, 1], np.float32),
        "general.quantization_version": 1,
        "split.no": np.uint16(0),
        "split.count": np.uint16(1),
        "last": True,
    }
    path = rewritten_tensors(
        tmp_path, more, {"output.weight": (matrix(4, 64), GGMLType.F16)}, "Q8_0"
    )
    with open_gguf(path.with_name("source.gguf")) as old, open_gguf(path) as new:
        assert [*new.metadata] == [
            *("general.architecture", "llama.block_count", "llama.big"),
            *("tokenizer.ggml.tokens", "tokenizer.ggml.scores", "last"),
            *("general.quantization_version", "general.file_type"),
        ]
        for key in [*new.metadata][:-2]:
            assert new.stored_value(key) == old.stored_value(key)
        assert new.metadata["general.quantization_version"] == 2
        assert new.metadata["general.file_type"] == 7
        assert new.types["general.file_type"] is ValueType.UINT32


@pytest.mark.parametrize("alignment", [8, 64])
def test_the_alignment_of_the_source_is_kept(tmp_path: Path, alignment: int) -> None:
    tensors = {
        "output.weight": (matrix(1, 32), GGMLType.F16),
        "token_embd.weight": (matrix(3, 32), GGMLType.F16),
    }
    path = rewritten_tensors(tmp_path, {"general.alignment": alignment}, tensors, "Q8_0")
    theirs = gguf.GGUFReader(path)
    assert [tensor.data_offset % alignment for tensor in theirs.tensors] == [0, 0]
    with open_gguf(path) as file:
        assert file.alignment == alignment


def test_towers_and_one_dimensional_tensors_are_carried_over(tmp_path: Path) -> None:
    names = ["v.blk.0.attn_q.weight", "mm.0.weight", "blk.0.attn_q.weight"]
    tensors: dict[str, tuple[NDArray[Any], GGMLType]] = {
        name: (matrix(4, 256), GGMLType.F16) for name in names
    }
    tensors["blk.0.attn_norm.weight"] = (matrix(256), GGMLType.F32)
    tensors["rope_freqs.weight"] = (matrix(8), GGMLType.F32)
    path = rewritten_tensors(tmp_path, {}, tensors, "Q4_K_M")
    with open_gguf(path) as file:
        types = {name: info.type.name for name, info in file.tensors.items()}
    assert types == {
        "mm.0.weight": "F16",
        "rope_freqs.weight": "F32",
        "v.blk.0.attn_q.weight": "F16",
        "blk.0.attn_norm.weight": "F32",
        "blk.0.attn_q.weight": "Q4_K",
    }


def test_experts_are_quantized_row_by_row(tmp_path: Path) -> None:
    x = matrix(3, 5, 256)
    tensors = {"blk.0.ffn_up_exps.weight": (x, GGMLType.F16)}
    path = rewritten_tensors(tmp_path, {"llama.expert_count": 3}, tensors, "Q4_K_M")
    with open_gguf(path) as file:
        found = dequantize(file.data("blk.0.ffn_up_exps.weight"), GGMLType.Q4_K)
    assert np.sqrt(np.square(found - x).mean()) < 0.1 * x.std()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 60000.0])
def test_weights_that_a_type_cannot_hold_are_refused_by_the_tensors_name(
    tmp_path: Path, bad: float
) -> None:
    x = matrix(4, 256)
    x[2, 7] = bad
    tensors = {"output.weight": (x * np.float32(1e5), GGMLType.BF16)}
    with pytest.raises(StoreError, match=r"'output\.weight' has weights that Q6_K cannot hold"):
        rewritten_tensors(tmp_path, {"general.file_type": 32}, tensors, "Q4_K_M")


def test_weights_that_are_quantized_already_are_refused(tmp_path: Path) -> None:
    tensors = {"output.weight": (matrix(4, 256), GGMLType.Q8_0)}
    with pytest.raises(StoreError, match="requantizing from type Q8_0 is disabled: output"):
        rewritten_tensors(tmp_path, {}, tensors, "Q4_K_M")


def test_the_rules_are_told_what_the_keys_say(tmp_path: Path) -> None:
    keys = {"llama.attention.head_count": 8, "llama.expert_count": 4}
    write_gguf(tmp_path / "a.gguf", KEYS | keys, {})
    with open_gguf(tmp_path / "a.gguf") as file:
        assert model_of(file) == Model("llama", 1, 8, 8, 4)
        assert [*stored_values(file, 1)][-1] == "general.file_type"
    write_gguf(tmp_path / "b.gguf", KEYS | {"llama.attention.head_count_kv": [4, 4]}, {})
    with open_gguf(tmp_path / "b.gguf") as file:  # one number per layer
        assert model_of(file).n_head_kv == 0


@pytest.mark.slow
def test_memory_stays_bounded(tmp_path: Path) -> None:
    rows = np.zeros((1 << 16, 512), np.float16).view(np.uint8)  # 64 MiB
    write_gguf(tmp_path / "source.gguf", KEYS, {"output.weight": (rows, GGMLType.F16)})
    del rows
    with open_gguf(tmp_path / "source.gguf") as file:
        tracemalloc.start()
        for _ in rewrite(file, "Q4_K_M", len):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 24 << 20
