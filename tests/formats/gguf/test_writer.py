"""What write_gguf writes, read back by both readers."""

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyollama_formats.blocks import GGMLType, dequantize, quantize
from pyollama_formats.errors import FormatError
from pyollama_formats.gguf import GGUFError, LazyArray, ValueType, open_gguf, write_gguf

LLAMA = {"general.architecture": "llama"}
X = np.linspace(-2, 2, 3 * 64, dtype=np.float32).reshape(3, 64)


def stored(path: Path, value: Any) -> tuple[ValueType, Any]:
    """Type (of the elements, if an array) and value after one write and one read."""
    write_gguf(path, LLAMA | {"k": value}, {})
    with open_gguf(path) as file:
        read = file.metadata["k"]
        if isinstance(read, LazyArray):
            return read.type, read.tolist()
        return file.types["k"], read


@pytest.mark.parametrize(
    ("value", "type"),
    [
        (True, ValueType.BOOL),
        (7, ValueType.UINT32),
        (-7, ValueType.INT32),
        (2**32, ValueType.UINT64),
        (-(2**40), ValueType.INT64),
        (0.5, ValueType.FLOAT32),
        ("text", ValueType.STRING),
        ([1, -1], ValueType.INT32),
        ([2**31, 1], ValueType.UINT32),
        ([2**63, 1], ValueType.UINT64),
        ([-1, 2**40], ValueType.INT64),
        ([True, False], ValueType.BOOL),
        ([0.5, 0.25], ValueType.FLOAT32),
        (["a", "b"], ValueType.STRING),
        (np.uint8(3), ValueType.UINT8),
        (np.float64(0.1), ValueType.FLOAT64),
    ],
)
def test_a_value_is_stored_in_the_type_that_fits_it(
    tmp_path: Path, value: Any, type: ValueType
) -> None:
    assert stored(tmp_path / "a.gguf", value) == (type, value)


def test_numpy_arrays_keep_their_dtype(tmp_path: Path) -> None:
    array = np.array([1, 2], np.int16)
    assert stored(tmp_path / "a.gguf", array) == (ValueType.INT16, [1, 2])


@pytest.mark.parametrize("value", [None, {}, [], [1, "a"], [1, 0.5], [None], 2**64, [-1, 2**63]])
def test_a_value_of_no_type_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(GGUFError, match="improper type for 'k'"):
        write_gguf(tmp_path / "a.gguf", LLAMA | {"k": value}, {})


def test_a_file_without_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GGUFError, match="architecture not set"):
        write_gguf(tmp_path / "a.gguf", {"k": 1}, {})


@settings(max_examples=30, deadline=None)
@given(
    texts=st.lists(st.text(), min_size=1, max_size=20),
    numbers=st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=20),
)
def test_metadata_comes_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], numbers: list[int]
) -> None:
    path = tmp_path_factory.mktemp("gguf") / "a.gguf"
    texts = [text.encode(errors="replace").decode() for text in texts]
    assert stored(path, texts) == (ValueType.STRING, texts)
    assert stored(path, numbers) == (ValueType.INT32, numbers)


@pytest.mark.parametrize("type", [GGMLType.F32, GGMLType.F16, GGMLType.BF16, GGMLType.Q8_0])
def test_numbers_are_converted_to_the_tensors_type(tmp_path: Path, type: GGMLType) -> None:
    write_gguf(tmp_path / "a.gguf", LLAMA, {"w": (X, type)})
    theirs = gguf.quants.quantize(X, gguf.GGMLQuantizationType(type)).view(np.uint8)
    with open_gguf(tmp_path / "a.gguf") as file:
        assert file.tensors["w"].type is type
        assert file.tensors["w"].shape == (3, 64)
        assert np.array_equal(file.data("w"), theirs)
        assert np.abs(dequantize(file.data("w"), type) - X).max() < 0.02


def test_stored_rows_are_written_as_they_are(tmp_path: Path) -> None:
    rows = quantize(X, GGMLType.Q4_0)
    vector = np.ones(5, np.float32)
    write_gguf(
        tmp_path / "a.gguf", LLAMA, {"w": (rows, GGMLType.Q4_0), "v": (vector, GGMLType.F32)}
    )
    with open_gguf(tmp_path / "a.gguf") as file:
        assert np.array_equal(file.data("w"), rows)
        assert file.tensors["w"].dims == (64, 3)
        assert file.tensors["v"].dims == (5,)
        assert list(file.tensors) == ["w", "v"]


def test_numbers_cannot_be_converted_to_every_type(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="quantizing to Q2_K is not supported"):
        write_gguf(tmp_path / "a.gguf", LLAMA, {"w": (np.ones(256, np.float32), GGMLType.Q2_K)})


def test_an_open_files_metadata_can_be_written_again(tmp_path: Path) -> None:
    first = {"general.alignment": 64, "tokens": ["a", "b"], "types": np.array([1, 2], np.int8)}
    write_gguf(tmp_path / "a.gguf", LLAMA | first, {"w": (X, GGMLType.F16)})
    with open_gguf(tmp_path / "a.gguf") as file:
        write_gguf(
            tmp_path / "b.gguf", file.metadata, {"w": (file.data("w"), file.tensors["w"].type)}
        )
    assert (tmp_path / "a.gguf").read_bytes() == (tmp_path / "b.gguf").read_bytes()
    assert list(gguf.GGUFReader(tmp_path / "b.gguf").fields)[3:] == [
        "general.architecture",
        "general.alignment",
        "tokens",
        "types",
    ]
