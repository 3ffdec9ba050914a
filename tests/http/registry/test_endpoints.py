"""/v2/ as plain clients of the distribution protocol use it, and as those that mean harm do."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from offered import CONFIG, WEIGHTS, digest_of, offer
from starlette.testclient import TestClient

from pyollama.settings import Settings
from pyollama.store import Store, parse_name
from pyollama.store.errors import refusals
from pyollama_formats.manifest import MANIFEST_TYPE
from pyollama_http.app import create_app

MANIFEST = "/v2/library/m/manifests/latest"
BLOB = f"/v2/library/m/blobs/{digest_of(WEIGHTS)}"
NOBODY = "sha256:" + "0" * 64


def refusal(answer: Any) -> tuple[int, str]:
    """The status and the one code of a refusal, which says something too."""
    (error,) = answer.json()["errors"]
    assert error["message"]
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["content-length"] == str(len(answer.content))
    return answer.status_code, error["code"]


def test_nothing_of_it_is_there_unless_it_is_asked_for(store: Store) -> None:
    with TestClient(create_app(Settings(models=store.root))) as client:
        for path in ("/v2/", "/v2/_catalog", MANIFEST, BLOB):
            answer = client.get(path, headers={"host": "127.0.0.1"})
            assert (answer.status_code, answer.text) == (404, "404 page not found")


def test_the_base_says_which_protocol_is_spoken(client: TestClient) -> None:
    answer = client.get("/v2/")
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
    assert client.head("/v2/").status_code == 200


def test_a_manifest_is_given_byte_for_byte_by_its_tag_and_its_digest(
    client: TestClient, store: Store
) -> None:
    data = store.manifests.read_bytes(parse_name("m"))
    for reference in ("latest", "LATEST", digest_of(data)):
        answer = client.get(f"/v2/library/m/manifests/{reference}")
        assert (answer.status_code, answer.content) == (200, data)
        assert answer.headers["content-type"] == MANIFEST_TYPE
        assert answer.headers["docker-content-digest"] == digest_of(data)
        assert answer.headers["content-length"] == str(len(data))
        head = client.head(f"/v2/library/m/manifests/{reference}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers == answer.headers


@pytest.mark.parametrize(
    ("stated", "given"),
    [
        ("application/vnd.oci.image.manifest.v1+json",) * 2,
        ("text/html\r\nx: y", MANIFEST_TYPE),
        ("", MANIFEST_TYPE),
    ],
)
def test_a_manifest_has_the_type_that_it_names(
    client: TestClient, store: Store, stated: str, given: str
) -> None:
    offer(store, "other", mediaType=stated)
    answer = client.get("/v2/library/other/manifests/latest")
    assert answer.headers["content-type"] == given


def test_a_blob_is_given_whole_with_all_that_clients_ask_for(client: TestClient) -> None:
    answer = client.get(BLOB)
    assert (answer.status_code, answer.content) == (200, WEIGHTS)
    assert answer.headers["content-length"] == str(len(WEIGHTS))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["docker-content-digest"] == digest_of(WEIGHTS)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["location"] == BLOB
    head = client.head(BLOB)
    assert (head.status_code, head.content, head.headers) == (200, b"", answer.headers)


def test_an_empty_blob_is_given(client: TestClient, store: Store) -> None:
    offer(store, "empty", b"")
    answer = client.get(f"/v2/library/empty/blobs/{digest_of(b'')}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "0"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("0-0", 0, 0), ("5-9", 5, 9), ("1023990-", 1023990, 1023999), ("-1", 1023999, 1023999),
     ("300000-900000", 300000, 900000), ("1-99999999", 1, 1023999)],
)  # fmt: skip
def test_a_range_of_a_blob(client: TestClient, asked: str, first: int, last: int) -> None:
    answer = client.get(BLOB, headers={"range": f"bytes={asked}"})
    assert (answer.status_code, answer.content) == (206, WEIGHTS[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/1024000"
    assert answer.headers["content-length"] == str(last + 1 - first)
    head = client.head(BLOB, headers={"range": f"bytes={asked}"})
    assert (head.status_code, head.headers["content-length"]) == (200, "1024000")


@pytest.mark.parametrize(
    ("tag", "status"), [(f'"{digest_of(WEIGHTS)}"', 206), (f'"{NOBODY}"', 200)]
)
def test_a_range_goes_on_with_the_blob_that_was_begun(
    client: TestClient, tag: str, status: int
) -> None:
    answer = client.get(BLOB, headers={"range": "bytes=5-9", "if-range": tag})
    assert (answer.status_code, len(answer.content)) == (status, 5 if status == 206 else 1024000)


def test_a_range_beyond_the_end_is_refused(client: TestClient) -> None:
    assert client.head(BLOB, headers={"range": "bytes=1024000-"}).status_code == 200
    answer = client.get(BLOB, headers={"range": "bytes=1024000-"})
    assert refusal(answer) == (416, "RANGE_INVALID")
    assert answer.headers["content-range"] == "bytes */1024000"


def test_only_blobs_that_the_named_model_lists_are_given_out(
    client: TestClient, store: Store
) -> None:
    digest, _, _ = store.add_blob([b"uploaded, and in no model"])
    offer(store, "secret", b"of another model")
    for unlisted in (digest, digest_of(b"of another model"), NOBODY):
        for method in ("GET", "HEAD"):
            answer = client.request(method, f"/v2/library/m/blobs/{unlisted}")
            assert answer.status_code == 404
            assert method == "HEAD" or refusal(answer) == (404, "BLOB_UNKNOWN")
    assert client.get(f"/v2/library/m/blobs/{digest_of(CONFIG)}").content == CONFIG


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v2/library/none/manifests/latest", (404, "MANIFEST_UNKNOWN")),
        ("/v2/library/m/manifests/none", (404, "MANIFEST_UNKNOWN")),
        (f"/v2/library/m/manifests/{NOBODY}", (404, "MANIFEST_UNKNOWN")),
        ("/v2/library/m/manifests/..%2f..%2flatest", (404, "NOT_FOUND")),
        ("/v2/library/m/manifests/%2e%2e", (404, "MANIFEST_UNKNOWN")),
        ("/v2/library/m/manifests/latest%00", (404, "MANIFEST_UNKNOWN")),
        ("/v2/%2e%2e/m/manifests/latest", (400, "NAME_INVALID")),
        ("/v2/library/%2e%2e/tags/list", (400, "NAME_INVALID")),
        ("/v2/library/m%0a/tags/list", (400, "NAME_INVALID")),
        ("/v2/library/.hidden/blobs/" + NOBODY, (400, "NAME_INVALID")),
        ("/v2/library/none/tags/list", (404, "NAME_UNKNOWN")),
        ("/v2/library/none/blobs/" + NOBODY, (404, "BLOB_UNKNOWN")),
        ("/v2/library/m/blobs/latest", (400, "DIGEST_INVALID")),
        ("/v2/library/m/blobs/sha256:" + "F" * 64, (400, "DIGEST_INVALID")),
        ("/v2/library/m/blobs/sha256-" + "0" * 64, (400, "DIGEST_INVALID")),
        ("/v2/library/m/blobs/" + NOBODY + "%0a", (400, "DIGEST_INVALID")),
        ("/v2/library/m/blobs/%2e%2e%2f%2e%2e%2fetc%2fpasswd", (404, "NOT_FOUND")),
        ("/v2/m/manifests/latest", (404, "NOT_FOUND")),
        ("/v2/library/m/referrers/" + NOBODY, (404, "NOT_FOUND")),
        ("/v2/x", (404, "NOT_FOUND")),
        ("/v2/x/", (404, "NOT_FOUND")),
    ],
)
def test_what_is_not_there_is_refused_in_the_protocols_words(
    client: TestClient, path: str, expected: tuple[int, str]
) -> None:
    answer = client.get(path)
    assert refusal(answer) == expected
    assert client.head(path).status_code == expected[0]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v2/library/m/blobs/uploads/"),
        ("POST", "/v2/library/m/blobs/uploads/?from=library/m&mount=" + NOBODY),
        ("PATCH", "/v2/library/m/blobs/uploads/1"),
        ("PUT", MANIFEST),
        ("DELETE", MANIFEST),
        ("DELETE", BLOB),
        ("POST", "/v2/"),
        ("OPTIONS", "/v2/_catalog"),
    ],
)
def test_nothing_can_be_written(client: TestClient, store: Store, method: str, path: str) -> None:
    answer = client.request(method, path, content=b"{}")
    assert refusal(answer) == (405, "UNSUPPORTED")
    assert "GET" in answer.headers["allow"]
    assert "PUT" not in answer.headers["allow"]
    assert store.find(parse_name("m"))
    assert store.has_blob(digest_of(WEIGHTS))


def test_what_there_is_can_be_listed_a_page_at_a_time(client: TestClient, store: Store) -> None:
    for name in ("m:8b", "mario/x", "hf.co/u/repo:Q4_K_M", "a.b:5000/library/m:other"):
        offer(store, name)
    repositories = ["library/m", "mario/x", "u/repo"]
    assert client.get("/v2/_catalog").json() == {"repositories": repositories}
    tags = {"name": "library/m", "tags": ["8b", "latest", "other"]}
    assert client.get("/v2/library/m/tags/list").json() == tags
    first = client.get("/v2/_catalog?n=2")
    assert first.json() == {"repositories": repositories[:2]}
    assert first.headers["link"] == '</v2/_catalog?last=mario%2Fx&n=2>; rel="next"'
    rest = client.get("/v2/_catalog?last=mario%2Fx&n=2")
    assert (rest.json(), rest.headers.get("link")) == ({"repositories": repositories[2:]}, None)
    assert client.get("/v2/library/m/tags/list?n=1&last=8b").json()["tags"] == ["latest"]
    assert client.get("/v2/_catalog?n=0").json() == {"repositories": []}
    for number in ("-1", "x", "", "9" * 5000):
        answer = client.get(f"/v2/_catalog?n={number}")
        assert refusal(answer) == (400, "PAGINATION_NUMBER_INVALID")


def test_an_ambiguous_name_is_refused_and_says_why(client: TestClient, store: Store) -> None:
    offer(store, "one.example/u/x", b"one")
    offer(store, "two.example/u/x", b"two")
    answer = client.get("/v2/u/x/manifests/latest")
    assert refusal(answer) == (400, "NAME_INVALID")
    assert "one.example, two.example" in answer.text
    assert client.get(f"/v2/u/x/blobs/{digest_of(b'two')}").content == b"two"


def test_links_out_of_the_store_give_nothing_away(client: TestClient, store: Store) -> None:
    secret = store.root.parent / "secret"
    secret.write_bytes(WEIGHTS)
    blob = store.blob_path(digest_of(WEIGHTS))
    blob.unlink()
    blob.symlink_to(secret)
    assert refusal(client.get(BLOB)) == (404, "BLOB_UNKNOWN")
    manifest = store.manifests.path(parse_name("m"))
    moved = store.root.parent / "manifest"
    manifest.replace(moved)
    manifest.symlink_to(moved)
    assert refusal(client.get(MANIFEST)) == (404, "MANIFEST_UNKNOWN")
    (store.root / "manifests/registry.ollama.ai/out").symlink_to(store.root.parent)
    assert refusal(client.get("/v2/out/models/tags/list")) == (404, "NAME_UNKNOWN")


def test_a_pipe_in_the_place_of_a_blob_is_no_blob(client: TestClient, store: Store) -> None:
    blob = store.blob_path(digest_of(WEIGHTS))
    blob.unlink()
    os.mkfifo(blob)
    assert refusal(client.get(BLOB)) == (404, "BLOB_UNKNOWN")


def test_a_manifest_that_cannot_be_read_is_as_good_as_absent(
    client: TestClient, store: Store
) -> None:
    store.manifests.write(parse_name("broken"), b"{")
    assert refusal(client.get("/v2/library/broken/manifests/latest")) == (404, "MANIFEST_UNKNOWN")


def test_a_store_that_refuses_is_an_error_in_the_protocols_form(
    client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = store.blob_path(digest_of(WEIGHTS))
    monkeypatch.setattr("pyollama.store.blobs.Blobs.has", lambda *_: True)
    blob.unlink()
    answer = client.get(BLOB)
    assert refusal(answer) == (500, "UNKNOWN")
    assert str(store.root) not in answer.text


def test_a_blob_that_cannot_be_read_says_nothing_of_where_it_lies(
    client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def pieces(path: Path, span: range) -> Iterator[bytes]:
        with refusals("read", path):
            raise PermissionError(errno.EACCES, "Permission denied")
        yield b""

    monkeypatch.setattr("pyollama_http.registry.files.pieces", pieces)
    answer = client.get(BLOB)
    assert refusal(answer) == (500, "UNKNOWN")
    assert str(store.root) not in answer.text
    assert str(store.root) in caplog.text


def test_web_pages_and_strange_hosts_are_kept_away_as_from_the_rest(client: TestClient) -> None:
    assert client.get("/v2/", headers={"origin": "https://evil.example"}).status_code == 403
    assert client.get("/v2/", headers={"host": "evil.example"}).status_code == 403
