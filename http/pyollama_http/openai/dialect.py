"""How OpenAI's API words errors, and how hard a model is to think."""

from msgspec import Struct

from pyollama.gotext import go_quoted
from pyollama_http.translating import Untranslatable

__all__ = ["OPENAI", "OpenAI", "thinking_of"]

TYPES = {400: "invalid_request_error", 404: "not_found_error"}
WORDLESS = "something went wrong, please see the ollama server logs for details"
EFFORTS: dict[str, bool | str | None] = {
    "": None,
    "none": False,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "ultra": "max",
    "max": "max",
}
EFFORTS_TEXT = '"minimal", "low", "medium", "high", "xhigh", "ultra", "max", or "none"'


class Error(Struct):
    """What went wrong."""

    message: str
    type: str
    param: None = None
    code: None = None


class ErrorResponse(Struct):
    """The body of an error, and of an event in whose place a stream fails."""

    error: Error


class OpenAI:
    """The dialect; see translating.Dialect."""

    def error(self, message: str, status: int) -> ErrorResponse:
        """The body of an error."""
        return ErrorResponse(Error(message or WORDLESS, TYPES.get(status, "api_error")))


OPENAI = OpenAI()


def thinking_of(effort: str) -> bool | str | None:
    """The think of a native request for an effort of reasoning. Untranslatable for others."""
    if effort not in EFFORTS:
        raise Untranslatable(
            f"invalid reasoning value: {go_quoted(effort)} (must be {EFFORTS_TEXT})"
        )
    return EFFORTS[effort]
