"""Layers of text: their bytes, which are Go's, and licenses of every type."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from pyollama.errors import BadRequest
from pyollama.store import Store, parse_name
from pyollama.store.create.texts import licenses
from pyollama.store.errors import StoreError
from pyollama.store.types import CreateRequest

Make = Callable[..., str]


@pytest.mark.parametrize(
    ("fields", "digest"),
    [
        (
            {"template": "{{ .Prompt }}"},
            "b507b9c2f6ca642bffcd06665ea7c91f235fd32daeefdf875a0f938db05fb315",
        ),
        (
            {"template": "{{ .System }} {{ .Prompt }}"},
            "fe7ac77b725cda2ccad03f88a880ecdfd7a33192d6cae08fce2c0ee1455991ed",
        ),
        (
            {"system": "Say hi!"},
            "f29e82a8284dbdf5910b1555580ff60b04238b8da9d5e51159ada67a4d0d5851",
        ),
        ({"license": "MIT"}, "e5dcffe836b6ec8a58e492419b550e65fb8cbdc308503979e5dacb33ac7ea3b7"),
    ],
)
def test_texts_are_stored_as_they_are(
    store: Store, make: Make, fields: dict[str, Any], digest: str
) -> None:
    make("m", **fields)
    layer = store.find(parse_name("m")).manifest.layers[-1]
    assert layer.digest == f"sha256:{digest}"
    (text,) = fields.values()
    assert layer.digest == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("parameters", "digest"),
    [
        (
            {"stop": ["USER:", "ASSISTANT:"], "temperature": 1.0, "top_k": 10},
            "1d0ad71299d48c2fb7ae2b98e683643e771f8a5b72be34942af90d97a91c1e37",
        ),
        (
            {"top_p": 0.7, "temperature": 0.6, "top_k": 10.0, "stop": ["USER:", "ASSISTANT:"]},
            "e29a7b3c47287a2489c895d21fe413c20f859a85d20e749492f52a838e36e1ba",
        ),
    ],
)
def test_parameters_are_stored_in_gos_bytes(
    store: Store, make: Make, parameters: dict[str, Any], digest: str
) -> None:
    make("m", parameters=parameters)
    assert store.find(parse_name("m")).manifest.layers[-1].digest == f"sha256:{digest}"


def test_an_empty_text_leaves_the_bases_in_place(store: Store, make: Make) -> None:
    make("base", system="old", template="T")
    empty: dict[str, Any] = {"system": "", "template": "", "license": "", "messages": []}
    list(store.create(CreateRequest(model="m", from_="base", **empty)))
    layers = store.find(parse_name("m")).manifest.layers
    kinds = [layer.media_type.rpartition(".")[2] for layer in layers]
    assert kinds == ["model", "template", "system"]


def test_values_may_be_nested_but_not_without_end(store: Store, make: Make) -> None:
    def nested(depth: int) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = [value]
        return value

    make("m", parameters={"a": nested(100)})
    assert store.find(parse_name("m")).parameters == {"a": nested(100)}
    with pytest.raises(BadRequest, match="nested too deeply"):
        make("n", parameters={"a": nested(5000)})
    assert [model.name.model for model in store.list()] == ["m"]


def test_empty_items_of_a_list_of_licenses_are_kept(store: Store, make: Make) -> None:
    make("m", license=["", "A"])
    assert store.find(parse_name("m")).license == ["", "A"]


@pytest.mark.parametrize(
    ("value", "texts"),
    [(None, []), ("", []), ("MIT", ["MIT"]), ([], []), (["A", "", None], ["A", "", ""])],
)
def test_a_license_is_a_text_or_a_list_of_texts(value: Any, texts: list[str]) -> None:
    assert licenses(value) == texts


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "number into Go value of type []string"),
        (True, "bool into Go value of type []string"),
        ({"a": 1}, "object into Go value of type []string"),
        ([1], "number into Go value of type string"),
        ([[]], "array into Go value of type string"),
    ],
)
def test_a_license_of_another_type_has_gos_words(value: Any, message: str) -> None:
    with pytest.raises(StoreError) as caught:
        licenses(value)
    assert str(caught.value) == f"json: cannot unmarshal {message}"
