"""Heads of files written as a stream: both readers find what was told, and the bytes where told."""

from pathlib import Path

import gguf
import numpy as np
import pytest

from pyollama_formats.blocks import GGMLType, row_bytes
from pyollama_formats.errors import FormatError
from pyollama_formats.gguf import GGUFError, ValueType, open_gguf, write_gguf
from pyollama_formats.gguf.head import gguf_head, padding, stored_bytes, stored_scalar

VALUES = {
    "general.architecture": stored_scalar(ValueType.STRING, "llama"),
    "a.count": stored_scalar(ValueType.UINT32, 7),
    "a.scale": stored_scalar(ValueType.FLOAT64, 0.1),
    "a.flag": stored_scalar(ValueType.BOOL, True),
}
TENSORS = [
    ("one", (3,), GGMLType.F32),
    ("two", (64, 2), GGMLType.Q8_0),
    ("three", (5, 2, 3), GGMLType.F16),
]


def streamed(path: Path, values: dict[str, bytes], alignment: int) -> Path:
    """A file of the tensors above, each filled with its own number."""
    with path.open("wb") as file:
        file.write(gguf_head(values, TENSORS, alignment))
        for number, (_, dims, type) in enumerate(TENSORS):
            n = stored_bytes(dims, type)
            file.write(bytes([number + 1]) * n + padding(n, alignment))
    return path


@pytest.mark.parametrize("alignment", [32, 64])
def test_both_readers_find_values_and_tensors(tmp_path: Path, alignment: int) -> None:
    values = VALUES | {"general.alignment": stored_scalar(ValueType.UINT32, alignment)}
    path = streamed(tmp_path / "a.gguf", values, alignment)
    with open_gguf(path) as file:
        assert dict(file.metadata) == {
            "general.architecture": "llama",
            "a.count": 7,
            "a.scale": 0.1,
            "a.flag": True,
            "general.alignment": alignment,
        }
        assert [(t.name, t.dims, t.type) for t in file.tensors.values()] == TENSORS
        assert [set(file.data(name).flat) for name in file.tensors] == [{1}, {2}, {3}]
    theirs = gguf.GGUFReader(path)
    assert [(t.name, tuple(t.shape.tolist())) for t in theirs.tensors] == [
        (name, dims) for name, dims, _ in TENSORS
    ]
    assert path.stat().st_size % alignment == 0


def test_values_pass_from_file_to_file_byte_by_byte(tmp_path: Path) -> None:
    source = {
        "general.architecture": "llama",
        "words": ["a", "", "ü"],
        "numbers": np.array([1, -2], np.int16),
        "one": np.uint8(1),
        "text": b"\xff not UTF-8",
    }
    write_gguf(tmp_path / "a.gguf", source, {})
    with open_gguf(tmp_path / "a.gguf") as first:
        values = {key: first.stored_value(key) for key in first.metadata}
        (tmp_path / "b.gguf").write_bytes(gguf_head(values, [], first.alignment))
        with open_gguf(tmp_path / "b.gguf") as second:
            assert [*second.types.items()] == [*first.types.items()]
            assert {key: second.stored_value(key) for key in second.metadata} == values
            words, numbers = second.metadata["words"], second.metadata["numbers"]
            assert [*words] == source["words"]  # type: ignore[misc]
            assert [*numbers] == [1, -2]  # type: ignore[misc]


def test_a_missing_key_and_a_closed_file_have_no_values(tmp_path: Path) -> None:
    file = open_gguf(streamed(tmp_path / "a.gguf", VALUES, 32))
    with pytest.raises(KeyError):
        file.stored_value("b")
    file.close()
    with pytest.raises(GGUFError, match="closed"):
        file.stored_value("a.count")


def test_rows_that_are_no_whole_blocks_are_refused() -> None:
    with pytest.raises(FormatError, match="not a whole number of Q8_0 blocks"):
        gguf_head(VALUES, [("a", (33,), GGMLType.Q8_0)], 32)
    assert stored_bytes((), GGMLType.F32) == row_bytes(GGMLType.F32, 1)
