"""Tokens: a registry that answers 401 says where they are given; who signs the question gets one.

    WWW-Authenticate: Bearer realm="https://<host>/token",service="<s>",scope="<a> <b>"

The question carries the time and a random text, so that nobody can ask it again. Nothing that the
key has signed goes to another host than the one that was asked at first.
"""

import asyncio
import base64
import json
import re
import secrets
import time
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx2

from pyollama.store.errors import StoreError
from pyollama.store.registry.exchange import MAX_ERROR, Answer, read, sent
from pyollama.store.registry.key_file import key_path
from pyollama.store.registry.keys import loaded_key
from pyollama.store.registry.retries import Hopeless

__all__ = ["Challenge", "new_token"]

# The base64 of the hex SHA-256 of nothing: what is signed of a body, and here is none.
NO_BODY = "ZTNiMGM0NDI5OGZjMWMxNDlhZmJmNGM4OTk2ZmI5MjQyN2FlNDFlNDY0OWI5MzRjYTQ5NTk5MWI3ODUyYjg1NQ=="
N_NONCE = 16  # bytes
ENDING = re.compile(r'"(?:,|$)')
MAX_CHALLENGE = 16 << 10  # characters
PATIENCE = 60.0  # seconds


@dataclass(frozen=True)
class Challenge:
    """Where tokens are given, for which service, and what the token shall allow."""

    realm: str
    service: str
    scope: str

    @classmethod
    def parse(cls, header: str) -> "Challenge":
        """Read WWW-Authenticate; what is not there is empty."""
        header = header[:MAX_CHALLENGE]
        return cls(*(_value(header, key) for key in ("realm", "service", "scope")))

    def url(self, moment: int, nonce: str) -> str:
        """The question: the realm with its query sorted by key, as Go sorts and escapes it."""
        parts = urlsplit(self.realm)
        query = [*parse_qsl(parts.query, keep_blank_values=True), ("service", self.service)]
        query += [("scope", item) for item in self.scope.split(" ")]
        query += [("ts", str(moment)), ("nonce", nonce)]
        query.sort(key=lambda pair: pair[0])  # values of one key stay in order
        return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), ""))


def _value(header: str, key: str) -> str:
    """What follows key=" up to a quote with a comma behind it, or with nothing."""
    start = header.find(f'{key}="') + len(key) + 2
    end = ENDING.search(header, start) if start > len(key) + 1 else None
    return header[start : end.start()] if end else ""


async def new_token(client: httpx2.AsyncClient, header: str, asked: str) -> str:
    """The token that a challenge to the request of a URL asks for.

    Raises StoreError if tokens are given at another host, the key cannot be read, or the answer is
    a refusal or no token. Redirects are not followed: they could lead elsewhere.
    """
    challenge = Challenge.parse(header)
    nonce = base64.urlsafe_b64encode(secrets.token_bytes(N_NONCE)).decode().rstrip("=")
    try:
        url = challenge.url(int(time.time()), nonce)
        host, original = urlsplit(url).netloc, urlsplit(asked).netloc
    except ValueError as error:
        raise StoreError(f'parse "{challenge.realm}": {error}') from error
    if host != original:
        raise Hopeless(f'realm host "{host}" does not match original host "{original}"')
    if asked.startswith("https:") and not url.startswith("https:"):
        raise Hopeless(f'realm "{challenge.realm}" would send a token in the clear')
    key = await asyncio.to_thread(lambda: loaded_key(key_path()))
    signed = key.signature(f"GET,{url},{NO_BODY}")
    return _token(await _answer(client, url, {"Authorization": signed}))


async def _answer(client: httpx2.AsyncClient, url: str, headers: dict[str, str]) -> Answer:
    """What is said to the question, within a minute."""
    try:
        async with (
            asyncio.timeout(PATIENCE),
            sent(client, "GET", url, headers=headers, is_redirected=False) as response,
        ):
            return await read(response, MAX_ERROR)
    except TimeoutError as error:
        raise StoreError(f'Get "{url}": context deadline exceeded') from error


def _token(answer: Answer) -> str:
    """The token of an answer."""
    text = answer.body.decode("utf-8", "replace")
    if answer.status >= 300:
        raise StoreError(f"{answer.status}: {text}" if text else str(answer.status))
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"the answer to a question for a token is not JSON: {error}") from error
    token = found.get("token") or found.get("access_token") if isinstance(found, dict) else None
    if not isinstance(token, str) or not re.fullmatch(r"[!-~]+", token):
        raise StoreError("the registry gave no token")
    return token
