"""A blob on its way from a registry into the store: in parts, side by side, again where one fails.

Two pulls of one blob share one download, in one process or in two: the second waits for the first,
sees how far that is, and goes on with it if the first goes away.
"""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from weakref import WeakValueDictionary

import httpx2

from pyollama.store.blobs import Blobs
from pyollama.store.errors import StoreError
from pyollama.store.registry import parts
from pyollama.store.registry.claims import claimed
from pyollama.store.registry.direct import direct_url
from pyollama.store.registry.exchange import MAX_ERROR, Question, read, sent
from pyollama.store.registry.partial import Partial, PartialPart
from pyollama.store.registry.progress import watched
from pyollama.store.registry.retries import retried
from pyollama.store.registry.session import Session
from pyollama_formats.manifest import Layer

__all__ = ["Damaged", "downloaded"]

BATCH = 1 << 20  # bytes that are written in one go
INTERVAL = 0.06  # seconds after which what has come is written, however little it is
STALL = 30.0  # seconds without a byte
QUIET = 60.0  # seconds after which HTTP gives up by itself; longer, so that STALL comes first


class Damaged(StoreError):
    """What has come is not what was wanted."""


class Stalled(StoreError):
    """Nothing comes any more, which is nobody's refusal."""


class Shared:
    """A download that is under way in this process, and whose turn it is."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.partial: Partial | None = None

    def look(self, partial: Partial) -> None:
        """See how far another process is."""
        if partial.resume():
            self.partial = partial

    @property
    def completed(self) -> int:
        """How many bytes are there."""
        return self.partial.completed if self.partial else 0


UNDER_WAY: WeakValueDictionary[tuple[int, Path], Shared] = WeakValueDictionary()
"""By event loop and path: locks belong to one loop. Others have to claim the blob, as processes."""


async def downloaded(session: Session, blobs: Blobs, layer: Layer) -> AsyncGenerator[int, None]:
    """Store a layer, telling now and then how many bytes are here.

    Nothing is stored if the network fails, the disk is full, or the registry has other sizes than
    the manifest: StoreError; or if the bytes are others than the digest says: Damaged. Leaving the
    generator ends the download. What has come stays for the next one, unless it is damaged.
    """
    place = id(asyncio.get_running_loop()), blobs.path(layer.digest)
    shared = UNDER_WAY.setdefault(place, Shared())
    work = _fetched(session, blobs, layer, shared)
    async with aclosing(watched(work, lambda: shared.completed)) as sizes:
        async for size in sizes:
            yield size


async def _fetched(session: Session, blobs: Blobs, layer: Layer, shared: Shared) -> None:
    """Fetch what is missing, once it is our turn."""
    partial = Partial(blobs, layer.digest.replace("-", ":"), layer.size)
    claim = claimed(blobs.root, blobs.path(layer.digest).name, lambda: shared.look(partial))
    async with shared.turn, claim:
        if await asyncio.to_thread(blobs.has, layer.digest):
            return
        url = session.blob_url(layer.digest)
        shared.partial = partial
        if not await asyncio.to_thread(partial.resume):
            await _require_size(session, url, layer)
            await asyncio.to_thread(partial.begin)
        await _fetch_parts(session, url, [p for p in partial.parts if p.completed < p.size])
        found = await asyncio.to_thread(partial.finish)
    if found != partial.digest:
        raise Damaged(
            f"digest mismatch, file must be downloaded again: want {layer.digest}, got {found}"
        )


async def _require_size(session: Session, url: str, layer: Layer) -> None:
    """Ask whether the registry has the blob, and as large as its manifest says."""
    answer = await session.ask(Question("HEAD", url))
    length = answer.headers.get("content-length", str(layer.size))
    if length != str(layer.size):
        raise StoreError(f"{layer.digest} has {length} bytes, and not {layer.size}")


async def _fetch_parts(session: Session, url: str, missing: list[PartialPart]) -> None:
    """Fetch parts side by side; the first that fails for good ends all."""
    if not missing:
        return
    direct = await direct_url(session, url)
    room = asyncio.Semaphore(parts.N_PARTS)

    async def fetch(part: PartialPart) -> None:
        async with room:
            await retried(lambda: _unstalled(session, direct, part))

    try:
        async with asyncio.TaskGroup() as group:
            for part in missing:
                group.create_task(fetch(part))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def _unstalled(session: Session, url: str, part: PartialPart) -> None:
    """One try of a part; a connection on which nothing comes is replaced and does not count."""
    while True:
        try:
            return await _fetch_part(session, url, part)
        except Stalled:
            continue


async def _fetch_part(session: Session, url: str, part: PartialPart) -> None:
    """Ask for the rest of a part and write it. Our token goes to the registry alone."""
    first, last = part.offset + part.completed, part.offset + part.size - 1
    token = session.token
    headers = {"Range": f"bytes={first}-{last}", **session.authorization(url)}
    try:
        async with (
            asyncio.timeout(STALL) as clock,
            sent(session.client, "GET", url, headers=headers, quiet=QUIET) as response,
        ):
            skipped = await _skipped(session, response, first, token)
            await _write(response, part, skipped, clock)
    except TimeoutError:
        raise Stalled("part stalled") from None


async def _skipped(session: Session, response: httpx2.Response, first: int, token: str) -> int:
    """How many bytes come before those that were asked for: all, from a server without ranges.

    After a refusal of the token there is another one for the next try.
    """
    status = response.status_code
    if status == 206:
        span = re.match(r"bytes (\d+)-", response.headers.get("content-range", ""))
        if span and int(span[1]) != first:
            raise StoreError(f"asked for bytes from {first} on, got them from {span[1]} on")
        return 0
    if status == 200:
        return first
    answer = await read(response, MAX_ERROR)
    if status == 401 and session.is_ours(answer.url):
        await session.authorize(answer.headers.get("www-authenticate", ""), answer.url, token)
    raise StoreError(f"{status}: {answer.body.decode('utf-8', 'replace')}")


async def _write(
    response: httpx2.Response, part: PartialPart, skipped: int, clock: asyncio.Timeout
) -> None:
    """Write what comes, no more than the part has; StoreError if it is less."""
    async for data in _batches(response, clock):
        wanted = data[skipped : skipped + part.size - part.completed]
        skipped = max(0, skipped - len(data))
        if wanted:
            await asyncio.to_thread(part.write, wanted)
        if part.completed == part.size:
            return
    raise StoreError("unexpected EOF")


async def _batches(
    response: httpx2.Response, clock: asyncio.Timeout
) -> AsyncGenerator[bytes, None]:
    """The body in pieces of some size, or of what came while somebody could wait for a sign.

    Every byte that comes sets the clock back, and is given even if the network fails after it.
    """
    loop = asyncio.get_running_loop()
    held, last = bytearray(), loop.time()
    try:
        async for chunk in response.aiter_raw():
            clock.reschedule(loop.time() + STALL)
            held += chunk
            if len(held) >= BATCH or loop.time() - last > INTERVAL:
                yield bytes(held)
                held, last = bytearray(), loop.time()
    except httpx2.HTTPError:
        yield bytes(held)
        raise
    yield bytes(held)
