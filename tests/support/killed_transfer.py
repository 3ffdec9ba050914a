"""Runs a pull or a push again and again, killed at a later point each time: see killed_store.

Usage: killed_transfer.py OPERATION NETLOC TEMPLATE FOLDER. A pull is one of the model ns/m, and
killed where it changes the disk. A push is one of the model ns/m<n>, so that each finds a registry
that has nothing of it yet, and is killed where it sends something as well.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx2
from killed_store import Record, walk

import pyollama.store.registry.pull  # once, before the forks
import pyollama.store.registry.push  # noqa: F401
from pyollama.store import Store, parse_name
from pyollama.store.registry import parts, upload

__all__ = ["PART"]

PART = 1000  # bytes


def small_parts() -> None:
    """Parts that come one after the other, so that each child does the same as the one before."""
    parts.MIN_PART = parts.MAX_PART = PART
    parts.N_PARTS = 1


def one_context() -> None:
    """Read the certificates of the system once: no connection here needs any."""
    context = httpx2.create_ssl_context()
    httpx2.create_ssl_context = lambda *_: context


def pulled(netloc: str, store: Store, record: Record) -> None:
    """Pull ns/m."""

    async def main() -> None:
        async for _ in store.pull(parse_name(f"{netloc}/ns/m"), insecure=True):
            pass

    asyncio.run(main())


def pushed(netloc: str, store: Store, record: Record) -> None:
    """Push ns/m<n> from the n-th copy of the store."""
    watch_network(store.root, record)

    async def main() -> None:
        async for _ in store.push(f"{netloc}/ns/m{store.root.name}", insecure=True):
            pass

    asyncio.run(main())


def watch_network(root: Path, record: Record) -> None:
    """Record each request, and each piece of a body, before it is sent."""
    real_send, real_chunks = httpx2.AsyncClient.send, upload.Part.chunks

    async def send(client: Any, request: httpx2.Request, **kwargs: Any) -> httpx2.Response:
        record("send", root, request.method)
        return await real_send(client, request, **kwargs)

    async def chunks(part: upload.Part) -> AsyncGenerator[bytes, None]:
        async for data in real_chunks(part):
            half = len(data) // 2
            yield data[:half]
            record("send", root, "a half")
            yield data[half:]

    httpx2.AsyncClient.send = send  # type: ignore[method-assign, assignment]
    upload.Part.chunks = chunks  # type: ignore[method-assign, assignment]


OPERATIONS = {"pull": pulled, "push": pushed}


def main() -> None:
    """What the command line says."""
    operation, netloc, template, folder = sys.argv[1:]
    small_parts()
    one_context()
    run = OPERATIONS[operation]
    walk(Path(template), Path(folder), lambda store, record: run(netloc, store, record))


if __name__ == "__main__":
    main()
