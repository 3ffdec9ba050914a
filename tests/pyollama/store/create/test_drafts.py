"""Draft models: stored in their own role, beside the model that they guess for."""

from collections.abc import Callable

import pytest

from pyollama.errors import PyollamaError
from pyollama.store import Store, parse_name
from pyollama.store.types import CreateRequest

Upload = Callable[[bytes], str]
Make = Callable[..., str]
Build = Callable[..., bytes]

ZERO = "sha256:" + "0" * 64


def kinds(store: Store, name: str) -> list[str]:
    layers = store.find(parse_name(name)).manifest.layers
    return [layer.media_type.rpartition(".")[2] for layer in layers]


def test_a_draft_follows_the_base_and_describes_itself_alone(
    store: Store, make: Make, upload: Upload, gguf: Build
) -> None:
    weights = make("base", system="old")
    draft = upload(gguf({"general.architecture": "qwen2", "qwen2.block_count": 1}))
    request = CreateRequest(model="m", from_="base", draft_files={"d.gguf": draft}, template="T")
    lines = [line.status for line in store.create(request)]
    assert lines[:2] == ["parsing GGUF", f"using existing layer {weights}"]
    assert kinds(store, "m") == ["model", "system", "draft", "template"]
    model = store.find(parse_name("m"))
    assert model.config.model_families == ["llama"]
    assert model.config.draft is not None
    assert model.config.draft.architecture == "qwen2"
    assert model.model_layer is not None
    assert model.model_layer.digest == weights
    assert f"\nDRAFT {store.blob_path(draft)}\nTEMPLATE T\n" in store.show(model).modelfile


def test_a_new_draft_takes_the_place_of_the_bases(
    store: Store, make: Make, upload: Upload, gguf: Build
) -> None:
    first, second = upload(gguf()), upload(gguf({"general.name": "second"}))
    make("base", draft_files={"d.gguf": first})
    list(store.create(CreateRequest(model="same", from_="base")))
    assert kinds(store, "same") == ["model", "draft"]
    assert store.find(parse_name("same")).config.draft is not None
    list(store.create(CreateRequest(model="m", from_="base", draft_files={"d.gguf": second})))
    layers = store.find(parse_name("m")).manifest.layers
    assert [layer.digest for layer in layers][1:] == [second]


@pytest.mark.parametrize(
    ("digest", "message"),
    [(ZERO, "no such file or directory"), ("bad", "invalid digest format")],
)
def test_a_draft_that_is_not_there_is_an_error(
    store: Store, make: Make, digest: str, message: str
) -> None:
    make("base")
    request = CreateRequest(model="m", from_="base", draft_files={"d.gguf": digest})
    with pytest.raises(PyollamaError, match=message):
        list(store.create(request))
