"""Where the bytes of a blob really lie: many registries send their clients to a storage."""

import asyncio
import random
import time
from urllib.parse import urljoin, urlsplit

from pyollama.store.errors import StoreError
from pyollama.store.registry.exchange import MAX_ERROR, MAX_REDIRECTS, Missing, read, sent
from pyollama.store.registry.retries import Hopeless
from pyollama.store.registry.session import Session

__all__ = ["direct_url"]

BUDGET = 30.0  # seconds for all tries together
LONGEST = 10.0  # seconds between two of them
REDIRECTS = (301, 302, 303, 307, 308)


async def direct_url(session: Session, url: str) -> str:
    """Follow redirects as long as they stay at the host; gives the URL to ask for parts.

    That is the one behind the first redirect to another host, or the one that is answered. Tried
    again for half a minute; raises what exchange.ask() does, and StoreError for a circle.
    """
    deadline = time.monotonic() + BUDGET
    for attempt in range(1, 1 << 20):
        try:
            return await _followed(session, url)
        except (Hopeless, Missing):
            raise
        except StoreError:
            delay = min(attempt * attempt * 0.01, LONGEST) * random.uniform(0.5, 1.5)
            if time.monotonic() + delay > deadline:
                raise
            await asyncio.sleep(delay)
    raise AssertionError("the deadline comes first")


async def _followed(session: Session, url: str) -> str:
    """One try."""
    target = url
    for _ in range(MAX_REDIRECTS + 1):
        location = await _location(session, target)
        if location is None:
            return target
        target = urljoin(target, location)
        if urlsplit(target).hostname != urlsplit(url).hostname:
            return target
    raise Hopeless(f"maximum redirects exceeded ({MAX_REDIRECTS}) for directURL")


async def _location(session: Session, url: str) -> str | None:
    """Where a URL leads, None if it is there that the bytes are; a 401 is answered once."""
    for is_last in (False, True):
        token = session.token
        headers = session.authorization(url)
        async with sent(
            session.client, "GET", url, headers=headers, is_redirected=False
        ) as response:
            status = response.status_code
            location = response.headers.get("location")
            if status in REDIRECTS and location:
                return location
            if status in (200, 206):
                return None
            answer = await read(response, MAX_ERROR)
        if status != 401 or is_last:
            break
        await session.authorize(answer.headers.get("www-authenticate", ""), url, token)
    if status == 401:
        raise Hopeless("unauthorized: access denied")
    if status == 404:
        raise Missing("file does not exist")
    if status >= 400:
        raise StoreError(f"{status}: {answer.body.decode('utf-8', 'replace')}")
    raise Hopeless(f"unexpected status code {status}")
