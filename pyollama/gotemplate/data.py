"""Messages and tools of a request as the structs that templates see, field by field.

Numbers from JSON are floats, as in Go. One thing is not as in Ollama of today, but as it was when
the published templates were written, and as they need it: ``.Function`` of a tool prints as JSON.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pyollama.gotemplate.values import JsonMap, NamedList, Struct, Value

__all__ = ["collated", "system_text", "to_messages", "to_tools"]

Message = Mapping[str, Any]

TYPE_SCRIPT = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean"}
TYPE_SCRIPT |= {"array": "any[]", "object": "Record<string, any>", "null": "null"}


def system_text(messages: Sequence[Message]) -> str:
    """What all system messages say, with blank lines between them."""
    return "\n\n".join(text(m.get("content")) for m in messages if m.get("role") == "system")


def collated(messages: Sequence[Message]) -> list[Message]:
    """The messages, those of one role in a row made one; results of tools stay apart."""
    kept: list[Message] = []
    for message in messages:
        role = message.get("role")
        if kept and role != "tool" and kept[-1].get("role") == role:
            both = text(kept[-1].get("content")) + "\n\n" + text(message.get("content"))
            kept[-1] = {**kept[-1], "content": both}
        else:
            kept.append(message)
    return kept


def to_messages(messages: Sequence[Message]) -> list[Value]:
    """The messages as structs."""
    return [_message(message) for message in messages]


def _message(message: Message) -> Struct:
    fields: dict[str, Value] = {
        "Role": text(message.get("role")),
        "Content": text(message.get("content")),
        "Thinking": text(message.get("thinking")),
        "Images": nil_if_empty(message.get("images")),
        "ToolCalls": nil_if_empty([_call(call) for call in message.get("tool_calls") or []]),
        "ToolName": text(message.get("tool_name")),
        "ToolCallID": text(message.get("tool_call_id")),
    }
    return Struct("*template.templateMessage", fields)


def _call(call: Message) -> Struct:
    """A tool call of the assistant."""
    function = call["function"]
    inner: dict[str, Value] = {
        "Index": int(function.get("index") or 0),
        "Name": text(function.get("name")),
        "Arguments": JsonMap(plain_map(function.get("arguments"))),
    }
    fields: dict[str, Value] = {
        "ID": text(call.get("id")),
        "Function": Struct("template.templateToolCallFunction", inner),
    }
    return Struct("template.templateToolCall", fields)


def to_tools(tools: Sequence[Message]) -> NamedList:
    """The tools of a request; none are Go's nil list, which prints as null."""
    items: list[Value] = [_tool(tool) for tool in tools]
    return NamedList(items, "template.templateTools", is_nil=not items)


def _tool(tool: Message) -> Struct:
    """One tool, which prints as JSON."""
    function = _function(mapping(tool.get("function")))
    fields: dict[str, Value] = {
        "Type": text(tool.get("type")),
        "Items": plain(tool.get("items")),
        "Function": function,
    }
    json = {"type": fields["Type"], **given(items=fields["Items"]), "function": function}
    return Struct("template.templateTool", fields, json, prints_json=True)


def _function(function: Message) -> Struct:
    """Name, description and parameters."""
    parameters = _parameters(mapping(function.get("parameters")))
    fields: dict[str, Value] = {
        "Name": text(function.get("name")),
        "Description": text(function.get("description")),
        "Parameters": parameters,
    }
    json = {name.lower(): value for name, value in fields.items()}
    return Struct("template.templateToolFunction", fields, json, prints_json=True)


def _parameters(parameters: Message) -> Struct:
    """The schema of a tool's arguments."""
    fields: dict[str, Value] = {
        "Type": text(parameters.get("type")),
        "Defs": plain(parameters.get("$defs")),
        "Items": plain(parameters.get("items")),
        "Required": sequence(plain(parameters.get("required"))),
        "Properties": _properties(parameters.get("properties")),
    }
    json = {
        "type": fields["Type"],
        **given(**{"$defs": fields["Defs"], "items": fields["Items"]}),
        **given(required=fields["Required"] or None),
        "properties": None if parameters.get("properties") is None else fields["Properties"],
    }
    return Struct("template.templateToolFunctionParameters", fields, json)


def _properties(properties: Any) -> JsonMap:
    return JsonMap((name, _property(mapping(p))) for name, p in mapping(properties).items())


def _property(schema: Message) -> Struct:
    """The schema of one argument."""
    alternatives: list[Value] = [_property(mapping(s)) for s in sequence(schema.get("anyOf"))]
    types = [text(kind) for kind in sequence(schema.get("type")) or [schema.get("type")] if kind]
    shown = types[0] if len(types) == 1 else "[" + " ".join(types) + "]"
    single: Value = types[0] if len(types) == 1 else None
    fields: dict[str, Value] = {
        "AnyOf": alternatives,
        "Type": NamedList(
            list(types), "api.PropertyType", text=shown if types else "", json=single
        ),
        "Items": plain(schema.get("items")),
        "Description": text(schema.get("description")),
        "Enum": sequence(plain(schema.get("enum"))),
        "Properties": _properties(schema.get("properties")),
        "Required": sequence(plain(schema.get("required"))),
    }
    json = {
        name[0].lower() + name[1:]: v for name, v in fields.items() if v not in ("", [], {}, None)
    }
    methods: dict[str, Value] = {"ToTypeScriptType": _type_script(types, alternatives)}
    return Struct("api.ToolProperty", fields, json, methods=methods)


def _type_script(types: Sequence[str], alternatives: Sequence[Value]) -> str:
    """The same in TypeScript."""
    if alternatives:
        structs = (each for each in alternatives if isinstance(each, Struct))
        return " | ".join(text(each.methods["ToTypeScriptType"]) for each in structs)
    return " | ".join(TYPE_SCRIPT.get(kind, "any") for kind in types) or "any"


def nil_if_empty(items: Sequence[Value] | None) -> list[Value]:
    """A plain list; an empty one is Go's nil list, whose JSON is null."""
    return list(items) if items else NamedList([], "[]interface {}", text="[]", is_nil=True)


def given(**items: Value) -> dict[str, Value]:
    """The items that are there."""
    return {name: value for name, value in items.items() if value is not None}


def text(value: object) -> str:
    """A string, or an empty one for what is none."""
    return value if isinstance(value, str) else ""


def mapping(value: object) -> Mapping[str, Any]:
    """An object, or an empty one for what is none."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: object) -> list[Value]:
    """A list, or an empty one for what is none."""
    return value if isinstance(value, list) else []


def plain(value: object) -> Value:
    """A value from JSON, with Go's kinds of numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < 1 << 1023 else float("inf")
    if isinstance(value, list):
        return [plain(item) for item in value]
    return plain_map(value) if isinstance(value, dict) else value


def plain_map(value: object) -> dict[str, Value]:
    """The same of an object."""
    return {str(key): plain(item) for key, item in mapping(value).items()}
