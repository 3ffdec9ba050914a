"""One request to a registry and its answer, with the statuses and words of Ollama's client."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2

from pyollama.store.errors import StoreError
from pyollama.store.registry.retries import Hopeless
from pyollama.store.registry.transport import Trace
from pyollama.store.registry.words import network_words

__all__ = ["MAX_ERROR", "Answer", "Missing", "Question", "Unauthorized", "ask", "read", "sent"]

MAX_REDIRECTS = 10
MAX_ERROR = 64 << 10  # bytes of the text of an error that are passed on
PATIENCE = 120.0  # seconds for the whole answer, which a slow one must not stretch for ever
QUIET = 30.0  # seconds for connecting, and without a byte after that


class Missing(StoreError):
    """The registry does not have what it was asked for."""


class Unauthorized(Hopeless):
    """The registry wants to know who asks; url is what was asked for."""

    def __init__(self, url: str, challenge: str) -> None:
        super().__init__("unauthorized: access denied")
        self.url = url
        self.challenge = challenge


@dataclass(frozen=True)
class Answer:
    """What a registry said, and where; header names in lower case, reason as it was written."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    reason: str
    url: str


@dataclass(frozen=True)
class Question:
    """What a registry is asked; headers are added to those of every request.

    Of the answer, limit is the most bytes that are read, and patience for how many seconds it may
    take, of which all may pass in silence.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    limit: int = MAX_ERROR
    patience: float | None = None


async def ask(client: httpx2.AsyncClient, question: Question) -> Answer:
    """The answer behind all redirects.

    Raises Unauthorized for a 401, Missing for a 404, StoreError for any other refusal and for an
    answer that is too long or too late, and what sent() does.
    """
    method, url = question.method, question.url
    headers, content, quiet = question.headers, question.content, question.patience or QUIET
    try:
        async with (
            asyncio.timeout(question.patience or PATIENCE),
            sent(client, method, url, headers=headers, content=content, quiet=quiet) as response,
        ):
            await _require_success(response, url)
            return await read(response, question.limit)
    except TimeoutError as error:
        raise StoreError(_told(method, url, "context deadline exceeded")) from error


@asynccontextmanager
async def sent(
    client: httpx2.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | AsyncIterable[bytes] | None = None,
    quiet: float = QUIET,
    is_redirected: bool = True,
) -> AsyncIterator[httpx2.Response]:
    """The answer, whatever its status; with is_redirected the one behind all redirects.

    quiet is for how many seconds nothing may come. Raises StoreError, in Go's words, for a network
    that fails, while the body is read as before.
    """
    trace = Trace()
    shown = url
    try:
        request = client.build_request(
            method,
            url,
            headers=dict(headers or {}),
            content=content,
            timeout=httpx2.Timeout(QUIET, read=quiet),
            extensions={"trace": trace},
        )
        for _ in range(MAX_REDIRECTS + 1):
            shown = str(request.url)
            response = await _sent(client, request)
            try:
                if response.next_request is None or not is_redirected:
                    yield response
                    return
                request = response.next_request
            finally:
                await response.aclose()
    except httpx2.InvalidURL as error:
        raise StoreError(f'parse "{shown}": {str(error).lower()}') from error
    except httpx2.HTTPError as error:
        raise StoreError(_told(method, shown, await network_words(error, trace))) from error
    raise StoreError(_told(method, shown, f"stopped after {MAX_REDIRECTS} redirects"))


async def read(response: httpx2.Response, limit: int) -> Answer:
    """An answer with its body; StoreError where that has more than limit bytes."""
    body = await _beginning(response, limit + 1)
    if len(body) > limit:
        raise StoreError(f"the registry answered with more than {limit} bytes")
    headers, reason = dict(response.headers), response.reason_phrase
    return Answer(response.status_code, headers, body, reason, str(response.url))


async def _sent(client: httpx2.AsyncClient, request: httpx2.Request) -> httpx2.Response:
    """The head of one answer; HTTP and HTTPS are all that is spoken."""
    if request.url.scheme not in ("http", "https"):
        raise httpx2.UnsupportedProtocol(f'unsupported protocol scheme "{request.url.scheme}"')
    return await client.send(request, stream=True)


async def _require_success(response: httpx2.Response, url: str) -> None:
    """Raise the error of an answer that refuses."""
    status = response.status_code
    if status == 401:
        raise Unauthorized(url, response.headers.get("www-authenticate", ""))
    if status == 404:
        raise Missing("file does not exist")
    if status >= 400:
        text = (await _beginning(response, MAX_ERROR)).decode("utf-8", "replace")
        raise StoreError(f"{status}: {text}")


async def _beginning(response: httpx2.Response, size: int) -> bytes:
    """The body, or its first bytes."""
    found = bytearray()
    async for chunk in response.aiter_raw():
        found += chunk
        if len(found) >= size:
            break
    return bytes(found[:size])


def _told(method: str, url: str, reason: str) -> str:
    """Go's form of an error that belongs to a request: Get "https://...": EOF."""
    return f'{method.capitalize()} "{url}": {reason}'
