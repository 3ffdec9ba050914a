"""The first lines of a pull and of a push, as far as the manifest goes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from fake_registry import FakeRegistry, Reply

from pyollama.errors import PyollamaError
from pyollama.store import Store, parse_name, tiny
from pyollama.store.types import ProgressResponse

Make = Callable[..., str]
MANIFEST = "/v2/ns/m/manifests/latest"


def drain(lines: AsyncIterator[ProgressResponse]) -> list[str]:
    """The statuses, and the text of the error that ended them."""

    async def main() -> list[str]:
        found = []
        try:
            async for line in lines:
                found.append(line.status)
        except PyollamaError as error:
            found.append(f"error: {error}")
        return found

    return asyncio.run(main())


def pulled(store: Store, registry: FakeRegistry) -> list[str]:
    return drain(store.pull(parse_name(f"{registry.netloc}/ns/m"), insecure=True))


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(404), "file does not exist"),
        (Reply(412, b"upgrade"), "412: upgrade"),
        (Reply(200, b"[]"), "invalid manifest"),
        (Reply(200, b"no json"), "invalid"),
        (Reply(200, b"x" * ((16 << 20) + 1)), "the registry answered with more than 16777216"),
    ],
)
def test_a_manifest_that_is_refused_or_none(
    store: Store, registry: FakeRegistry, reply: Reply, words: str
) -> None:
    registry.replies[f"GET {MANIFEST}"] = reply
    first, error = pulled(store, registry)
    assert first == "pulling manifest"
    assert error.startswith(f"error: pull model manifest: {words}")
    assert store.tags().models == []


def test_a_pull_asks_for_the_stored_spelling(
    store: Store, make: Make, registry: FakeRegistry
) -> None:
    make("OTHER/x:Latest")
    drain(store.pull(parse_name(f"{registry.netloc}/other/m"), insecure=True))
    assert registry.asked[0][1] == "/v2/OTHER/m/manifests/Latest"


def test_nobody_answers(store: Store, closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}/v2/ns/m/manifests/latest"
    name = parse_name(f"127.0.0.1:{closed_port}/ns/m")
    assert drain(store.pull(name, insecure=True)) == [
        "pulling manifest",
        f'error: pull model manifest: Get "{url}": '
        f"dial tcp 127.0.0.1:{closed_port}: connect: connection refused",
    ]


def test_a_client_that_leaves_hangs_up_at_once(store: Store, registry: FakeRegistry) -> None:
    registry.replies[f"GET {MANIFEST}"] = Reply(hold=True)

    async def main() -> None:
        lines = store.pull(parse_name(f"{registry.netloc}/ns/m"), insecure=True)
        assert (await anext(lines)).status == "pulling manifest"
        waiting = asyncio.ensure_future(anext(lines))
        while not registry.asked:
            await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())
    assert registry.gone.wait(5)


def test_tiny_needs_no_network(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(tiny, "files", lambda _: tmp_path / "empty")
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port}")
    assert drain(store.pull(parse_name("Tiny"))) == [
        "pulling manifest",
        "error: pull model manifest: the package was built without its model",
    ]


def pushed(store: Store, registry: FakeRegistry) -> list[str]:
    return drain(store.push(f"{registry.netloc}/ns/m", insecure=True))


def test_a_push_that_the_registry_refuses(store: Store, make: Make, registry: FakeRegistry) -> None:
    digest = make(f"{registry.netloc}/ns/m")
    registry.replies[f"HEAD /v2/ns/m/blobs/{digest}"] = Reply(403, b"never sent for HEAD")
    assert pushed(store, registry) == ["retrieving manifest", "error: 403: "]


def test_a_push_that_reaches_nobody(store: Store, make: Make, closed_port: int) -> None:
    raw_name = f"127.0.0.1:{closed_port}/ns/m"
    digest = make(raw_name)
    assert drain(store.push(raw_name, insecure=True)) == [
        "retrieving manifest",
        f'error: Head "http://{raw_name.removesuffix("/ns/m")}/v2/ns/m/blobs/{digest}": '
        f"dial tcp 127.0.0.1:{closed_port}: connect: connection refused",
    ]
