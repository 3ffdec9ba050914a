"""How Anthropic's API words errors."""

import secrets

from msgspec import Struct

__all__ = ["ANTHROPIC", "Anthropic", "new_id"]

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    529: "overloaded_error",
}


class Error(Struct):
    """What went wrong."""

    type: str
    message: str


class ErrorResponse(Struct):
    """The body of an error."""

    type: str
    error: Error
    request_id: str


class ErrorEvent(Struct):
    """What a stream sends in whose middle something fails."""

    type: str
    error: Error


class Anthropic:
    """The dialect; see translating.Dialect."""

    def error(self, message: str, status: int) -> ErrorResponse:
        """The body of an error."""
        return ErrorResponse("error", _error(message, status), new_id("req"))

    def event(self, message: str, status: int) -> ErrorEvent:
        """An error in the middle of a stream."""
        return ErrorEvent("error", _error(message, status))


ANTHROPIC = Anthropic()


def _error(message: str, status: int) -> Error:
    return Error(TYPES.get(status, "api_error"), message)


def new_id(kind: str) -> str:
    """A name: its kind, and 24 hexadecimal digits."""
    return f"{kind}_{secrets.token_hex(12)}"
