"""What there is below ``/v2/``. Everything that would write is refused.

Ollama's client asks for a blob's manifest and HEAD, and then with a GET where the bytes really lie:
it takes no answer without a ``Location``, be it a 200, and fetches parts from there. So every blob
says that it lies where it was asked for; other clients heed that header in redirects alone.
"""

import asyncio
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from pyollama.errors import PyollamaError
from pyollama.store.errors import refusals
from pyollama.store.manifests import StoredManifest
from pyollama.store.names import is_valid_part
from pyollama.store.offers import Ambiguous, Offers, Repository
from pyollama_formats.manifest import MANIFEST_TYPE
from pyollama_http import responses
from pyollama_http.parts import parts
from pyollama_http.registry.errors import RegistryError, response_of
from pyollama_http.registry.files import FileResponse
from pyollama_http.registry.pages import page
from pyollama_http.registry.ranges import Unsatisfiable, requested
from pyollama_http.routing import Routes

__all__ = ["answer"]

VERSION = {"docker-distribution-api-version": "registry/2.0"}
DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+", re.ASCII)
FOREVER = "max-age=31536000, immutable"  # what a digest names never changes


async def answer(request: Request) -> Response:
    """Any request below /v2/."""
    try:
        response = await _answered(request)
    except PyollamaError as error:
        response = response_of(error)
    response.headers.update(VERSION)
    return response


async def _answered(request: Request) -> Response:
    found = ROUTES.resolve(request.method, request.scope["path"])
    if found.handler is not None:
        request.scope["path_params"] = found.params
        return await found.handler(request)
    if request.method in ("GET", "HEAD") and not found.allow:
        raise RegistryError("NOT_FOUND")
    raise RegistryError("UNSUPPORTED", headers={"allow": found.allow or "HEAD, GET"})


async def base(request: Request) -> Response:
    """/v2/: this is a registry, and it lets everybody in."""
    return responses.answer({})


async def catalog(request: Request) -> Response:
    """/v2/_catalog: the repositories."""
    offers = await _offers(request)
    names, headers = page(request, await asyncio.to_thread(offers.repositories))
    return _listing({"repositories": names}, headers)


async def tags(request: Request) -> Response:
    """/v2/<namespace>/<model>/tags/list."""
    repository, offers = _repository(request), await _offers(request)
    found = await asyncio.to_thread(offers.tags, repository)
    if not found:
        raise RegistryError("NAME_UNKNOWN")
    names, headers = page(request, found)
    return _listing({"name": "/".join(repository), "tags": names}, headers)


async def manifest(request: Request) -> Response:
    """/v2/<namespace>/<model>/manifests/<tag or digest>: the bytes as they are stored."""
    repository, reference = _repository(request), request.path_params["reference"]
    found = await asyncio.to_thread(_manifest, await _offers(request), repository, reference)
    if found is None:
        raise RegistryError("MANIFEST_UNKNOWN")
    media_type = found.manifest.media_type
    known = media_type if MEDIA_TYPE.fullmatch(media_type) else MANIFEST_TYPE
    return Response(found.data, 200, {"content-type": known, **_digest(f"sha256:{found.digest}")})


async def blob(request: Request) -> Response:
    """/v2/<namespace>/<model>/blobs/<digest>: all of it, or the range that is asked for."""
    repository, digest = _repository(request), request.path_params["digest"]
    if not DIGEST.fullmatch(digest):
        raise RegistryError("DIGEST_INVALID")
    path, size = await asyncio.to_thread(_blob, await _offers(request), repository, digest)
    headers = {
        "content-type": "application/octet-stream",
        "accept-ranges": "bytes",
        "cache-control": FOREVER,
        "location": request.scope["path"],  # which _repository() and DIGEST have checked
        **_digest(digest),
    }
    try:
        span = _span(request, digest, size)
    except Unsatisfiable:
        raise RegistryError("RANGE_INVALID", headers={"content-range": f"bytes */{size}"}) from None
    if span is None:
        return FileResponse(path, range(size), 200, headers)
    headers["content-range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
    return FileResponse(path, span, 206, headers)


ROUTES = Routes(
    [
        ("HEAD", "/v2/", base),
        ("GET", "/v2/", base),
        ("HEAD", "/v2/_catalog", catalog),
        ("GET", "/v2/_catalog", catalog),
        ("HEAD", "/v2/:namespace/:model/tags/list", tags),
        ("GET", "/v2/:namespace/:model/tags/list", tags),
        ("HEAD", "/v2/:namespace/:model/manifests/:reference", manifest),
        ("GET", "/v2/:namespace/:model/manifests/:reference", manifest),
        ("HEAD", "/v2/:namespace/:model/blobs/:digest", blob),
        ("GET", "/v2/:namespace/:model/blobs/:digest", blob),
    ]
)


async def _offers(request: Request) -> Offers:
    store = await parts(request).store()
    return Offers(store.manifests, store.blobs)


def _repository(request: Request) -> Repository:
    """The repository that the path names; RegistryError for what cannot be a model's name."""
    namespace, model = request.path_params["namespace"], request.path_params["model"]
    if not (is_valid_part("namespace", namespace) and is_valid_part("model", model)):
        raise RegistryError("NAME_INVALID")
    return namespace, model


def _manifest(offers: Offers, repository: Repository, reference: str) -> StoredManifest | None:
    """The manifest of a tag or digest, if there is one; RegistryError where there are several."""
    if DIGEST.fullmatch(reference):
        return offers.by_digest(repository, reference)
    try:
        return offers.tagged(repository, reference)
    except Ambiguous as error:
        raise RegistryError("NAME_INVALID", str(error)) from error


def _blob(offers: Offers, repository: Repository, digest: str) -> tuple[Path, int]:
    """Where a blob lies, and its size in bytes; RegistryError if it is not offered."""
    path = offers.blob(repository, digest)
    if path is None:
        raise RegistryError("BLOB_UNKNOWN")
    with refusals("stat", path):
        return path, path.stat().st_size


def _span(request: Request, digest: str, size: int) -> range | None:
    """The range that is asked for, or None: ranges are of GET alone, and of the blob that is meant.

    Unsatisfiable for a range beyond the end.
    """
    etag = _digest(digest)["etag"]
    if request.method != "GET" or request.headers.get("if-range", etag) != etag:
        return None
    return requested(request.headers.get("range", ""), size)


def _digest(digest: str) -> dict[str, str]:
    """What tells of a digest, twice."""
    return {"docker-content-digest": digest, "etag": f'"{digest}"'}


def _listing(value: dict[str, object], headers: dict[str, str]) -> Response:
    response = responses.answer(value)
    response.headers.update(headers)
    return response
