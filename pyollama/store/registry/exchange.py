"""One request to a registry and its answer, with the statuses and words of Ollama's client."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from pyollama.store.errors import StoreError
from pyollama.store.registry.transport import Trace
from pyollama.store.registry.words import network_words

__all__ = ["Answer", "Missing", "ask"]

MAX_REDIRECTS = 10
MAX_ERROR = 64 << 10  # bytes of the text of an error that are passed on
PATIENCE = 120.0  # seconds for the whole answer, which a slow one must not stretch for ever
REALM = re.compile(r'realm="(.*?)"(?:,|$)')


class Missing(StoreError):
    """The registry does not have what it was asked for."""


@dataclass(frozen=True)
class Answer:
    """What a registry said; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def ask(
    client: httpx2.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    limit: int = MAX_ERROR,
) -> Answer:
    """Send a request; limit bounds the answer in bytes.

    Raises Missing for a 404, StoreError for any other refusal and for a network that fails.
    """
    answer = await _sent(client, method, url, headers or {}, body, limit)
    if answer.status == 401:
        raise StoreError(_unauthorized(url, answer.headers.get("www-authenticate", "")))
    if answer.status == 404:
        raise Missing("file does not exist")
    if answer.status >= 400:
        text = answer.body[:MAX_ERROR].decode("utf-8", "replace")
        raise StoreError(f"{answer.status}: {text}")
    return answer


def _unauthorized(url: str, challenge: str) -> str:
    """Why a 401 is the end: it asks for a token, which only the holder of a key can get."""
    match = REALM.search(challenge)
    realm, host = urlsplit(match[1] if match else "").netloc, urlsplit(url).netloc
    if realm != host:
        return f'realm host "{realm}" does not match original host "{host}"'
    return "unauthorized: the registry asks for a key, and this version has none"


async def _sent(
    client: httpx2.AsyncClient,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    limit: int,
) -> Answer:
    """The answer behind all redirects; StoreError in Go's words where there is none."""
    trace = Trace()
    try:
        request: httpx2.Request | None = client.build_request(
            method, url, headers=dict(headers), content=body, extensions={"trace": trace}
        )
    except httpx2.InvalidURL as error:
        raise StoreError(f'parse "{url}": {str(error).lower()}') from error
    shown = url
    try:
        async with asyncio.timeout(PATIENCE):
            for _ in range(MAX_REDIRECTS + 1):
                assert request is not None
                shown = str(request.url)
                answer, request = await _once(client, request, limit)
                if request is None:
                    return answer
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
        raise StoreError(_told(method, shown, await network_words(error, trace))) from error
    raise StoreError(_told(method, shown, f"stopped after {MAX_REDIRECTS} redirects"))


async def _once(
    client: httpx2.AsyncClient, request: httpx2.Request, limit: int
) -> tuple[Answer, httpx2.Request | None]:
    """One answer, and the request that it redirects to."""
    if request.url.scheme not in ("http", "https"):
        raise httpx2.UnsupportedProtocol(f'unsupported protocol scheme "{request.url.scheme}"')
    response = await client.send(request, stream=True)
    try:
        if response.next_request is not None:
            return Answer(response.status_code, {}, b""), response.next_request
        # What is too long for an answer is an error's text at most, and cut.
        body = await _body(response, limit if response.is_success else MAX_ERROR)
        return Answer(response.status_code, dict(response.headers), body), None
    finally:
        await response.aclose()


async def _body(response: httpx2.Response, limit: int) -> bytes:
    """The body; one that is too long is an error, but for that of an error, which is cut."""
    found = bytearray()
    async for chunk in response.aiter_raw():
        found += chunk
        if len(found) > limit:
            if response.is_success:
                raise StoreError(f"the registry answered with more than {limit} bytes")
            break
    return bytes(found[:limit])


def _told(method: str, url: str, reason: str) -> str:
    """Go's form of an error that belongs to a request: Get "https://...": EOF."""
    return f'{method.capitalize()} "{url}": {reason}'
