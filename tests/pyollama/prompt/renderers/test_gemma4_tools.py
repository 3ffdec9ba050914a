"""Declarations of tools as Gemma 4 reads them."""

from typing import Any

import pytest

from pyollama.errors import EngineError
from pyollama.prompt.renderers.gemma4_tools import declaration


def shown(**properties: Any) -> str:
    """The properties of a tool that has these."""
    tool = {"function": {"name": "f", "parameters": {"properties": properties}}}
    text = declaration(tool).replace('<|"|>', "'")
    begin, end = "declaration:f{description:'',parameters:{properties:{", "}}}"
    assert text.startswith(begin)
    assert text.endswith(end)
    return text[len(begin) : -len(end)]


def test_parameters_have_properties_required_and_a_type() -> None:
    parameters = {"type": "object", "required": ["b", "a"], "properties": {"b": {}, "a": {}}}
    tool = {"function": {"name": "f", "description": "D", "parameters": parameters}}
    assert declaration(tool) == (
        'declaration:f{description:<|"|>D<|"|>,parameters:{properties:{a:{},b:{}},'
        'required:[<|"|>b<|"|>,<|"|>a<|"|>],type:<|"|>OBJECT<|"|>}}'
    )


def test_empty_parts_are_left_out() -> None:
    parameters = {"type": "object", "required": [], "properties": {}}
    tool = {"function": {"name": "f", "parameters": parameters}}
    quote = '<|"|>'
    assert declaration(tool) == (
        f"declaration:f{{description:{quote}{quote},parameters:{{type:{quote}OBJECT{quote}}}}}"
    )


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({}, ""),
        ({"description": "d"}, "description:'d'"),
        ({"type": "string", "enum": ["a", 1]}, "enum:['a',1],type:'STRING'"),
        ({"type": "integer", "enum": [1]}, "type:'INTEGER'"),
        ({"type": "boolean", "nullable": True}, "nullable:true,type:'BOOLEAN'"),
        ({"type": ["string", "null"]}, "type:'['STRING', 'NULL']'"),
        ({"anyOf": [{"type": "string"}, {"type": "number"}]}, "type:'['STRING', 'NUMBER']'"),
        ({"anyOf": [{"type": "string"}, {}]}, "type:'STRING'"),
        (
            {"type": "object", "properties": {"q": {"type": ["a", "b"]}}, "required": ["q"]},
            "properties:{q:{type:['A','B']}},required:['q'],type:'OBJECT'",
        ),
        (
            {"type": "array", "items": {"type": "string", "minLength": 2, "default": None}},
            "items:{minLength:2,type:'STRING'},type:'ARRAY'",
        ),
        (
            {"type": "array", "items": {"properties": {"q": {"type": "string"}}, "type": "object"}},
            "items:{properties:{q:{type:'STRING'}},type:'OBJECT'},type:'ARRAY'",
        ),
        ({"type": "string", "items": {"type": "string"}}, "type:'STRING'"),
    ],
)
def test_the_parts_of_a_schema(schema: dict[str, Any], expected: str) -> None:
    assert shown(p=schema) == f"p:{{{expected}}}"


def test_names_that_the_format_uses_itself_are_skipped() -> None:
    names = ["type", "required", "description", "properties", "nullable", "z", "enum"]
    assert shown(**{name: {} for name in names}) == "enum:{},z:{}"


@pytest.mark.parametrize("odd", [None, 1, "text", [], [1], {"type": 5}, {"enum": "x"}])
def test_what_is_no_schema_shows_nothing(odd: object) -> None:
    assert shown(p=odd) == "p:{}"
    assert declaration({"function": odd}).startswith("declaration:{")


@pytest.mark.parametrize("kind", ["object", "array"])
def test_a_schema_that_is_nested_too_deeply_is_refused(kind: str) -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(10_000):
        inner = {"p": schema}
        schema = {"type": kind, "properties": inner, "items": {"properties": inner}}
    with pytest.raises(EngineError, match="nested too deeply"):
        shown(p=schema)
    while schema.get("properties"):  # taken apart level by level, as the stack is not deep enough
        schema = schema.pop("properties")["p"]
