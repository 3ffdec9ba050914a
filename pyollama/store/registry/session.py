"""What one pull or push says to the registry of a name."""

from collections.abc import AsyncIterable, Mapping
from urllib.parse import urljoin, urlsplit

import httpx2

from pyollama.store.names import Name
from pyollama.store.registry import exchange
from pyollama.store.registry.exchange import MAX_ERROR, Answer

__all__ = ["Session"]


class Session:
    """A client, the URLs of a name, and whether all of them are asked for by plain HTTP."""

    def __init__(self, client: httpx2.AsyncClient, name: Name, *, insecure: bool = False) -> None:
        self.client = client
        self.name = name
        self.scheme = "http" if insecure else "https"
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

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        limit: int = MAX_ERROR,
        patience: float | None = None,
    ) -> Answer:
        """One request and its answer, as the module exchange has it."""
        return await exchange.ask(
            self.client,
            method,
            url,
            headers=headers,
            content=content,
            limit=limit,
            patience=patience,
        )

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], content: AsyncIterable[bytes]
    ) -> Answer:
        """Send many bytes; gives the answer whatever its status, where it leads is not followed."""
        async with exchange.sent(
            self.client, method, url, headers=headers, content=content, is_redirected=False
        ) as response:
            return await exchange.read(response, MAX_ERROR)
