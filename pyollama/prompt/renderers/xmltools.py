"""Tools in XML elements, as Qwen3-Coder and Nemotron 3 are told of them.

<function>
<name>get_weather</name>
<parameters>
<parameter>
<name>city</name>
<type>string</type>
</parameter>
<required>["city"]</required>
</parameters>
</function>
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyollama.prompt.renderers.base import Tool
from pyollama.prompt.renderers.chatml import HOW_TO_CALL
from pyollama.prompt.tools import function_object

__all__ = ["XmlTools"]

OPENING = "# Tools\n\nYou have access to the following functions:\n\n<tools>"
PROPERTY_KEYS = ("enum", "anyOf", "items", "properties", "required")
PARAMETERS_KEYS = ("$defs", "items", "required")


@dataclass(frozen=True)
class XmlTools:
    """How a family writes them.

    value: anything but texts of its own, such as a list of what may be chosen from
    types: the type of a parameter that may have several
    text: a description
    """

    value: Callable[[Any], str]
    types: Callable[[list[str]], str]
    text: Callable[[str], str] = str

    def declare(self, tools: Sequence[Tool]) -> str:
        """All tools, and how they are called. Raises EngineError."""
        functions = "".join(map(self._function, tools))
        return f"{OPENING}{functions}\n</tools>\n\n{HOW_TO_CALL}"

    def _function(self, tool: Tool) -> str:
        function = function_object(tool)
        parameters = function["parameters"]
        properties = parameters["properties"] or {}
        inner = "".join(self._parameter(name, each) for name, each in properties.items())
        return (
            "\n<function>"
            + element("name", function["name"])
            + self._description(function)
            + f"\n<parameters>{inner}{self._others(parameters, PARAMETERS_KEYS)}\n</parameters>"
            + "\n</function>"
        )

    def _parameter(self, name: str, schema: Mapping[str, Any]) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = self.types(kind)
        return (
            "\n<parameter>"
            + element("name", name)
            + (element("type", kind) if kind else "")
            + self._description(schema)
            + self._others(schema, PROPERTY_KEYS)
            + "\n</parameter>"
        )

    def _description(self, described: Mapping[str, Any]) -> str:
        description = described.get("description")
        return element("description", self.text(description)) if description else ""

    def _others(self, schema: Mapping[str, Any], keys: Sequence[str]) -> str:
        """What else a schema says; Ollama has it for Qwen3-Coder in an order that changes."""
        return "".join(element(key, self.value(schema[key])) for key in keys if key in schema)


def element(name: str, text: str) -> str:
    """An element on a line of its own."""
    return f"\n<{name}>{text}</{name}>"
