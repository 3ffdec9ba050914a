"""The tools of a request as the native chat has them, and which of them must be called."""

from collections.abc import Iterator, Sequence
from typing import Any

from pyollama.api import ChatRequest
from pyollama.gotext import go_quoted
from pyollama_http import tool_choice, web_search
from pyollama_http.anthropic.types import Tool, ToolChoice
from pyollama_http.gojson.scanner import DecodeError, parse
from pyollama_http.gojson.tools import tool_parameters
from pyollama_http.translating import Untranslatable

__all__ = ["choice_of", "has_search", "native_tools"]

SEARCH = web_search.search_tool(
    "Search the web for current information."
    " Use this to find up-to-date information about any topic.",
    "The search query to look up on the web",
)


def has_search(tools: Sequence[Tool]) -> bool:
    """Whether the model may search the web."""
    return any(map(_is_search, tools))


def _is_search(tool: Tool) -> bool:
    return tool.type.startswith(web_search.NAME)


def native_tools(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """The tools. Untranslatable for a schema that is none."""
    return list(_natives(tools, has_search(tools)))


def _natives(tools: Sequence[Tool], searches: bool) -> Iterator[dict[str, Any]]:
    """Each tool, less what has the name of the search that is built in."""
    for tool in tools:
        if _is_search(tool):
            yield SEARCH
        elif not (searches and tool.name == web_search.NAME):
            yield _native(tool)


def _native(tool: Tool) -> dict[str, Any]:
    """A tool of the client's; one that is built in elsewhere is a function without parameters."""
    named = {"name": tool.name, "description": tool.description}
    function = {name: text for name, text in named.items() if text or name == "name"}
    return {"type": "function", "function": {**function, "parameters": _parameters(tool)}}


def _parameters(tool: Tool) -> dict[str, Any]:
    """The schema of a tool's input. Untranslatable if it is none, or has no end of schemas."""
    try:
        return tool_parameters(parse(tool.input_schema or b"null"))
    except (DecodeError, RecursionError) as error:
        name = go_quoted(tool.name)
        reason = error if isinstance(error, DecodeError) else "it is nested too deeply"
        raise Untranslatable(f"invalid input_schema for tool {name}: {reason}") from error


def choice_of(choice: ToolChoice | None, native: ChatRequest) -> tool_choice.ToolChoice:
    """Which tools must be called. Untranslatable for a name that no tool has."""
    match choice.type if choice else "auto":
        case "none":
            return tool_choice.NONE
        case "any":
            return tool_choice.required(native)
        case "tool":
            return tool_choice.required(native, choice.name if choice else "")
    return tool_choice.AUTO
