"""Uploads get the layout that Ollama gives them: the order of keys and tensors."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pyollama.store import Store, parse_name
from pyollama.store.types import CreateRequest
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import open_gguf, write_gguf

Upload = Callable[[bytes], str]

KEYS = {
    "general.file_type": 7,
    "general.architecture": "llama",
    "split.count": 1,
    "llama.block_count": 12,
}
NAMES = [
    "output.weight",
    "blk.10.b.weight",
    "blk.2.z.weight",
    "blk.2.a.weight",
    "token_embd.weight",
]
SETTLED = ["output.weight", "token_embd.weight", "blk.2.a.weight", "blk.2.z.weight"]


def file_of(path: Path, names: list[str]) -> bytes:
    rng = np.random.default_rng(1)
    tensors = {
        name: (rng.standard_normal((i + 1, 32), np.float32), GGMLType.Q8_0)
        for i, name in enumerate(names)
    }
    write_gguf(path, KEYS, tensors)
    return path.read_bytes()


def stored(store: Store, upload: Upload, data: bytes) -> Path:
    digest = upload(data)
    list(store.create(CreateRequest(model="m", files={"m.gguf": digest})))
    path = store.find(parse_name("m")).model_path
    assert path is not None
    return path


def test_keys_and_tensors_are_put_in_order_and_nothing_else_changes(
    store: Store, upload: Upload, tmp_path: Path
) -> None:
    path = stored(store, upload, file_of(tmp_path / "source.gguf", NAMES))
    with open_gguf(tmp_path / "source.gguf") as source, open_gguf(path) as made:
        assert list(made.metadata) == [
            "general.architecture", "llama.block_count",
            "general.quantization_version", "general.file_type",
        ]  # fmt: skip
        assert (
            made.metadata["general.quantization_version"],
            made.metadata["general.file_type"],
        ) == (
            2,
            7,
        )
        assert list(made.tensors) == [*SETTLED, "blk.10.b.weight"]
        for name in NAMES:
            assert made.tensors[name].type is source.tensors[name].type
            np.testing.assert_array_equal(made.data(name), source.data(name))


def test_what_is_in_order_is_used_as_it_is(store: Store, upload: Upload, tmp_path: Path) -> None:
    first = stored(store, upload, file_of(tmp_path / "source.gguf", NAMES))
    assert stored(store, upload, first.read_bytes()) == first


@pytest.mark.parametrize("name", ["v.patch.weight", "mm.0.weight", "mtp.x.weight"])
def test_a_file_with_other_parts_stays_as_it_is(
    store: Store, upload: Upload, tmp_path: Path, name: str
) -> None:
    data = file_of(tmp_path / "source.gguf", [*NAMES, name])
    assert stored(store, upload, data).read_bytes() == data


def test_a_packaged_tiny_is_not_copied_again(store: Store) -> None:
    store.install_tiny()
    layers = store.find(parse_name("tiny")).manifest.layers
    blobs = {layer.digest.replace(":", "-") for layer in layers}
    files = {path.name for path in (store.root / "blobs").iterdir() if path.is_file()}
    large = {name for name in files if (store.root / "blobs" / name).stat().st_size > 1 << 20}
    assert large <= blobs
