"""Which status an error has: one table from the tree under PyollamaError."""

import logging

from starlette.requests import Request
from starlette.responses import Response

from pyollama.errors import (
    BadRequest,
    EngineError,
    Forbidden,
    FormatError,
    NoEmbeddings,
    NotFound,
    OptionError,
    PyollamaError,
    RequestCanceled,
    ServerBusy,
)
from pyollama_http import responses

__all__ = ["BadGateway", "BodyTooLarge", "crashed", "refused", "status_of"]

logger = logging.getLogger(__name__)


class BodyTooLarge(PyollamaError):
    """A request body is longer than the server takes."""


class BadGateway(PyollamaError):
    """Something beyond this server, which the answer needs, has failed."""


STATUS: dict[type[PyollamaError], int] = {
    BadRequest: 400,
    Forbidden: 403,
    NotFound: 404,
    BodyTooLarge: 413,
    RequestCanceled: 499,
    FormatError: 500,
    OptionError: 500,
    EngineError: 500,
    NoEmbeddings: 501,
    BadGateway: 502,
    ServerBusy: 503,
}


def status_of(error: PyollamaError) -> int:
    """The status of an error: that of its nearest class in the table, else 500."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


async def refused(request: Request, error: Exception) -> Response:
    """Starlette's handler for PyollamaError: Ollama's words with their status."""
    assert isinstance(error, PyollamaError)
    return responses.error(str(error), status_of(error))


async def crashed(request: Request, error: Exception) -> Response:
    """Starlette's handler for everything else, which is our own mistake: an empty 500.

    The exception goes on to uvicorn, which logs it and hangs up. The client is told so, or its next
    request would be sent on a connection that is no more.
    """
    return responses.empty(500, {"Connection": "close"})
