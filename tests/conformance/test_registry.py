"""The suite's own registry, and the checks that only its cases use."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from pyollama_conformance.case import load_cases
from pyollama_conformance.checks import differences
from pyollama_conformance.client import Client, Request, Response
from pyollama_conformance.fixtures import fixtures
from pyollama_conformance.registry import MANIFEST, Repository, served

DATA = b"some bytes"
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()
KEY = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + bytes(32)
SIGNED = f"{base64.b64encode(KEY).decode()}:{base64.b64encode(bytes(64)).decode()}"
QUESTION = (
    "/token?nonce=0123456789abcdef&scope=repository%3Ans%2Fm%3Apull&service=suite&ts=1700000000"
)

ETAG = hashlib.md5(hashlib.md5(DATA).digest()).hexdigest() + "-1"


@pytest.fixture
def repository() -> Repository:
    return Repository({DIGEST: DATA}, {"latest": b"{}"})


@pytest.fixture
def registry(repository: Repository) -> Iterator[Client]:
    with served({"ns/m": repository}) as netloc:
        yield Client(f"http://{netloc}")


def ask(registry: Client, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
    return registry.send(Request(method, path, headers, body or None))


def test_there_are_cases_of_pull_and_push() -> None:
    paths = [
        step.request["path"]
        for case in load_cases()
        if case.topic == "registry"
        for step in case.steps
    ]
    assert paths.count("/api/pull") >= 30
    assert paths.count("/api/push") >= 10


def test_a_manifest_is_given_as_it_was_put(registry: Client) -> None:
    assert ask(registry, "GET", "/v2/ns/m/manifests/latest").body == b"{}"
    assert ask(registry, "PUT", "/v2/ns/m/manifests/new", b"[ ]\n").status == 201
    assert ask(registry, "GET", "/v2/ns/m/manifests/new").body == b"[ ]\n"
    assert ask(registry, "GET", "/v2/ns/other/manifests/new").status == 404


def test_a_blob_lies_on_another_host_in_parts(registry: Client) -> None:
    head = ask(registry, "HEAD", f"/v2/ns/m/blobs/{DIGEST}")
    assert (head.status, head.header("content-length")) == (200, str(len(DATA)))
    place = ask(registry, "GET", f"/v2/ns/m/blobs/{DIGEST}").header("location")
    assert place == f"http://localhost:{registry.address[1]}/storage/ns/m/{DIGEST}"
    part = ask(registry, "GET", f"/storage/ns/m/{DIGEST}", Range="bytes=2-4")
    assert (part.status, part.body) == (206, DATA[2:5])
    assert part.header("content-range") == f"bytes 2-4/{len(DATA)}"


def test_an_upload_in_pieces_is_verified(registry: Client) -> None:
    data = b"one and two"
    begun = ask(registry, "POST", "/v2/ns/new/blobs/uploads/")
    place = begun.header("location") or ""
    assert (begun.status, place) == (202, "/v2/ns/new/blobs/uploads/0")
    assert ask(registry, "PATCH", place, data[:3]).status == 202
    assert ask(registry, "PATCH", place, data[3:]).status == 202
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    assert ask(registry, "PUT", f"{place}?digest={digest}").status == 201
    assert ask(registry, "GET", f"/storage/ns/new/{digest}").body == data
    assert ask(registry, "PATCH", place, data).status == 404


def test_an_upload_with_another_digest_is_refused(registry: Client) -> None:
    place = ask(registry, "POST", "/v2/ns/m/blobs/uploads/").header("location") or ""
    ask(registry, "PATCH", place, b"other bytes")
    assert ask(registry, "PUT", f"{place}?digest={DIGEST}").status == 400


def test_a_blob_is_mounted(registry: Client) -> None:
    path = "/v2/ns/new/blobs/uploads/"
    assert ask(registry, "POST", f"{path}?from=ns/m&mount={DIGEST}").status == 201
    assert ask(registry, "GET", f"/storage/ns/new/{DIGEST}").body == DATA
    assert ask(registry, "POST", f"{path}?from=ns/x&mount={DIGEST}").status == 202


@pytest.mark.parametrize(
    ("question", "authorization", "status"),
    [
        (QUESTION, SIGNED, 200),
        (QUESTION, SIGNED.partition(":")[0], 403),
        (QUESTION, "", 403),
        (QUESTION, f"{SIGNED}AAAA", 403),
        (QUESTION.replace("nonce", "once"), SIGNED, 403),
        (QUESTION.replace("ts=", "t="), SIGNED, 403),
    ],
)
def test_tokens_are_for_questions_in_form(
    registry: Client, repository: Repository, question: str, authorization: str, status: int
) -> None:
    repository.realm = "here"
    refused = ask(registry, "GET", "/v2/ns/m/manifests/latest")
    assert refused.status == 401
    assert "/token" in (refused.header("www-authenticate") or "")
    given = ask(registry, "GET", question, Authorization=authorization)
    assert given.status == status
    if status == 200:
        bearer = f"Bearer {json.loads(given.body)['token']}"
        assert ask(registry, "GET", "/v2/ns/m/manifests/latest", Authorization=bearer).status == 200


def test_what_was_asked_can_be_read(registry: Client) -> None:
    ask(registry, "HEAD", f"/v2/ns/m/blobs/{DIGEST}", Authorization="x")
    ask(registry, "GET", f"/storage/ns/m/{DIGEST}")
    found = json.loads(ask(registry, "GET", "/asked/ns/m").body)
    assert found == {"asked": ["HEAD blob", "GET storage"], "told": ["HEAD blob"]}


def test_a_blob_may_be_some_hops_away(registry: Client, repository: Repository) -> None:
    repository.hops = 2
    path = f"/v2/ns/m/blobs/{DIGEST}"
    for _ in range(2):
        assert path.startswith("/v2/ns/m/blobs/")
        path = ask(registry, "GET", path).header("location") or ""
    assert (ask(registry, "GET", path).header("location") or "").startswith("http://localhost:")
    assert ask(registry, "HEAD", f"/v2/ns/m/blobs/{DIGEST}").status == 200


@pytest.mark.parametrize(
    ("headers", "method", "status"),
    [
        ({"Accept": MANIFEST, "User-Agent": "ollama/0.1.2 (x)"}, "GET", 200),
        ({"Accept": MANIFEST, "User-Agent": "ollama/dev (x)"}, "GET", 400),
        ({"Accept": "*/*", "User-Agent": "ollama/0.1.2 (x)"}, "GET", 400),
        ({"Content-Type": MANIFEST, "User-Agent": "ollama/0.1.2 (x)"}, "PUT", 201),
        ({"Accept": MANIFEST, "User-Agent": "ollama/0.1.2 (x)"}, "PUT", 400),
    ],
)
def test_a_strict_registry_wants_to_be_told(
    registry: Client, repository: Repository, headers: dict[str, str], method: str, status: int
) -> None:
    repository.is_strict = True
    assert ask(registry, method, "/v2/ns/m/manifests/latest", b"", **headers).status == status


def test_a_token_is_good_for_so_many_requests(registry: Client, repository: Repository) -> None:
    repository.realm, repository.uses = "here", 2
    given = ask(registry, "GET", QUESTION, Authorization=SIGNED)
    bearer = f"Bearer {json.loads(given.body)['token']}"
    statuses = [
        ask(registry, "GET", "/v2/ns/m/manifests/latest", Authorization=bearer).status
        for _ in range(3)
    ]
    assert statuses == [200, 200, 401]


@pytest.mark.parametrize(
    ("scopes", "status"),
    [("scope=a%3Ab", 200), ("scope=a%3Ac", 403), ("", 403), ("scope=a%3Ab&scope=c", 403)],
)
def test_a_question_has_each_scope_that_is_wanted(
    registry: Client, repository: Repository, scopes: str, status: int
) -> None:
    repository.realm, repository.scope = "here", "a:b"
    question = QUESTION.replace("&service", f"&{scopes}&service")
    assert ask(registry, "GET", question, Authorization=SIGNED).status == status


def test_an_upload_goes_on_where_ollamas_header_says(
    registry: Client, repository: Repository
) -> None:
    repository.parts_go = "Docker-Upload-Location"
    place = ask(registry, "POST", "/v2/ns/m/blobs/uploads/").header("docker-upload-location")
    assert place == "/v2/ns/m/blobs/uploads/0"
    answer = ask(registry, "PATCH", place, DATA)
    assert (answer.header("docker-upload-location"), answer.header("location")) == (
        place,
        "/nowhere",
    )


@pytest.mark.parametrize(("etag", "status"), [(ETAG, 201), (f"{ETAG[:-1]}2", 400), ("", 400)])
def test_the_bytes_of_an_upload_may_go_to_the_storage(
    registry: Client, repository: Repository, etag: str, status: int
) -> None:
    repository.parts_go = "storage"
    place = ask(registry, "POST", "/v2/ns/m/blobs/uploads/").header("location") or ""
    sent_on = ask(registry, "PATCH", place, b"never kept")
    target = sent_on.header("location") or ""
    assert sent_on.status == 307
    assert target.startswith("http://localhost:")
    assert ask(registry, "PUT", target[target.index("/storage") :], DATA).status == 200
    end = f"{sent_on.header('docker-upload-location')}?digest={DIGEST}&etag={etag}"
    assert ask(registry, "PUT", end).status == status


def test_every_offered_digest_is_that_of_its_blob_but_for_the_lie() -> None:
    for name, repository in fixtures().repositories.items():
        for digest, data in repository.blobs.items():
            is_true = digest == "sha256:" + hashlib.sha256(data).hexdigest()
            assert is_true or name == "conformance-suite/lying"


def stream(*rows: dict[str, Any]) -> Response:
    body = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    return Response(200, [], body, "chunked")


def test_statuses_are_compared_in_their_order() -> None:
    answer = stream({"status": "a"}, {"status": "a"}, {"status": "b"}, {"error": "c"})
    assert differences(answer, {"lines": {"statuses": ["a", "b", "error: c"]}}, {}) == []
    for wrong in (["a", "b"], ["b", "a", "error: c"], ["a", "a", "b", "error: c"]):
        assert differences(answer, {"lines": {"statuses": wrong}}, {})


@pytest.mark.parametrize(
    ("sizes", "is_right"),
    [([0, 5, 5, 9], True), ([9], True), ([5, 4, 9], False), ([0, 5], False), ([], True)],
)
def test_progress_goes_forwards_to_the_end(sizes: list[int], is_right: bool) -> None:
    rows = [{"status": "x", "digest": "d", "total": 9, "completed": size} for size in sizes]
    answer = stream({"status": "first"}, *rows)
    assert (differences(answer, {"lines": {"progress": True}}, {}) == []) is is_right


def test_the_list_of_lines_has_a_schema_of_its_own() -> None:
    answer = stream({"status": "a"}, {"status": "b"})
    assert differences(answer, {"lines": {"whole": {"minItems": 2, "maxItems": 2}}}, {}) == []
    assert differences(answer, {"lines": {"whole": {"maxItems": 1}}}, {})
