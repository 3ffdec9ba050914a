"""Uploaded files: told apart by name and content, kept or told of as Ollama would."""

from collections.abc import Callable
from typing import Any

import pytest

from pyollama.errors import BadRequest, PyollamaError
from pyollama.store import Store, parse_name
from pyollama.store.errors import StoreError
from pyollama.store.types import CreateRequest
from pyollama_formats.manifest import Layer

Upload = Callable[[bytes], str]
Build = Callable[..., bytes]

ZERO = "sha256:" + "0" * 64


def create(store: Store, files: dict[str, str], **fields: Any) -> list[str]:
    return [line.status for line in store.create(CreateRequest(model="m", files=files, **fields))]


def layers(store: Store) -> list[Layer]:
    return store.find(parse_name("m")).manifest.layers


def kinds(store: Store) -> list[str]:
    return [layer.media_type.rpartition(".")[2] for layer in layers(store)]


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        ({}, "model"),
        ({"general.type": "model"}, "model"),
        ({"general.type": "adapter"}, "adapter"),
        ({"general.type": "projector"}, "projector"),
        ({"general.type": "mmproj"}, "projector"),
        ({"llama.block_count": 0, "llama.vision.block_count": 2}, "projector"),
        ({"llama.vision.block_count": 2}, "model"),
        ({"general.architecture": "clip", "clip.has_audio_encoder": True}, "projector"),
        ({"general.architecture": "clip", "clip.has_audio_encoder": False}, "model"),
    ],
)
def test_the_metadata_tell_what_a_layer_is(
    store: Store, upload: Upload, gguf: Build, keys: dict[str, Any], kind: str
) -> None:
    create(store, {"a.gguf": upload(gguf(keys))})
    assert kinds(store) == [kind]


def test_a_file_that_is_kept_says_how_the_client_called_it(
    store: Store, upload: Upload, gguf: Build
) -> None:
    model, adapter = upload(gguf()), upload(gguf({"general.type": "adapter"}))
    lines = create(store, {"m.gguf": model, "sub/lora.gguf": adapter})
    assert lines == [
        "parsing GGUF",
        "parsing GGUF",
        "verifying conversion",
        f"creating new layer {model}",
        f"using existing layer {adapter}",
        "writing manifest",
        "success",
    ]
    assert [layer.from_ for layer in layers(store)] == ["", "sub/lora.gguf"]
    assert store.find(parse_name("m")).details().parent_model == ""


def test_a_model_with_an_encoder_of_its_own_is_kept_too(
    store: Store, upload: Upload, gguf: Build
) -> None:
    digest = upload(gguf(tensor="v.patch_embd.weight"))
    lines = create(store, {"m.gguf": digest})
    assert lines == [
        *("parsing GGUF", f"using existing layer {digest}", "writing manifest", "success")
    ]
    assert store.find(parse_name("m")).details().parent_model == "m.gguf"


def test_names_count_for_more_than_content(
    store: Store, upload: Upload, gguf: Build, bare_gguf: bytes
) -> None:
    text, good = upload(b"text"), upload(gguf())
    with pytest.raises(BadRequest, match=r"^unknown type$"):
        create(store, {"a.txt": text})
    with pytest.raises(BadRequest, match=r"^unknown type$"):
        create(store, {"a": ZERO})
    with pytest.raises(BadRequest, match=r"^unknown type$"):
        create(store, {"a": "sha256:../../etc/passwd"})
    with pytest.raises(BadRequest, match=r"^supplied file was not in GGUF format$"):
        create(store, {"a": good, "b.txt": text})
    assert create(store, {"a": good, "b": upload(bare_gguf)})[-1] == "success"
    with pytest.raises(StoreError, match=r"^open config.json: no such file or directory$"):
        create(store, {"a.gguf": good, "b.safetensors": text})


@pytest.mark.parametrize(
    "digest", ["bad", "sha256:", "sha256:../x", "sha256:" + "0" * 63, "md5:" + "0" * 64, "a\0b"]
)
def test_a_malformed_digest_is_found_out_when_the_file_is_parsed(store: Store, digest: str) -> None:
    progress = store.create(CreateRequest(model="m", files={"a.gguf": digest}))
    assert next(progress).status == "parsing GGUF"
    with pytest.raises(StoreError, match=r"^invalid digest format$"):
        next(progress)


def test_two_files_of_one_kind_are_looked_through_one_by_one(
    store: Store, upload: Upload, gguf: Build
) -> None:
    files = {"b.gguf": upload(gguf()), "a.gguf": upload(gguf({"general.name": "a"}))}
    lines = create(store, files)
    assert lines[:4] == ["parsing GGUF"] * 2 + ["verifying conversion"] * 2
    assert [layer.digest for layer in layers(store)] == [files["a.gguf"], files["b.gguf"]]


def test_a_file_twice_is_two_layers(store: Store, upload: Upload, gguf: Build) -> None:
    digest = upload(gguf())
    create(store, {"a.gguf": digest, "b.gguf": digest})
    model = store.find(parse_name("m"))
    assert [layer.digest for layer in layers(store)] == [digest] * 2
    assert model.size == 2 * layers(store)[0].size + model.manifest.config.size
    assert model.config.model_families == ["llama", "llama"]


def test_a_layer_is_new_until_a_model_uses_it(store: Store, upload: Upload, gguf: Build) -> None:
    digest = upload(gguf())
    assert f"creating new layer {digest}" in create(store, {"a.gguf": digest})
    assert f"using existing layer {digest}" in create(store, {"a.gguf": digest})


def test_nothing_is_left_of_a_creation_that_the_client_leaves(
    store: Store, upload: Upload, gguf: Build
) -> None:
    digest = upload(gguf())
    request = CreateRequest(model="m", files={"a.gguf": digest}, system="s")
    n_lines = len(list(store.create(request)))
    store.delete(parse_name("m"))
    upload(gguf())
    for n in range(n_lines - 1):
        progress = store.create(request)
        for _ in range(n):
            next(progress)
        progress.close()  # type: ignore[attr-defined]
        assert list(store.list()) == []
        assert not any(len(file.name) < 71 for file in (store.root / "blobs").iterdir())


@pytest.mark.parametrize("length", [4, 8, 24, 40, 90])
def test_a_file_that_is_cut_off_is_no_layer(
    store: Store, upload: Upload, gguf: Build, length: int
) -> None:
    with pytest.raises(PyollamaError):
        create(store, {"a.gguf": upload(gguf()[:length])})
    assert list(store.list()) == []
