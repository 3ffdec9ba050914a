"""A client in Go that nobody here wrote: docker-registry, as a cache that fetches from us."""

import asyncio
import urllib.request
from pathlib import Path

import pytest
from docker_registry import PROGRAM, docker_registry
from offered import CONFIG, WEIGHTS, digest_of, offer
from thread_server import thread_server

from pyollama.store import Store, parse_name

pytestmark = [
    pytest.mark.slow,
    pytest.mark.oracle,
    pytest.mark.skipif(PROGRAM is None, reason="docker-registry is not installed"),
]


def test_a_pull_through_cache_finds_all_that_it_needs(store: Store, tmp_path: Path) -> None:
    offer(store, "m", WEIGHTS, mediaType="application/vnd.docker.distribution.manifest.v2+json")
    last = Store(tmp_path / "last")

    async def pull(name: str) -> None:
        async for _ in last.pull(parse_name(name), insecure=True):
            continue

    with thread_server(store.root, serve_registry=True) as url:
        environ = {"REGISTRY_PROXY_REMOTEURL": url}
        with docker_registry(tmp_path / "cache", environ=environ) as netloc:
            asyncio.run(pull(f"{netloc}/library/m"))
            tags = urllib.request.urlopen(f"http://{netloc}/v2/library/m/tags/list").read()
    assert last.find(parse_name(f"{netloc}/library/m")).digest == store.find(parse_name("m")).digest
    for data in (CONFIG, WEIGHTS):
        assert last.blob_path(digest_of(data)).read_bytes() == data
    assert tags.strip() == b'{"name":"library/m","tags":["latest"]}'
