"""Creating models: layers, digests, config, the lines of progress and Ollama's errors."""

from collections.abc import Callable
from typing import Any

import pytest

from pyollama.api import Message
from pyollama.errors import BadRequest, NotFound, PyollamaError
from pyollama.store import Store, parse_name
from pyollama.store.errors import StoreError
from pyollama.store.types import CreateRequest

Make = Callable[..., str]
Upload = Callable[[bytes], str]

ZERO = "sha256:" + "0" * 64


def lines(store: Store, **fields: Any) -> list[str]:
    return [line.status for line in store.create(CreateRequest(**fields))]


def kinds(store: Store, name: str) -> list[str]:
    layers = store.find(parse_name(name)).manifest.layers
    return [layer.media_type.rpartition(".")[2] for layer in layers]


def test_the_bare_file_of_the_digest_vectors_gives_the_known_config(
    store: Store, upload: Upload, bare_gguf: bytes
) -> None:
    digest = upload(bare_gguf)
    assert digest == "sha256:89a2116c3a82d6a97f59f748d86ed4417214353fd178ee54df418fde32495fad"
    lines(store, model="test", files={"test.gguf": digest})
    config = store.find(parse_name("test")).manifest.config
    known = "99759ad5b91e723db0393d698ffbb448b1b7df5ff6377a108c49254583b1bc8c"
    assert config.digest == f"sha256:{known}"


def test_a_file_becomes_a_model_line_by_line(
    store: Store, upload: Upload, gguf: Callable[..., bytes]
) -> None:
    digest = upload(gguf())
    first = ["parsing GGUF", "verifying conversion", f"creating new layer {digest}"]
    last = ["writing manifest", "success"]
    assert lines(store, model="m", files={"m.gguf": digest}) == first + last
    first[2] = f"using existing layer {digest}"
    assert lines(store, model="n", files={"m.gguf": digest}) == first + last


def test_every_kind_of_layer_has_ollamas_bytes_and_place(store: Store, make: Make) -> None:
    digest = make("fox")
    got = lines(
        store,
        model="full",
        from_="fox",
        system="Say hi!",
        template="{{ .System }} {{ .Prompt }}",
        license=["MIT", "Apache"],
        parameters={"temperature": 0.5, "num_ctx": 1024, "stop": ["a", "b"]}
        | {"seed": 7, "top_k": 3, "num_predict": 4},
        messages=[
            Message(role="user", content="hi"),
            Message(role="assistant", content="hello"),
        ],
    )
    known = [
        "fe7ac77b725cda2ccad03f88a880ecdfd7a33192d6cae08fce2c0ee1455991ed",
        "f29e82a8284dbdf5910b1555580ff60b04238b8da9d5e51159ada67a4d0d5851",
        "e5dcffe836b6ec8a58e492419b550e65fb8cbdc308503979e5dacb33ac7ea3b7",
        "87ec4027e1c873944291bdd61ee07ed30d74d45cbb418c85ae256e0a18e9e2cc",
        "cd9cafb4b2e5937ca88eef58aa53c7676e56e6da012535499834dc63ad0b4b3c",
        "ac29223db42ab62ec4df0a39c5ba6054f3bd78f945c536548dcf2f7431f39af4",
    ]
    assert got[0] == f"using existing layer {digest}"
    assert got[1:-2] == [f"creating new layer sha256:{one}" for one in known]
    assert kinds(store, "full") == [
        *("model", "template", "system", "license", "license", "params", "messages")
    ]


def test_a_model_made_from_another_inherits_replaces_and_merges(store: Store, make: Make) -> None:
    make("base", system="old", license="A", parameters={"top_k": 1, "seed": 2})
    lines(store, model="child", from_="base", license="B", parameters={"seed": 3})
    child = store.find(parse_name("child"))
    assert child.system == "old"
    assert child.license == ["A", "B"]
    assert child.parameters == {"top_k": 1, "seed": 3}
    assert child.details().parent_model == "base:latest"
    lines(store, model="child", from_="child", system="new")
    assert store.find(parse_name("child")).system == "new"


def test_overwriting_removes_what_only_the_old_model_used(store: Store, make: Make) -> None:
    make("m", system="old")
    make("other", system="shared")
    old = store.find(parse_name("m")).manifest.layers[1].digest
    make("m", system="shared")
    assert not store.has_blob(old)
    assert store.find(parse_name("other")).system == "shared"
    keeper = Store(store.root, no_prune=True)
    shared = store.find(parse_name("m")).manifest.layers[1].digest
    store.delete(parse_name("other"))
    list(keeper.create(CreateRequest(model="m", from_="m", system="third")))
    assert store.has_blob(shared)


def test_another_spelling_of_a_name_overwrites_the_stored_one(store: Store, make: Make) -> None:
    make("foo")
    make("FOO", system="new")
    (model,) = store.list()
    assert model.name.short == "foo:latest"
    assert model.system == "new"


def test_the_target_keeps_a_source_suffix_and_from_does_not(store: Store, make: Make) -> None:
    make("m:local")
    make("base")
    assert store.find(parse_name("m:local")).name.tag == "local"
    assert lines(store, model="c", from_=" base:local ")[-1] == "success"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"files": {"/a": ZERO}}, "file path must be relative"),
        ({"files": {"../a": ZERO}}, "file path must be relative"),
        ({"files": {"": ZERO}}, "file path must be relative"),
        ({"draft_files": {"a//b": ZERO}}, "file path must be relative"),
        ({"files": {"a.gguf": ""}}, "invalid digest format"),
        ({"adapters": {"a.gguf": ""}}, "invalid digest format"),
        ({"draft_quantize": "q4"}, "--draft-quantize requires a DRAFT model"),
        ({"model": "a b"}, "invalid model name"),
        ({"model": ""}, "invalid model name"),
    ],
)
def test_some_requests_are_refused_before_the_first_line(
    store: Store, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        store.create(CreateRequest(**({"model": "m"} | fields)))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        ({}, BadRequest, "neither 'from' or 'files' was specified"),
        ({"files": {}}, BadRequest, "unknown type"),
        ({"from_": "a b"}, BadRequest, "invalid model name"),
        ({"files": {"a.gguf": "bad"}}, StoreError, "invalid digest format"),
        ({"files": {"a.gguf": ZERO}}, StoreError, "no such file or directory"),
        ({"files": {"a.safetensors": ZERO}}, StoreError, "open config.json: no such file"),
        ({"files": {"a.safetensors": ZERO, "config.json": ZERO}}, StoreError, "not supported"),
        ({"from_": "no-such-model"}, NotFound, "model 'no-such-model:latest' not found"),
    ],
)
def test_some_requests_are_refused_on_the_way(
    store: Store, fields: dict[str, Any], kind: type[PyollamaError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        lines(store, model="m", **fields)
    assert list(store.list()) == []


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        ({"quantize": "Q9"}, StoreError, "unsupported quantization type Q9 - supported types are"),
        ({"adapters": {}}, BadRequest, "unknown type"),
        ({"adapters": {"a.gguf": ZERO}}, BadRequest, "no such file or directory"),
        ({"license": 5}, StoreError, "cannot unmarshal number into Go value of type .*string"),
        ({"info": {"context_length": 1.5}}, BadRequest, "must be a non-negative integer"),
        ({"info": {"context_length": "x"}}, BadRequest, "must be a number"),
        ({"info": {"model_family": 1}}, BadRequest, "must be a string"),
    ],
)
def test_an_error_leaves_the_model_of_that_name_as_it_was(
    store: Store, make: Make, fields: dict[str, Any], kind: type[PyollamaError], message: str
) -> None:
    make("m", system="old")
    before = store.find(parse_name("m")).digest
    with pytest.raises(kind, match=message):
        lines(store, model="m", from_="m", system="new", **fields)
    assert store.find(parse_name("m")).digest == before


def test_text_is_no_gguf_whatever_it_is_called(
    store: Store, upload: Upload, bare_gguf: bytes
) -> None:
    digest = upload(b"hello")
    with pytest.raises(BadRequest, match=r"^supplied file was not in GGUF format$"):
        lines(store, model="m", files={"a.gguf": digest})
    with pytest.raises(BadRequest, match=r"^unknown type$"):
        lines(store, model="m", files={"a.txt": digest})
    assert lines(store, model="m", files={"a.bin": upload(bare_gguf)})[-1] == "success"


def test_a_damaged_file_never_becomes_a_model(
    store: Store, upload: Upload, gguf: Callable[..., bytes]
) -> None:
    whole = gguf()
    for length in (4, 8, 24, 40, len(whole) - 1):
        with pytest.raises(PyollamaError):
            lines(store, model="m", files={"a.gguf": upload(whole[:length])})
    assert list(store.list()) == []


def test_two_files_make_two_layers(
    store: Store, upload: Upload, gguf: Callable[..., bytes]
) -> None:
    one, two = upload(gguf()), upload(gguf({"general.name": "two"}))
    lines(store, model="m", files={"b.gguf": two, "a.gguf": one})
    model = store.find(parse_name("m"))
    assert [layer.digest for layer in model.manifest.layers] == [one, two]
    assert model.config.model_families == ["llama", "llama"]
    assert model.model_path == store.blob_path(two)


def test_a_blob_deleted_while_the_model_is_made_is_noticed(
    store: Store, upload: Upload, gguf: Callable[..., bytes]
) -> None:
    digest = upload(gguf())
    progress = store.create(CreateRequest(model="m", files={"m.gguf": digest}))
    for line in progress:
        if line.status == "writing manifest":
            store.blobs.delete(digest)
            break
    with pytest.raises(StoreError, match="no such file"):
        list(progress)
    with pytest.raises(NotFound):
        store.find(parse_name("m"))
