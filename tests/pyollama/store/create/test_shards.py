"""Models in several files: put together byte for byte, or refused with what is wrong about them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyollama.store import Store, parse_name
from pyollama.store.create import copying
from pyollama.store.errors import StoreError
from pyollama.store.types import CreateRequest
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import write_gguf
from pyollama_formats.gguf.reader import open_gguf

Upload = Callable[[bytes], str]

KEYS: dict[str, Any] = {
    "general.architecture": "llama",
    "llama.block_count": 2,
    "tokenizer.ggml.tokens": ["a", "é", ""],
    "tokenizer.ggml.scores": [0.5, -1.5, 0.0],
    "tokenizer.chat_template": "{{ x }}",
    "general.quantization_version": 2,
    "general.file_type": 7,
}
NAMES = [  # in the order of the file that they are put together in
    *("output.weight", "token_embd.weight", "blk.0.attn_norm.weight"),
    *("blk.0.attn_q.weight", "blk.2.attn_q.weight", "blk.10.attn_q.weight"),
]


def tensor(name: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    rows = 1 + NAMES.index(name)
    return np.arange(rows * 32, dtype=np.float32).reshape(rows, 32) + rows


def shard(
    path: Path, names: list[str], index: int | None, count: int, keys: dict[str, Any] = KEYS
) -> bytes:
    """One of several files; its tensors are stored in Q8_0, whose blocks are of an odd length."""
    split = {"split.count": np.uint16(count), "split.tensors.count": len(NAMES)}
    if index is not None:
        split["split.no"] = np.uint16(index)
    tensors = {name: (tensor(name), GGMLType.Q8_0) for name in names}
    write_gguf(path, {**keys, **split}, tensors)
    return path.read_bytes()


@pytest.fixture
def shards(tmp_path: Path, upload: Upload) -> dict[str, str]:
    """Three files of one model, the later ones with little metadata, as llama.cpp writes them."""
    few = {"general.architecture": "llama"}
    parts = [
        shard(tmp_path / "1", NAMES[4:], 0, 3),
        shard(tmp_path / "2", NAMES[:1], 1, 3, few),
        shard(tmp_path / "3", NAMES[1:4], 2, 3, few),
    ]
    return {f"m-0000{n}-of-00003.gguf": upload(data) for n, data in enumerate(parts, 1)}


def create(store: Store, files: dict[str, str]) -> list[str]:
    return [line.status for line in store.create(CreateRequest(model="m", files=files))]


def test_shards_become_one_layer_with_every_tensor_and_the_keys_of_the_first(
    store: Store, shards: dict[str, str], tmp_path: Path
) -> None:
    lines = create(store, dict(reversed(shards.items())))
    model = store.find(parse_name("m"))
    (layer,) = model.manifest.layers
    assert lines == [
        *["parsing GGUF"] * 3,
        "verifying conversion",
        f"creating new layer {layer.digest}",
        "writing manifest",
        "success",
    ]
    assert layer.from_ == ""
    assert model.config.model_families == ["llama"]
    with open_gguf(store.blob_path(layer.digest)) as file:
        assert list(file.metadata) == list(KEYS)
        assert [*file.metadata["tokenizer.ggml.tokens"]] == ["a", "é", ""]  # type: ignore[misc]
        assert file.metadata["tokenizer.ggml.scores"].tolist() == [0.5, -1.5, 0.0]  # type: ignore[union-attr]
        assert list(file.tensors) == NAMES
        assert file.size == layer.size
    write_gguf(tmp_path / "whole", KEYS, {name: (tensor(name), GGMLType.Q8_0) for name in NAMES})
    with (
        open_gguf(store.blob_path(layer.digest)) as file,
        open_gguf(tmp_path / "whole") as whole,
    ):
        for name in NAMES:
            np.testing.assert_array_equal(file.data(name), whole.data(name))
    assert [*lines[:-3], f"using existing layer {layer.digest}"] == create(store, shards)[:-2]


def test_a_single_file_that_says_so_may_have_any_name(
    store: Store, tmp_path: Path, upload: Upload
) -> None:
    create(store, {"any name": upload(shard(tmp_path / "1", NAMES, 0, 1))})
    (layer,) = store.find(parse_name("m")).manifest.layers
    with open_gguf(store.blob_path(layer.digest)) as file:
        assert set(file.tensors) == set(NAMES)


def test_two_models_in_shards_are_two_layers(
    store: Store, shards: dict[str, str], tmp_path: Path, upload: Upload
) -> None:
    other = {
        "n-00001-of-00002.gguf": upload(shard(tmp_path / "1", NAMES[:3], 0, 2)),
        "n-00002-of-00002.gguf": upload(shard(tmp_path / "2", NAMES[3:], 1, 2)),
    }
    create(store, shards | other)
    assert len(store.find(parse_name("m")).manifest.layers) == 2


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ({"m.gguf": (0, 2)}, 'split GGUF "m.gguf" must use llama.cpp split filename pattern'),
        (
            {"m-1-of-2.gguf": (0, 2)},
            'split GGUF "m-1-of-2.gguf" must use llama.cpp split filename pattern',
        ),
        (
            {"m-00001-of-00003.gguf": (0, 2)},
            'split GGUF "m-00001-of-00003.gguf" filename count 3 does not match metadata count 2',
        ),
        (
            {"m-00001-of-00002.gguf": (None, 2)},
            'split GGUF "m-00001-of-00002.gguf" is missing split.no metadata',
        ),
        (
            {"m-00001-of-00002.gguf": (1, 2)},
            'split GGUF "m-00001-of-00002.gguf" filename index 0 does not match metadata index 1',
        ),
        (
            {"m-00000-of-00002.gguf": (0, 2)},
            'split GGUF "m-00000-of-00002.gguf" has invalid shard index -1',
        ),
        ({"m-00001-of-00002.gguf": (0, 2)}, 'split GGUF "m" has 1 shards, expected 2'),
        (
            {"m-00002-of-00002.gguf": (1, 2), "m-00003-of-00002.gguf": (2, 2)},
            "split GGUF is missing first shard",
        ),
        (
            {"m-00001-of-00002.gguf": (0, 2), "m-00003-of-00002.gguf": (2, 2)},
            'split GGUF "m" is missing shard 1',
        ),
    ],
)
def test_shards_that_do_not_fit_together_are_refused(
    store: Store,
    tmp_path: Path,
    upload: Upload,
    places: dict[str, tuple[int | None, int]],
    message: str,
) -> None:
    files = {
        name: upload(shard(tmp_path / "s", [NAMES[n]], *place))
        for n, (name, place) in enumerate(places.items())
    }
    with pytest.raises(StoreError) as caught:
        create(store, files)
    assert str(caught.value) == message
    assert list(store.list()) == []


def test_one_index_or_one_tensor_twice_is_refused(
    store: Store, tmp_path: Path, upload: Upload
) -> None:
    first, second = (upload(shard(tmp_path / "s", NAMES[:1], index, 2)) for index in (0, 1))
    with pytest.raises(StoreError, match=r"^split GGUF has the same tensor in two shards$"):
        create(store, {"m-00001-of-00002.gguf": first, "m-00002-of-00002.gguf": second})


def test_a_long_copy_tells_how_far_it_is_and_can_be_left(
    store: Store, shards: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "INTERVAL", -1.0)
    progress = store.create(CreateRequest(model="m", files=shards))
    line = next(line for line in progress if line.status == "validating GGUF model")
    assert line.digest == "0000000000000000000"
    assert 0 < line.completed <= line.total
    progress.close()  # type: ignore[attr-defined]
    assert {file.name for file in (store.root / "blobs").iterdir()} == {
        digest.replace(":", "-") for digest in shards.values()
    }
