"""Refusals as the protocol words them: ``{"errors": [{"code": ..., "message": ...}]}``.

Source: the OCI distribution specification, "Error Codes".
"""

import logging
from collections.abc import Mapping

from starlette.responses import Response

from pyollama.errors import PyollamaError
from pyollama_http import gojson

__all__ = ["RegistryError", "response_of"]

logger = logging.getLogger(__name__)

CODES = {
    "BLOB_UNKNOWN": (404, "blob unknown to registry"),
    "DIGEST_INVALID": (400, "invalid digest"),
    "MANIFEST_UNKNOWN": (404, "manifest unknown"),
    "NAME_INVALID": (400, "invalid repository name"),
    "NAME_UNKNOWN": (404, "repository name not known to registry"),
    "NOT_FOUND": (404, "there is nothing here"),
    "PAGINATION_NUMBER_INVALID": (400, "invalid number of results requested"),
    "RANGE_INVALID": (416, "invalid content range"),
    "UNKNOWN": (500, "unknown error"),
    "UNSUPPORTED": (405, "this registry can only be read"),
}
"""Each code with its status and what is said where nothing better is known."""

MAX_MESSAGE = 1000  # characters; parts of a path may be in it


class RegistryError(PyollamaError):
    """A refusal with one of the codes, perhaps with words and headers of its own."""

    def __init__(
        self, code: str, message: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message or CODES[code][1])
        self.code = code
        self.headers = dict(headers or {})


def response_of(error: PyollamaError) -> Response:
    """The answer to a request that cannot be granted; its length is told, as HEAD needs it.

    What is wrong with the store, and where that lies, is for the log and for no other machine.
    """
    if not isinstance(error, RegistryError):
        logger.warning("%s", error)
    known = error if isinstance(error, RegistryError) else RegistryError("UNKNOWN")
    entry = {"code": known.code, "message": str(known)[:MAX_MESSAGE]}
    headers = {"content-type": "application/json; charset=utf-8", **known.headers}
    return Response(gojson.encode({"errors": [entry]}), CODES[known.code][0], headers)
