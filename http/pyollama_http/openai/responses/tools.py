"""The tools of /v1/responses as a chat has them, and as the answer repeats them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from pyollama.api import RawJSON
from pyollama_http import gojson
from pyollama_http.gojson.scanner import DecodeError, unmarshal
from pyollama_http.gojson.tools import tool_parameters
from pyollama_http.openai.responses.types import ResponsesTool
from pyollama_http.openai.responses.wire import Tool
from pyollama_http.translating import Untranslatable
from pyollama_http.web_search import NAME, search_tool

__all__ = ["has_search", "native_tools", "repeated_tools"]

SEARCH = search_tool("Search the web for current information.", "The search query.")
MAX_DEPTH = 32  # namespaces inside namespaces
TOO_DEEP = "tools are nested too deeply"


def has_search(tools: Iterable[ResponsesTool]) -> bool:
    """Whether the model may search the web by what is built in."""
    return any(tool.type == NAME for tool in _members(tools))


def native_tools(tools: Sequence[ResponsesTool]) -> list[dict[str, Any]]:
    """The tools of the native request. Untranslatable for a schema that it cannot hold.

    The built-in search takes the place of a function of its name.
    """
    members = list(_members(tools))
    searches = [tool for tool in members if tool.type == NAME]
    natives = []
    for tool in members:
        if searches and tool is searches[0]:
            natives.append(SEARCH)
        elif not searches or NAME not in (tool.type, tool.name):
            natives.append(_native(tool))
    return natives


def _members(tools: Iterable[ResponsesTool], depth: int = 0) -> Iterator[ResponsesTool]:
    """The tools, those of namespaces included, their names with the namespace before them."""
    if depth > MAX_DEPTH:
        raise Untranslatable(TOO_DEEP)
    for tool in tools:
        if tool.type != "namespace":
            yield tool
            continue
        prefix = f"{tool.name}."
        for member in _members(tool.tools, depth + 1):
            is_named = member.type == NAME or member.name.startswith(prefix)
            yield member if is_named else replace(member, name=prefix + member.name)


def _native(tool: ResponsesTool) -> dict[str, Any]:
    """A tool; of one that is no function, what it is called."""
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = _parameters(tool.parameters if tool.type == "function" else None)
    return {"type": tool.type, "function": function}


def _parameters(schema: dict[str, Any] | None) -> dict[str, Any]:
    """What a function takes, as far as a native tool can hold it."""
    try:
        return tool_parameters(unmarshal(json.dumps(schema).encode()))
    except DecodeError as error:
        raise Untranslatable(f"failed to unmarshal tool parameters: {error}") from error
    except RecursionError as error:
        raise Untranslatable(TOO_DEEP) from error


def repeated_tools(tools: Iterable[ResponsesTool]) -> list[Tool]:
    """The tools as the answer tells them."""
    return [
        Tool(
            type=tool.type,
            name=tool.name,
            description=tool.description,
            strict=tool.strict,
            parameters=_repeated(tool.parameters),
            tools=repeated_tools(tool.tools) if tool.type == "namespace" else [],
        )
        for tool in tools
    ]


def _repeated(schema: dict[str, Any] | None) -> RawJSON | None:
    """A schema's text, all its keys sorted."""
    try:
        return None if schema is None else RawJSON(gojson.encode(schema))
    except RecursionError as error:
        raise Untranslatable(TOO_DEEP) from error
