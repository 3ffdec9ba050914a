"""Downloads in parts: side by side, again where one fails, and on where an earlier one stopped."""

import asyncio
import errno
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_registry import Asked, FakeRegistry, Reply, fake_registry

from pyollama.errors import PyollamaError
from pyollama.store import Store, parse_name
from pyollama.store.registry import direct, download, parts, retries
from pyollama.store.registry.partial import Partial
from pyollama.store.types import ProgressResponse

DATA = os.urandom(25_000)
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()
BLOB = f"/v2/ns/m/blobs/{DIGEST}"
PART = 10_000  # bytes, so that DATA has three parts


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MIN_PART", PART)
    monkeypatch.setattr(parts, "MAX_PART", PART)
    monkeypatch.setattr(retries, "PAUSE", 0.0)
    monkeypatch.setattr(direct, "BUDGET", 0.0)


def pull(store: Store, registry: FakeRegistry) -> tuple[list[ProgressResponse], str]:
    """The lines, and the error that ended them."""
    lines: list[ProgressResponse] = []

    async def main() -> None:
        async for line in store.pull(parse_name(f"{registry.netloc}/ns/m"), insecure=True):
            lines.append(line)

    try:
        asyncio.run(main())
    except PyollamaError as error:
        return lines, str(error)
    return lines, ""


def ranges(registry: FakeRegistry) -> list[str]:
    """The ranges that have been asked for, in order of their beginnings."""
    found = [headers["range"] for _, _, headers in registry.asked if "range" in headers]
    return sorted(found, key=lambda text: int(text[6:].partition("-")[0]))


def files(store: Store) -> list[str]:
    """What lies beside the blobs, without the digest."""
    return sorted(path.name[71:] for path in (store.root / "blobs").iterdir())


def begun(store: Store, *completed: int) -> Partial:
    """A download that has got so far in each of its parts."""
    partial = Partial(store.blobs, DIGEST, len(DATA))
    partial.begin()
    for part, n_bytes in zip(partial.parts, completed, strict=True):
        part.write(DATA[part.offset : part.offset + n_bytes])
    return partial


def test_parts_become_a_blob(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    lines, error = pull(store, registry)
    assert (error, lines[-1].status) == ("", "success")
    assert ranges(registry) == ["bytes=0-9999", "bytes=10000-19999", "bytes=20000-24999"]
    assert store.blob_path(DIGEST).read_bytes() == DATA
    assert files(store) == [""]


def test_a_download_goes_on_where_it_was(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    begun(store, 4000, 10_000, 0)
    assert pull(store, registry)[1] == ""
    assert ranges(registry) == ["bytes=4000-9999", "bytes=20000-24999"]
    assert "HEAD" not in [method for method, _, _ in registry.asked]
    assert store.blob_path(DIGEST).read_bytes() == DATA
    assert files(store) == [""]


def test_states_are_ollamas(store: Store) -> None:
    partial = begun(store, 4000, 10_000, 0)
    assert files(store) == ["-partial", "-partial-0", "-partial-1", "-partial-2"]
    state = partial.parts[0].state.read_text()
    assert state == '{"N":0,"Offset":0,"Size":10000,"Completed":4000}\n'
    assert partial.data.stat().st_size == len(DATA)


def test_all_that_is_missing_is_the_name(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    begun(store, 10_000, 10_000, 5000)
    assert pull(store, registry)[1] == ""
    assert [path for _, path, _ in registry.asked] == ["/v2/ns/m/manifests/latest"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "[" * 4000, "null", '{"N":1,"Offset":10000,"Size":10000}',
     '{"N":1,"Offset":10000,"Size":10000,"Completed":10001}',
     '{"N":1,"Offset":10000,"Size":10000,"Completed":-1}',
     '{"N":1,"Offset":10000,"Size":9999,"Completed":1}',
     '{"N":1,"Offset":10000,"Size":10000,"Completed":1.5}',
     '{"N":7,"Offset":10000,"Size":10000,"Completed":1}'],
)  # fmt: skip
def test_a_state_that_is_none_begins_anew(store: Store, registry: FakeRegistry, text: str) -> None:
    registry.offer("m", [DATA])
    begun(store, 1, 2, 3).parts[1].state.write_text(text)
    assert pull(store, registry)[1] == ""
    assert len(ranges(registry)) == 3
    assert store.blob_path(DIGEST).read_bytes() == DATA


def test_states_without_their_bytes_begin_anew(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    begun(store, 10_000, 10_000, 4000).data.unlink()
    assert pull(store, registry)[1] == ""
    assert len(ranges(registry)) == 3


def test_damage_is_told_and_fetched_anew_the_next_time(
    store: Store, registry: FakeRegistry
) -> None:
    registry.offer("m", [b"{}", DATA])
    partial = begun(store, 4000, 0, 0)
    with partial.data.open("r+b") as file:
        file.write(b"damage")
    assert "digest mismatch" in pull(store, registry)[1]
    assert files(store) == [""]  # the config
    assert not store.has_blob(DIGEST)
    assert pull(store, registry)[1] == ""
    assert store.blob_path(DIGEST).read_bytes() == DATA


@pytest.mark.parametrize("refusal", [Reply(503), Reply(0), Reply(200, DATA[:99], length=5000)])
def test_a_part_is_tried_again(store: Store, registry: FakeRegistry, refusal: Reply) -> None:
    registry.offer("m", [DATA])
    refused: list[str] = []

    def gate(asked: Asked) -> Reply | None:
        if "range" in asked.headers and len(refused) < 4:
            refused.append(asked.path)
            return refusal
        return None

    registry.gate = gate
    lines, error = pull(store, registry)
    assert (error, len(refused)) == ("", 4)
    sizes = [line.completed for line in lines if line.digest]
    assert sizes == sorted(sizes)
    assert store.blob_path(DIGEST).read_bytes() == DATA


def test_what_fails_for_good_stays_for_the_next_pull(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])

    def gate(asked: Asked) -> Reply | None:
        is_last = asked.headers.get("range", "").startswith("bytes=2")
        return Reply(503, b"busy") if is_last else None

    registry.gate = gate
    assert pull(store, registry)[1] == "max retries exceeded: 503: busy"
    assert "-partial" in files(store)
    registry.gate = lambda _: None
    registry.asked.clear()
    assert pull(store, registry)[1] == ""
    assert "bytes=20000-24999" in ranges(registry)


@pytest.mark.parametrize("completed", [(0, 0, 0), (4000, 10_000, 1)])
def test_a_server_that_knows_no_ranges(
    store: Store, registry: FakeRegistry, completed: tuple[int, ...]
) -> None:
    registry.offer("m", [DATA])
    registry.is_ranged = False
    begun(store, *completed)
    assert pull(store, registry)[1] == ""
    assert store.blob_path(DIGEST).read_bytes() == DATA


def test_another_range_than_the_one_asked_for(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    wrong = Reply(206, DATA[:10_000], {"Content-Range": f"bytes 0-9999/{len(DATA)}"})
    registry.gate = lambda asked: wrong if "range" in asked.headers else None
    assert "asked for bytes from " in pull(store, registry)[1]


def test_a_part_that_stalls_is_asked_for_again(
    store: Store, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "STALL", 0.2)
    registry.offer("m", [DATA])
    held: list[str] = []

    def gate(asked: Asked) -> Reply | None:
        if asked.headers.get("range") == "bytes=0-9999" and len(held) < 7:  # more than the tries
            held.append(asked.path)
            return Reply(hold=True)
        return None

    registry.gate = gate
    assert pull(store, registry)[1] == ""
    assert len(held) == 7


def test_redirects_at_the_host_come_to_an_end(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    around = Reply(307, b"", {"Location": BLOB})
    registry.gate = lambda asked: around if asked.method == "GET" and asked.path == BLOB else None
    assert pull(store, registry)[1] == "maximum redirects exceeded (10) for directURL"
    assert len([path for method, path, _ in registry.asked if path == BLOB]) == 12


def test_parts_are_asked_for_where_the_blob_lies(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    with fake_registry() as storage:
        storage.replies["GET /x"] = Reply(200, DATA)
        port = storage.netloc.partition(":")[2]
        away = Reply(307, b"", {"Location": f"http://localhost:{port}/x"})
        registry.gate = lambda a: away if a.method == "GET" and a.path == BLOB else None
        assert pull(store, registry)[1] == ""
        assert len(storage.asked) == 3
    assert ranges(registry) == []


def test_a_body_that_breaks_off_counts(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    cut = [Reply(200, DATA[:99], length=PART)]
    is_first = "bytes=0-9999"
    registry.gate = lambda a: cut.pop() if cut and a.headers.get("range") == is_first else None
    assert pull(store, registry)[1] == ""
    assert ranges(registry)[:2] == ["bytes=0-9999", "bytes=99-9999"]


def test_a_full_disk_is_told_at_once_and_loses_nothing(
    store: Store, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.offer("m", [DATA])
    begun(store, 4000, 0, 0)
    open_file = os.open

    def full(path: str | Path, *rest: int) -> int:
        if "-partial-" in str(path):
            raise OSError(errno.ENOSPC, "No space left on device")
        return open_file(path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", full)
        error = pull(store, registry)[1]
    assert error.startswith("write /")
    assert error.endswith(": no space left on device")
    assert len(ranges(registry)) <= 3  # nobody tries again
    again = Partial(store.blobs, DIGEST, len(DATA))
    assert again.resume()
    assert again.completed == 4000
    assert pull(store, registry)[1] == ""
    assert store.blob_path(DIGEST).read_bytes() == DATA


def test_two_pulls_share_one_download(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])

    async def one() -> list[str]:
        lines = store.pull(parse_name(f"{registry.netloc}/ns/m"), insecure=True)
        return [line.status async for line in lines]

    async def both() -> None:
        for lines in await asyncio.gather(one(), one()):
            assert lines[-1] == "success"

    asyncio.run(both())
    assert len(ranges(registry)) == 3


def test_a_client_that_leaves_leaves_a_download_for_another(
    store: Store, registry: FakeRegistry
) -> None:
    registry.offer("m", [DATA])
    hold = Reply(hold=True)
    registry.gate = lambda asked: hold if "bytes=2" in asked.headers.get("range", "") else None

    async def main() -> None:
        lines = store.pull(parse_name(f"{registry.netloc}/ns/m"), insecure=True)
        async for line in lines:
            if line.completed == 2 * PART:
                break
        await lines.aclose()

    asyncio.run(main())
    assert registry.gone.wait(5)
    registry.gate = lambda _: None
    registry.asked.clear()
    assert pull(store, registry)[1] == ""
    assert ranges(registry) == ["bytes=20000-24999"]


PULLER = """
import asyncio, sys
from pathlib import Path
from pyollama.store import Store, parse_name
from pyollama.store.registry import parts
parts.MIN_PART = parts.MAX_PART = 10_000
async def main():
    async for line in Store(Path(sys.argv[1])).pull(parse_name(sys.argv[2]), insecure=True):
        print(line.completed, flush=True)
asyncio.run(main())
"""


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_a_download_for_another(
    store: Store, registry: FakeRegistry
) -> None:
    registry.offer("m", [DATA])
    hold = Reply(hold=True)
    registry.gate = lambda asked: hold if "bytes=2" in asked.headers.get("range", "") else None
    command = [sys.executable, "-c", PULLER, str(store.root), f"{registry.netloc}/ns/m"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == str(2 * PART):
                break
        process.send_signal(signal.SIGKILL)
    registry.gate = lambda _: None
    registry.asked.clear()
    assert pull(store, registry)[1] == ""
    assert ranges(registry) == ["bytes=20000-24999"]
    assert store.blob_path(DIGEST).read_bytes() == DATA


def test_a_blob_beyond_all_bounds_takes_no_memory(store: Store) -> None:
    began = time.monotonic()
    with pytest.raises(PyollamaError, match="would have 4611686018427387904 bytes"):
        Partial(store.blobs, DIGEST, 1 << 62).begin()
    assert time.monotonic() - began < 1
    assert not store.blobs.folder.exists()
