"""Models that are made from a stored one: found by any spelling, pulled if missing, or damaged."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyollama.errors import NotFound
from pyollama.store import Store, parse_name, tiny
from pyollama.store.errors import StoreError
from pyollama.store.types import CreateRequest

Make = Callable[..., str]
Build = Callable[..., bytes]


def pulled_base(store: Store, request: CreateRequest) -> list[str]:
    async def drain() -> list[str]:
        return [line.status async for line in store.pull_base(request)]

    return asyncio.run(drain())


def create(store: Store, from_: str) -> list[str]:
    return [line.status for line in store.create(CreateRequest(model="m", from_=from_))]


@pytest.mark.parametrize("text", ["base", " base ", "BASE:Latest", "base:local", "library/base"])
def test_a_base_is_found_by_every_form_of_its_name(store: Store, make: Make, text: str) -> None:
    make("base")
    assert create(store, text)[-1] == "success"
    assert store.find(parse_name("m")).details().parent_model == "base:latest"


def test_a_base_that_is_missing_is_pulled_with_all_lines(
    store: Store, tmp_path: Path, gguf: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.gguf").write_bytes(gguf())
    monkeypatch.setattr(tiny, "files", lambda _: tmp_path)
    pulled = pulled_base(store, CreateRequest(model="m", from_="Tiny:local"))
    assert (pulled[0], pulled[-1]) == ("pulling manifest", "success")
    assert create(store, "tiny")[-2:] == ["writing manifest", "success"]
    assert {model.name.short for model in store.list()} == {"tiny:latest", "m:latest"}


@pytest.mark.parametrize(
    "fields",
    [
        {"from_": "base"},
        {"from_": "BASE:local"},
        {"from_": ""},
        {"from_": "a b"},
        {"from_": "x:cloud:local"},
        {"from_": "x:cloud"},
        {"from_": "x", "remote_host": "h"},
    ],
)
def test_nothing_is_pulled_for_a_base_that_is_here_elsewhere_or_no_name(
    store: Store, make: Make, fields: dict[str, Any]
) -> None:
    make("base")
    assert pulled_base(store, CreateRequest(model="m", **fields)) == []


def test_a_base_that_is_missing_even_then_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="model 'no-such-model:latest' not found"):
        create(store, "no-such-model")


def test_a_base_without_its_weights_is_an_error(store: Store, make: Make) -> None:
    store.blobs.delete(make("base"))
    with pytest.raises(StoreError, match="no such file or directory"):
        create(store, "base")
    with pytest.raises(NotFound):
        store.find(parse_name("m"))


@pytest.mark.parametrize("digest", ["sha256:../../x", "", "sha256:\0", "md5:" + "0" * 32])
def test_layers_with_odd_digests_are_not_taken_over(store: Store, make: Make, digest: str) -> None:
    make("base")
    path = store.manifests.path(parse_name("base"))
    manifest = json.loads(path.read_bytes())
    manifest["layers"].append({"mediaType": "x", "digest": digest, "size": 1})
    path.write_text(json.dumps(manifest))
    with pytest.raises(StoreError, match=r"^base:latest has a layer with an invalid digest$"):
        create(store, "base")


def test_a_model_may_be_made_from_itself(store: Store, make: Make) -> None:
    make("m", system="old")
    assert create(store, "m")[-1] == "success"
    assert store.find(parse_name("m")).system == "old"
    assert store.find(parse_name("m")).details().parent_model == "m:latest"


def test_a_base_wins_over_files(store: Store, make: Make) -> None:
    make("base", system="s")
    request = CreateRequest(model="m", from_="base", files={"never.gguf": "looked at"})
    assert [line.status for line in store.create(request)][-1] == "success"
    assert store.find(parse_name("m")).system == "s"
