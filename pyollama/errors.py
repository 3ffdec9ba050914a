"""The errors that a client can see, in Ollama's words; the HTTP layer turns each into a status.

PyollamaError
├── FormatError        a file is malformed (pyollama_formats)
├── BadRequest         the request itself is wrong                        400
├── Forbidden          cloud models, which this server does not have      403
├── NotFound           no such model, blob or file                        404
├── RequestCanceled    the client left before there was an answer         499
├── OptionError        an entry of options has the wrong type             500
├── NoEmbeddings       embeddings are asked of a model that makes text    501
├── ServerBusy         the queue is full                                  503
└── EngineError        the model could not be loaded or run               500
"""

import json

from pyollama_formats.errors import FormatError, PyollamaError

__all__ = [
    "BadRequest",
    "EngineError",
    "Forbidden",
    "FormatError",
    "NoEmbeddings",
    "NotFound",
    "OptionError",
    "PyollamaError",
    "RequestCanceled",
    "ServerBusy",
    "engine_error",
    "refused_by_engine",
]


class BadRequest(PyollamaError):
    """The request is wrong: name, capability, limits."""


class Forbidden(PyollamaError):
    """The request needs something that this server never does."""


class NotFound(PyollamaError):
    """A model, blob or file that the request names does not exist."""


class RequestCanceled(PyollamaError):
    """The client went away before the request could be answered."""


class NoEmbeddings(PyollamaError):
    """The model makes text, and embeddings are asked of it."""


class OptionError(PyollamaError):
    """An entry of options, or of the model's stored parameters, has the wrong type."""


class ServerBusy(PyollamaError):
    """The queue of requests that wait for a model is full."""


class EngineError(PyollamaError):
    """The model could not be loaded, or failed while running."""


def engine_error(message: str, *, code: int, type: str, **details: int) -> str:
    """llama.cpp's error object, which Ollama passes on as text."""
    error = {"code": code, "message": message, "type": type, **details}
    return json.dumps({"error": error}, separators=(",", ":"), ensure_ascii=False)


def refused_by_engine(
    message: str, type: str = "invalid_request_error", **details: int
) -> BadRequest:
    """A refusal in the form of llama.cpp's error object."""
    return BadRequest(engine_error(message, code=400, type=type, **details))
