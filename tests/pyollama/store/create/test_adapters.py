"""LoRA adapters: one GGUF, kept as it is; everything wrong with one is a bad request."""

from collections.abc import Callable
from typing import Any

import pytest

from pyollama.errors import BadRequest
from pyollama.store import Store, parse_name
from pyollama.store.types import CreateRequest

Upload = Callable[[bytes], str]
Make = Callable[..., str]
Build = Callable[..., bytes]

ZERO = "sha256:" + "0" * 64
LORA = {"general.type": "adapter", "adapter.type": "lora", "adapter.lora.alpha": 16.0}


def create(store: Store, **fields: Any) -> list[str]:
    return [line.status for line in store.create(CreateRequest(model="m", **fields))]


def test_an_adapter_follows_the_layers_of_the_base(
    store: Store, make: Make, upload: Upload, gguf: Build
) -> None:
    weights = make("base", system="old", parameters={"top_k": 1})
    lora = upload(gguf(LORA))
    lines = create(store, from_="base", adapters={"lora.gguf": lora}, system="new")
    assert lines[:3] == [
        *("parsing GGUF", f"using existing layer {weights}", f"using existing layer {lora}")
    ]
    model = store.find(parse_name("m"))
    kinds = [layer.media_type.rpartition(".")[2] for layer in model.manifest.layers]
    assert kinds == ["model", "adapter", "system", "params"]
    assert [layer.from_ for layer in model.manifest.layers[:2]] == ["base:latest", "lora.gguf"]
    assert model.adapter_paths == [store.blob_path(lora)]
    assert f"\nADAPTER {store.blob_path(lora)}\n" in store.show(model).modelfile
    list(store.create(CreateRequest(model="again", from_="m")))
    assert store.find(parse_name("again")).adapter_paths == [store.blob_path(lora)]


def test_a_file_without_weights_of_its_own_may_have_one_too(
    store: Store, upload: Upload, gguf: Build
) -> None:
    lora = upload(gguf(LORA))
    lines = create(store, files={"m.gguf": upload(gguf())}, adapters={"lora.gguf": lora})
    assert lines[:3] == ["parsing GGUF", "parsing GGUF", "verifying conversion"]
    assert len(store.find(parse_name("m")).adapter_paths) == 1


@pytest.mark.parametrize(
    ("adapters", "message"),
    [
        ({}, "unknown type"),
        ({"a": ZERO}, "unknown type"),
        ({"a.gguf": ZERO, "b.gguf": ZERO}, "only one adapter is currently supported"),
        ({"a.gguf": "bad"}, "invalid digest format"),
        ({"a.gguf": ZERO}, "no such file or directory"),
        ({"a.gguf": "text"}, "supplied file was not in GGUF format"),
        ({"a.gguf": "broken"}, "unexpected EOF"),
        ({"a.safetensors": ZERO}, "open config.json: no such file or directory"),
    ],
)
def test_whatever_is_wrong_with_an_adapter_is_a_bad_request(
    store: Store, make: Make, upload: Upload, adapters: dict[str, str], message: str
) -> None:
    make("base")
    known = {"text": upload(b"text"), "broken": upload(b"GGUF\3\0\0\0")}
    files = {path: known.get(digest, digest) for path, digest in adapters.items()}
    with pytest.raises(BadRequest, match=message):
        create(store, from_="base", adapters=files)


def test_safetensors_need_a_base_to_be_an_adapter_of(store: Store, upload: Upload) -> None:
    list(store.create(CreateRequest(model="stub", from_="big", remote_host="h")))
    request = CreateRequest(model="m", from_="stub", adapters={"a.safetensors": ZERO})
    progress = store.create(request)
    assert next(progress).status == "converting adapter"
    with pytest.raises(BadRequest, match=r"^no base model was found$"):
        next(progress)
