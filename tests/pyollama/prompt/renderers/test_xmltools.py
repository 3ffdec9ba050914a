"""Tools in XML elements."""

from conversations import tool

from pyollama.prompt.jsontext import arg, compact
from pyollama.prompt.renderers.chatml import HOW_TO_CALL
from pyollama.prompt.renderers.xmltools import XmlTools

TOOLS = XmlTools(value=arg, types=compact, text=str.strip)


def declared(*tools: dict[str, object]) -> str:
    """The functions alone."""
    text = TOOLS.declare(tools)
    opening = "# Tools\n\nYou have access to the following functions:\n\n<tools>\n"
    closing = "\n</tools>\n\n" + HOW_TO_CALL
    assert text.startswith(opening)
    assert text.endswith(closing)
    return text.removeprefix(opening).removesuffix(closing)


def test_a_tool_without_parameters_has_an_empty_element_for_them() -> None:
    assert declared(tool("ping")) == (
        "<function>\n<name>ping</name>\n<parameters>\n</parameters>\n</function>"
    )


def test_a_parameter_has_an_element_for_each_key_of_its_schema() -> None:
    schema = {
        "description": " how warm ",
        "type": ["number", "null"],
        "enum": [1, "<2>"],
        "items": {"type": "x", "$ref": "y"},
        "required": ["a"],
        "properties": {"q": {"type": "string"}},
        "anyOf": [{"type": "number"}],
    }
    assert declared(tool("heat", " Warm it ", properties={"level": schema})) == (
        "<function>\n<name>heat</name>\n<description>Warm it</description>\n<parameters>"
        "\n<parameter>\n<name>level</name>"
        '\n<type>["number","null"]</type>'
        "\n<description>how warm</description>"
        '\n<enum>[1,"\\u003c2\\u003e"]</enum>'
        '\n<anyOf>[{"type":"number"}]</anyOf>'
        '\n<items>{"$ref":"y","type":"x"}</items>'
        '\n<properties>{"q":{"type":"string"}}</properties>'
        '\n<required>["a"]</required>'
        "\n</parameter>\n</parameters>\n</function>"
    )


def test_what_the_parameters_say_beside_properties_comes_after_them() -> None:
    schema = {
        "required": ["a"],
        "$defs": {"B": {}, "A": True},
        "properties": {"a": {"type": ["string"]}},
    }
    assert declared(tool("f", **schema)) == (
        "<function>\n<name>f</name>\n<parameters>"
        "\n<parameter>\n<name>a</name>\n<type>string</type>\n</parameter>"
        '\n<$defs>{"A":true,"B":{}}</$defs>'
        '\n<required>["a"]</required>'
        "\n</parameters>\n</function>"
    )
