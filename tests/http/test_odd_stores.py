"""What the endpoints of the store say of names and manifests that are odd, but there."""

import hashlib
import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from pyollama.store import Store, parse_name

DETAILS = {"model_format": "gguf", "model_type": "1B", "file_type": "F16"}


def put(store: Store, name: str, data: bytes) -> None:
    """Write the bytes of a manifest, whatever they are."""
    path = store.manifests.path(parse_name(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def manifest(store: Store, config: dict[str, Any], *layers: bytes) -> dict[str, Any]:
    """A manifest of licenses, whose blobs are stored."""
    entries = []
    for data in (json.dumps(config).encode(), *layers):
        digest, size, _ = store.add_blob([data])
        media_type = "application/vnd.ollama.image.license"
        entries.append({"mediaType": media_type, "digest": digest, "size": size})
    return {"schemaVersion": 2, "config": entries[0], "layers": entries[1:]}


def listed(client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/tags").json()["models"]
    return found


def test_a_model_with_the_tag_local_can_be_made_and_never_shown(
    client: TestClient, store: Store
) -> None:
    put(store, "x:local", json.dumps(manifest(store, DETAILS)).encode())
    assert [model["name"] for model in listed(client)] == ["x:local"]
    answer = client.post("/api/show", json={"model": "x:local"})
    assert (answer.status_code, answer.json()) == (404, {"error": "model 'x:latest' not found"})


def test_blanks_around_a_name_do_not_count(client: TestClient, store: Store) -> None:
    put(store, "m", json.dumps(manifest(store, DETAILS)).encode())
    answer = client.post("/api/show", json={"model": " \tm \n"})
    assert (answer.status_code, answer.json()["details"]["parameter_size"]) == (200, "1B")


def test_the_digest_of_a_model_is_that_of_its_manifests_bytes(
    client: TestClient, store: Store
) -> None:
    value = {**manifest(store, DETAILS), "annotations": {"odd": [1]}}
    data = json.dumps(value, indent=4).replace("\n", "\r\n").encode() + b"\r\n"
    put(store, "m", data)
    assert listed(client)[0]["digest"] == hashlib.sha256(data).hexdigest()


def test_a_manifest_that_cannot_be_read_cannot_be_deleted(client: TestClient, store: Store) -> None:
    put(store, "m", b"{ no manifest")
    answer = client.request("DELETE", "/api/delete", json={"model": "m"})
    assert answer.status_code == 500
    assert answer.json()["error"]
    assert store.manifests.path(parse_name("m")).exists()


def test_a_layer_that_is_listed_twice_counts_twice(client: TestClient, store: Store) -> None:
    value = manifest(store, DETAILS, b"license", b"license")
    put(store, "m", json.dumps(value).encode())
    assert listed(client)[0]["size"] == value["config"]["size"] + 2 * len(b"license")


@pytest.mark.parametrize("families", [{}, {"model_families": None}])
def test_a_config_without_families_is_no_matter(
    client: TestClient, store: Store, families: dict[str, None]
) -> None:
    put(store, "m", json.dumps(manifest(store, {**DETAILS, **families})).encode())
    assert listed(client)[0]["details"]["families"] in (None, [])
    shown = client.post("/api/show", json={"model": "m"})
    assert shown.status_code == 200
    assert shown.json()["details"]["families"] in (None, [])
