"""What one pull or push says to the registry of a name, and the token that it has got for that.

The token goes to the registry alone, never to where it sends us: its host, its port, its scheme.
"""

import asyncio
from collections.abc import AsyncIterable, Mapping
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

import httpx2

from pyollama.store.names import Name
from pyollama.store.registry import exchange
from pyollama.store.registry.exchange import MAX_ERROR, Answer, Question, Unauthorized
from pyollama.store.registry.tokens import new_token

__all__ = ["Session"]


class Session:
    """A client, the URLs of a name, and whether all of them are asked for by plain HTTP."""

    def __init__(self, client: httpx2.AsyncClient, name: Name, *, insecure: bool = False) -> None:
        self.client = client
        self.name = name
        self.scheme = "http" if insecure else "https"
        self.token = ""
        self.asking = asyncio.Lock()
        self.base = f"{self.scheme}://{name.host}/v2/{name.namespace}/{name.model}"

    def blob_url(self, digest: str) -> str:
        """Where a blob is read, and asked for."""
        return f"{self.base}/blobs/{digest}"

    @property
    def manifest_url(self) -> str:
        """Where the manifest is read and written."""
        return f"{self.base}/manifests/{self.name.tag}"

    def location(self, answer: Answer) -> str:
        """Where an upload goes on: Ollama's header says it, else that of every registry."""
        headers = answer.headers
        found = headers.get("docker-upload-location") or headers.get("location") or ""
        target = urljoin(answer.url, found)
        if self.scheme == "http" and urlsplit(target).netloc == self.name.host:
            return f"http{target[target.index(':') :]}"  # a registry behind a proxy may not know
        return target

    async def ask(self, question: Question) -> Answer:
        """One request and its answer, as the module exchange has it.

        A 401 is answered with a new token, once: Unauthorized for the second.
        """
        token = self.token
        try:
            return await self._ask(question)
        except Unauthorized as refused:
            await self.authorize(refused.challenge, refused.url, token)
        return await self._ask(question)

    async def _ask(self, question: Question) -> Answer:
        """Ask with the token that we have."""
        headers = {**question.headers, **self.authorization(question.url)}
        return await exchange.ask(self.client, replace(question, headers=headers))

    async def authorize(self, challenge: str, url: str, refused: str) -> None:
        """Get a token as WWW-Authenticate asks for it in the answer to a request of a URL.

        refused is the token that the request had: if there is another one by now, that will do, for
        parts travel side by side. Unauthorized for anybody but the registry: our key signs nothing
        for a storage.
        """
        if not self.is_ours(url):
            raise Unauthorized(url, challenge)
        async with self.asking:
            if self.token == refused:
                await self._renew(challenge, url)

    async def _renew(self, challenge: str, url: str) -> None:
        self.token = await new_token(self.client, challenge, url)

    def authorization(self, url: str) -> dict[str, str]:
        """The header that tells the registry who asks; none for anybody else."""
        is_known = self.token and self.is_ours(url)
        return {"Authorization": f"Bearer {self.token}"} if is_known else {}

    def is_ours(self, url: str) -> bool:
        """Whether it is the registry that answers at a URL."""
        return _origin(url) == _origin(self.base)

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], content: AsyncIterable[bytes]
    ) -> Answer:
        """Send many bytes; gives the answer whatever its status, where it leads is not followed.

        After a 401 there is a new token for the next try.
        """
        token = self.token
        headers = {**headers, **self.authorization(url)}
        async with exchange.sent(
            self.client, method, url, headers=headers, content=content, is_redirected=False
        ) as response:
            answer = await exchange.read(response, MAX_ERROR)
        if answer.status == 401 and self.is_ours(url):
            await self.authorize(answer.headers.get("www-authenticate", ""), url, token)
        return answer


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
