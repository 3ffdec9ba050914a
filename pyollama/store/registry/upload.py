"""A blob on its way to a registry: asked for, mounted from another model, or sent in parts.

Each part is the body of a PATCH, whose answer says where the next one goes. A registry that speaks
as Ollama's may send the bytes elsewhere instead (307), and then parts travel side by side. Others
take X-Redirect-Uploads and etag for noise.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlencode, urljoin

import httpx2

from pyollama.errors import BadRequest
from pyollama.store.blobs import Blobs, is_digest
from pyollama.store.errors import StoreError, refusals
from pyollama.store.names import parse_name
from pyollama.store.registry import parts
from pyollama.store.registry.exchange import Answer, Missing, Question
from pyollama.store.registry.progress import watched
from pyollama.store.registry.retries import MAX_TRIES, Hopeless, pause, retried
from pyollama.store.registry.session import Session
from pyollama_formats.manifest import Layer

__all__ = ["uploaded"]

BATCH = 1 << 20  # bytes that are read in one go
PATIENCE = 600.0  # seconds in which a registry hashes all that it has got


class Lost(Hopeless):
    """The registry does not know how far the upload is: it has to begin anew."""


class Part:
    """A part of a file; completed and md5 tell of the current try."""

    def __init__(self, path: Path, offset: int, size: int) -> None:
        self.path = path
        self.offset = offset
        self.size = size
        self.completed = 0
        self.md5 = hashlib.md5(usedforsecurity=False)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes of the part, from its beginning."""
        self.completed, self.md5 = 0, hashlib.md5(usedforsecurity=False)
        with refusals("read", self.path), self.path.open("rb") as file:
            file.seek(self.offset)
            while self.completed < self.size:
                size = min(BATCH, self.size - self.completed)
                data = await asyncio.to_thread(file.read, size)
                if not data:
                    raise Hopeless(f"{self.path} has become shorter")
                self.md5.update(data)
                yield data
                self.completed += len(data)


async def uploaded(session: Session, blobs: Blobs, layer: Layer) -> AsyncGenerator[int, None]:
    """Let the registry have a layer, telling now and then how many bytes have gone.

    Nothing is told of one that it has already. StoreError for a blob that is not stored, a network
    that fails, a registry that refuses.
    """
    if not is_digest(layer.digest):
        raise StoreError("invalid digest format")
    try:
        await session.ask(Question("HEAD", session.blob_url(layer.digest)))
    except Missing:
        upload = Upload(session, blobs.open_path(layer.digest), layer)
        async for size in watched(upload.run(), lambda: upload.completed):
            yield size


class Upload:
    """One blob being sent."""

    def __init__(self, session: Session, path: Path, layer: Layer) -> None:
        self.session = session
        self.path = path
        self.layer = layer
        self.parts: list[Part] = []
        self.room = asyncio.Semaphore(parts.N_PARTS)

    @property
    def completed(self) -> int:
        """How many bytes have gone; less again when a part has to be repeated."""
        return sum(part.completed for part in self.parts)

    async def run(self) -> None:
        """Send all, from the beginning again where the registry has lost the thread."""
        for attempt in range(MAX_TRIES):
            try:
                return await self._attempt()
            except Lost as error:
                last = error
            await pause(attempt)
        raise StoreError(f"max retries exceeded: {last}") from last

    async def _attempt(self) -> None:
        url = await self._begin()
        if url is None:
            return
        with refusals("open", self.path):
            size = self.path.stat().st_size
        self.parts = [Part(self.path, *place) for place in parts.split(size)]
        try:
            async with asyncio.TaskGroup() as group:
                for part in self.parts:
                    target, url = await self._patch(part, url)
                    if target:
                        await self.room.acquire()
                        group.create_task(self._put(part, target))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        await self._finish(url)

    async def _begin(self) -> str | None:
        """Where the first part goes; None if the registry has taken the blob from another model."""
        url = f"{self.session.base}/blobs/uploads/{self._mount()}"
        answer = await self.session.ask(Question("POST", url))
        return None if answer.status == 201 else self.session.location(answer)

    def _mount(self) -> str:
        """The query that offers to take the blob from the model that the layer was taken from."""
        try:
            source = parse_name(self.layer.from_)
        except BadRequest:  # a layer that was made here, of a file maybe
            return ""
        repository = f"{source.namespace}/{source.model}"
        return "?" + urlencode({"from": repository, "mount": self.layer.digest})

    async def _patch(self, part: Part, url: str) -> tuple[str, str]:
        """Send a part; gives where its bytes have to go instead, or nothing, and the next URL."""
        tries = 0

        async def attempt() -> tuple[str, str]:
            nonlocal tries
            tries += 1
            headers = {
                "X-Redirect-Uploads": "1",
                "Content-Range": f"{part.offset}-{part.offset + part.size - 1}",
            }
            answer = await self._send("PATCH", url, part, headers)
            # The registry has kept some of the first try, and nobody knows how much.
            if answer.status == 416 or (answer.status == 404 and tries > 1):
                raise Lost(_words(answer))
            _require_success(answer)
            location = answer.headers.get("location", "") if answer.status == 307 else ""
            return location and urljoin(url, location), self.session.location(answer)

        return await retried(attempt)

    async def _put(self, part: Part, target: str) -> None:
        """Send a part to where the registry wants it, which is not told who we are."""

        async def attempt() -> None:
            _require_success(await self._send("PUT", target, part, {}))

        try:
            await retried(attempt)
        finally:
            self.room.release()

    async def _send(self, method: str, url: str, part: Part, headers: dict[str, str]) -> Answer:
        """One try of a part; what a refused one has sent does not count."""
        headers |= {"Content-Type": "application/octet-stream", "Content-Length": str(part.size)}
        try:
            answer = await self.session.send(method, url, headers, part.chunks())
        except StoreError:
            part.completed = 0
            raise
        if not 200 <= answer.status < 300:
            part.completed = 0
        return answer

    async def _finish(self, url: str) -> None:
        """Say that this was all; etag is what S3 gives to a file that came in parts."""
        digests = b"".join(part.md5.digest() for part in self.parts)
        etag = hashlib.md5(digests, usedforsecurity=False).hexdigest()
        query = {"digest": self.layer.digest, "etag": f"{etag}-{len(self.parts)}"}
        last = str(httpx2.URL(url).copy_merge_params(query))
        question = Question("PUT", last, patience=PATIENCE)
        await retried(lambda: self.session.ask(question))


def _require_success(answer: Answer) -> None:
    """StoreError for an answer that refuses a part."""
    if answer.status >= 400:
        raise StoreError(_words(answer))


def _words(answer: Answer) -> str:
    text = answer.body.decode("utf-8", "replace")
    return f"http status {answer.status} {answer.reason}: {text}"
