"""Names of tools as gpt-oss can write them: it takes identifiers, and clients name as they like."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyollama.prompt.parsers.base import Tool

__all__ = ["identifier", "renamed", "told_names", "tool_name"]

BUILT_IN = frozenset({"browser.open", "browser.search", "browser.find", "python"})
UNDERSCORED = " -."


def told_names(tools: Sequence[Tool]) -> Iterator[str]:
    """The name that the model is told, of each tool in turn.

    Names that become equal are numbered from 2 on; the model's own tools keep theirs.
    """
    taken: set[str] = set()
    used: Counter[str] = Counter()
    for tool in tools:
        name = tool_name(tool)
        told = name if name in BUILT_IN else _free(identifier(name), taken, used)
        taken.add(told)
        yield told


def _free(name: str, taken: set[str], used: Counter[str]) -> str:
    """The name, with a number if it is taken already."""
    candidate = name
    while candidate in taken:
        used[name] += 1
        candidate = f"{name}_{used[name] + 1}"
    return candidate


def identifier(name: str) -> str:
    """A name with nothing in it but letters, digits, _ and $."""
    plain = "".join("_" if char in UNDERSCORED else char for char in name)
    kept = "".join(char for char in plain if char.isalpha() or char.isdecimal() or char in "_$")
    if not kept:
        return "unnamed"
    return f"_{kept}" if kept[0] in "0123456789" else kept


def renamed(tool: Tool, name: str) -> Tool:
    """A copy of a tool under another name."""
    function: Any = tool.get("function")
    if not isinstance(function, Mapping):
        return tool
    return {**tool, "function": {**function, "name": name}}


def tool_name(tool: Tool) -> str:
    """The name that the client gave; "" for none."""
    function = tool.get("function")
    name = function.get("name") if isinstance(function, Mapping) else None
    return name if isinstance(name, str) else ""
