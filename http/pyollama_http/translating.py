"""What the OpenAI and the Anthropic endpoints share: the way in, and the two kinds of errors.

A request is unpacked, decoded by a table of its own, and turned into a native one; what serving
answers is turned back. An error before serving sees the request has the dialect's envelope and
ends without a newline; one of serving's has a newline and another content type. What concerns
neither, a cloud model or a body that cannot be unpacked, keeps Ollama's own form.
"""

import contextlib
import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from pyollama.errors import BadRequest, Forbidden, PyollamaError
from pyollama.store.names import split_source
from pyollama_http import gojson, responses
from pyollama_http.body import decoded_body, read_body
from pyollama_http.errors import status_of
from pyollama_http.gojson import DecodeError
from pyollama_http.parts import parts
from pyollama_http.unpacking import unpacked

__all__ = ["Dialect", "Untranslatable", "is_strict", "refusal", "translated"]

CLOUD_DISABLED = "ollama cloud is disabled: remote model is unavailable"
EARLY = responses.JSON
LATE = responses.JSON_OF_STREAM


class Untranslatable(BadRequest):
    """The request says what no native request can say."""


class Dialect(Protocol):
    """How an API words its errors."""

    def error(self, message: str, status: int) -> Struct:
        """The body of an error."""


T = TypeVar("T", bound=Struct)
Handler = Callable[[Request], Awaitable[Response]]


def translated(
    dialect: Dialect, kind: type[T], stream_headers: Mapping[str, str] | None = None
) -> Callable[[Callable[[Request, T], Awaitable[Response]]], Handler]:
    """Make a handler of a function that answers the decoded request.

    stream_headers: what refusals of a stream carry too
    """

    def decorate(answer: Callable[[Request, T], Awaitable[Response]]) -> Handler:
        @functools.wraps(answer)
        async def handler(request: Request) -> Response:
            body = await unpacked(request, await read_body(request, request.app.state.max_body))
            headers: Mapping[str, str] = {}
            try:
                call = await _decoded(request, kind, body)
                headers = (stream_headers or {}) if getattr(call, "stream", False) else {}
                return await answer(request, call)
            except CloudModel:
                raise
            except PyollamaError as error:
                return refusal(dialect, error, headers)

        return handler

    return decorate


def refusal(
    dialect: Dialect, error: PyollamaError, headers: Mapping[str, str] | None = None
) -> Response:
    """An error in the dialect's words; headers go with what serving has refused."""
    status = status_of(error)
    body = gojson.encode(dialect.error(str(error)[: responses.MAX_MESSAGE], status))
    if isinstance(error, DecodeError | Untranslatable):
        return responses.text(body, status, EARLY)
    return responses.text(body + b"\n", status, LATE, headers)


class CloudModel(Forbidden):
    """A model that runs elsewhere was asked for; the answer has Ollama's own form."""


class Named(Struct):
    """As much of any request as tells where its model runs."""

    model: str = ""


async def _decoded(request: Request, kind: type[T], body: bytes) -> T:
    """The request. A cloud model is found first, whatever else is wrong with the request."""
    try:
        call = await decoded_body(request, kind, body, "EOF")
    except DecodeError:
        with contextlib.suppress(DecodeError):
            _refuse_cloud((await decoded_body(request, Named, body)).model)
        raise
    _refuse_cloud(getattr(call, "model", ""))
    return call


def _refuse_cloud(raw_name: str) -> None:
    """CloudModel if the suffix of the name says that."""
    try:
        _, source = split_source(raw_name)
    except BadRequest:
        return
    if source == "cloud":
        raise CloudModel(CLOUD_DISABLED)


def is_strict(request: Request) -> bool:
    """Whether the server shall be like Ollama where it would rather be better."""
    return parts(request).settings.strict_parity
