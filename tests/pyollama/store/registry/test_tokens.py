"""Registries that want to know who asks, and those that want it for somebody else."""

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fake_registry import Asked, FakeRegistry, Reply, fake_registry
from token_registry import TokenGate
from upload_registry import UploadRegistry

from pyollama.errors import PyollamaError
from pyollama.store import Store, parse_name
from pyollama.store.registry import parts, retries, tokens
from pyollama.store.registry.exchange import Answer
from pyollama.store.registry.keys import Key
from pyollama.store.registry.tokens import Challenge
from pyollama.store.types import ProgressResponse
from pyollama_formats.manifest import Layer, Manifest

DATA = b"layer" * 1000


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a key; and pauses that are short."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(retries, "PAUSE", 0.0)
    return tmp_path / "home"


def drain(lines: AsyncIterator[ProgressResponse]) -> str:
    """The last status, or the error."""

    async def main() -> str:
        return [line.status async for line in lines][-1]

    try:
        return asyncio.run(main())
    except PyollamaError as error:
        return f"error: {error}"


def pull(store: Store, registry: FakeRegistry) -> str:
    return drain(store.pull(parse_name(f"{registry.netloc}/ns/m"), insecure=True))


def keep(store: Store, registry: FakeRegistry) -> None:
    """Store ns/m with one layer."""
    digest = store.add_blob([DATA])[0]
    layer = Layer(media_type="x", digest=digest, size=len(DATA))
    store.replace(parse_name(f"{registry.netloc}/ns/m"), Manifest(config=layer))


def secrets_told(registry: FakeRegistry) -> list[str]:
    """All that anybody has told a registry of who he is."""
    given = [headers.get("authorization", "") for _, _, headers in registry.asked]
    return [text for text in given if text]


def test_a_pull_with_one_token(store: Store, registry: FakeRegistry, home: Path) -> None:
    registry.offer("m", [b"{}", DATA])
    gate = TokenGate(registry)
    assert pull(store, registry) == "success"
    assert gate.given == 1
    assert (home / ".ollama" / "id_ed25519.pub").read_text().startswith("ssh-ed25519 ")


def test_the_question_has_its_query_in_order(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [b"{}"])
    gate = TokenGate(registry)
    pull(store, registry)
    query = urlsplit(gate.asked[0]).query
    assert [pair.partition("=")[0] for pair in query.split("&")] == [
        "nonce", "scope", "scope", "service", "ts", "z",
    ]  # fmt: skip
    assert "scope=repository%3Ans%2Fm%3Apull%2Cpush&scope=other&service=the+registry&" in query
    assert len(parse_qs(query)["nonce"][0]) == 22


def test_a_question_is_as_go_writes_it() -> None:
    challenge = Challenge.parse('Bearer realm="https://h/token?b=2&a=1",scope="x y",service="s"')
    assert challenge.url(1700000000, "n-_") == (
        "https://h/token?a=1&b=2&nonce=n-_&scope=x&scope=y&service=s&ts=1700000000"
    )


def test_the_signature_of_a_question_is_openssls(monkeypatch: pytest.MonkeyPatch) -> None:
    """openssl pkeyutl -sign -rawin, of the question, a comma each, and the constant."""
    public = "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    signed = (
        "RY/VEmSfNUwdUza+wtehTeOs7yZXycB5QmfyDDFWqjnu+eK45Ev85MUGIoejxb0COzeYg8FXqR8GrHHwg0ODAQ=="
    )
    question = (
        "https://registry.example/token?nonce=AAECAwQFBgcICQoLDA0ODw"
        "&scope=repository%3Alibrary%2Fm%3Apull&service=registry.example&ts=1700000000"
    )
    key = Key(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    asked: list[tuple[str, dict[str, str]]] = []

    async def answer(_: object, url: str, headers: dict[str, str]) -> Answer:
        asked.append((url, headers))
        return Answer(200, {}, b'{"token": "t"}', "OK", url)

    monkeypatch.setattr(tokens, "_answer", answer)
    monkeypatch.setattr(tokens, "loaded_key", lambda _: key)
    monkeypatch.setattr(tokens, "time", SimpleNamespace(time=lambda: 1700000000.9))
    monkeypatch.setattr(tokens, "secrets", SimpleNamespace(token_bytes=lambda n: bytes(range(n))))
    realm = 'realm="https://registry.example/token",service="registry.example"'
    header = f'Bearer {realm},scope="repository:library/m:pull"'
    url = "https://registry.example/v2/library/m/manifests/latest"
    client = cast(httpx2.AsyncClient, None)
    assert asyncio.run(tokens.new_token(client, header, url)) == "t"
    assert asked == [(question, {"Authorization": f"{public}:{signed}"})]


@pytest.mark.parametrize(
    ("header", "scope"),
    [
        ('Bearer realm="r",scope="a,b"', "a,b"),
        ('Bearer scope="a"b",realm="r"', 'a"b'),
        ('Bearer realm="r",scope="open', ""),
        ("Basic", ""),
        ("", ""),
    ],
)
def test_a_value_ends_with_a_quote_and_a_comma_or_with_all(header: str, scope: str) -> None:
    assert Challenge.parse(header).scope == scope


def test_a_push_whose_token_runs_out_between_parts(
    store: Store, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MIN_PART", 500)
    monkeypatch.setattr(parts, "MAX_PART", 500)
    registry.otherwise = UploadRegistry(registry).answer
    gate = TokenGate(registry, uses=3)
    keep(store, registry)
    assert drain(store.push(f"{registry.netloc}/ns/m", insecure=True)) == "success"
    assert gate.given > 3
    digest = "sha256:" + hashlib.sha256(DATA).hexdigest()
    assert registry.replies[f"GET /v2/ns/m/blobs/{digest}"].body == DATA


def test_a_second_refusal_is_the_end(store: Store, registry: FakeRegistry) -> None:
    gate = TokenGate(registry, uses=0)
    assert pull(store, registry) == "error: pull model manifest: unauthorized: access denied"
    assert gate.given == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(403, b"who?"), "403: who?"),
        (Reply(500), "500"),
        (Reply(307, b"", {"Location": "http://elsewhere.example/token"}), "307"),
        (Reply(200, b"no json"), "the answer to a question for a token is not JSON: "),
        (Reply(200, b"[" * 60_000), "the answer to a question for a token is not JSON: "),
        (Reply(200, b"[]"), "the registry gave no token"),
        (Reply(200, b'{"token": "a\\r\\nHost: b"}'), "the registry gave no token"),
        (Reply(200, b"x" * 70_000), "the registry answered with more than 65536 bytes"),
    ],
)
def test_no_token_is_given(store: Store, registry: FakeRegistry, reply: Reply, words: str) -> None:
    TokenGate(registry).refusal = reply
    assert pull(store, registry).startswith(f"error: pull model manifest: {words}")


@pytest.mark.parametrize("action", ["pull", "push"])
def test_a_realm_on_another_port_gets_nothing(
    store: Store, registry: FakeRegistry, action: str, home: Path
) -> None:
    keep(store, registry)
    with fake_registry() as thief:
        TokenGate(registry, realm=f"http://{thief.netloc}/token")
        if action == "pull":
            answer = pull(store, registry)
        else:
            answer = drain(store.push(f"{registry.netloc}/ns/m", insecure=True))
        assert thief.asked == []
    words = f'realm host "{thief.netloc}" does not match original host "{registry.netloc}"'
    assert answer.endswith(words)
    assert secrets_told(registry) == []
    assert not home.exists()


@pytest.mark.parametrize("realm", ["http://[::1/token", "http://h:99999999/token", "x"])
def test_a_realm_that_is_no_url(store: Store, registry: FakeRegistry, realm: str) -> None:
    TokenGate(registry, realm=realm)
    assert pull(store, registry).startswith("error: pull model manifest: ")
    assert secrets_told(registry) == []


def test_a_token_does_not_follow_a_redirect(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    path = f"/v2/ns/m/blobs/sha256:{hashlib.sha256(DATA).hexdigest()}"
    gate = TokenGate(registry)
    with fake_registry() as elsewhere:
        elsewhere.replies["GET /x"] = registry.replies.pop(f"GET {path}")
        location = {"Location": f"http://{elsewhere.netloc}/x"}
        registry.replies[f"GET {path}"] = Reply(307, b"", location)
        assert pull(store, registry) == "success"
        assert secrets_told(elsewhere) == []
    assert gate.given == 1


def test_a_token_does_not_follow_a_manifest(store: Store, registry: FakeRegistry) -> None:
    manifest = Reply(200, registry.offer("m", [DATA]))
    TokenGate(registry)
    with fake_registry() as elsewhere:
        elsewhere.replies["GET /x"] = manifest
        location = {"Location": f"http://{elsewhere.netloc}/x"}
        registry.replies["GET /v2/ns/m/manifests/latest"] = Reply(307, b"", location)
        assert pull(store, registry) == "success"
        assert len(elsewhere.asked) == 1
        assert secrets_told(elsewhere) == []


def test_a_pull_whose_token_runs_out_between_parts(
    store: Store, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MIN_PART", 500)
    monkeypatch.setattr(parts, "MAX_PART", 500)
    registry.offer("m", [DATA])
    gate = TokenGate(registry, uses=6)
    assert pull(store, registry) == "success"
    assert gate.given > 1
    digest = "sha256:" + hashlib.sha256(DATA).hexdigest()
    assert store.blob_path(digest).read_bytes() == DATA


def test_parts_that_are_refused_together_ask_for_one_token(
    store: Store, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MIN_PART", 500)
    monkeypatch.setattr(parts, "MAX_PART", 500)
    registry.offer("m", [DATA])
    gate = TokenGate(registry)
    together = threading.Barrier(10, timeout=10)
    waiting = list(range(10))

    def reply(asked: Asked) -> Reply | None:
        if "range" in asked.headers and waiting:
            waiting.pop()
            together.wait()  # all ten parts have gone with the first token
            gate.left = 0 if gate.given == 1 else gate.left
        return gate.reply(asked)

    registry.gate = reply
    assert pull(store, registry) == "success"
    assert gate.given == 2


def test_a_token_does_not_follow_an_upload(store: Store, registry: FakeRegistry) -> None:
    keep(store, registry)
    TokenGate(registry)
    with fake_registry() as elsewhere:
        uploads = UploadRegistry(elsewhere)
        elsewhere.otherwise = uploads.answer
        uploads.received["/v2/ns/m/blobs/uploads/0"] = b""
        location = f"http://{elsewhere.netloc}/v2/ns/m/blobs/uploads/0?_state=0"
        registry.replies["POST /v2/ns/m/blobs/uploads/"] = Reply(202, b"", {"Location": location})
        registry.replies["PUT /v2/ns/m/manifests/latest"] = Reply(201)
        assert drain(store.push(f"{registry.netloc}/ns/m", insecure=True)) == "success"
        assert len(elsewhere.asked) == 2
        assert secrets_told(elsewhere) == []


def test_a_key_that_cannot_be_read(store: Store, registry: FakeRegistry, home: Path) -> None:
    (home / ".ollama").mkdir(parents=True)
    (home / ".ollama" / "id_ed25519").write_text("no key")
    TokenGate(registry)
    assert pull(store, registry).startswith(
        f"error: pull model manifest: {home}/.ollama/id_ed25519: "
    )
