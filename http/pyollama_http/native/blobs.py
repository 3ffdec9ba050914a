"""/api/blobs/:digest: is a blob here, and take it if not; the bytes go straight to the store."""

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from pyollama.errors import NotFound, RequestCanceled
from pyollama_http import responses
from pyollama_http.parts import parts

__all__ = ["has_blob", "upload_blob"]


async def has_blob(request: Request) -> Response:
    """HEAD /api/blobs/:digest: 200 or 404."""
    store, digest = await parts(request).store(), request.path_params["digest"]
    if not store.has_blob(digest):
        raise NotFound(f'blob "{digest}" not found')
    return responses.empty()


async def upload_blob(request: Request) -> Response:
    """POST /api/blobs/:digest: 201, or 200 without reading the body if the blob is here."""
    store, digest = await parts(request).store(), request.path_params["digest"]
    if store.has_blob(digest):
        return responses.empty()
    try:
        await store.write_blob(digest, request.stream())
    except ClientDisconnect as error:
        raise RequestCanceled("request canceled") from error
    return responses.empty(201)
