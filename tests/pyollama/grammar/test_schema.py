"""What a schema's keywords mean, and which of them decides."""

import json
import time
from typing import Any

import pytest
from grammars import accepted, accepts, grammar_of

from pyollama.grammar import GrammarError, SchemaError, schema_grammar
from pyollama.grammar.refs import MAX_ERRORS

INTEGER = {"type": "integer"}
STRING = {"type": "string"}
NULL = {"type": "null"}


def test_required_keys_come_first_and_each_group_in_the_order_of_its_declaration() -> None:
    schema = {"properties": {"b": NULL, "a": NULL, "d": NULL, "c": NULL}, "required": ["c", "a"]}
    texts = [
        '{"a":null,"c":null}',
        '{"a":null,"c":null,"b":null,"d":null}',
        '{"a":null,"c":null,"d":null}',
        '{"c":null,"a":null}',
        '{"b":null,"a":null,"c":null}',
        '{"a":null,"c":null,"d":null,"b":null}',
        '{"a":null}',
    ]
    assert accepted(schema, *texts) == texts[:3]


def test_keys_that_nothing_requires_are_any_subset_in_order() -> None:
    schema = {"properties": {"a": INTEGER, "b": INTEGER, "c": INTEGER}}
    texts = ["{}", '{"a":1}', '{"b":1}', '{"c":1}', '{"a":1,"c":2}', '{"a":1,"b":2,"c":3}']
    wrong = ['{"b":1,"a":2}', '{"a":1,}', '{,"a":1}', '{"a":1,"a":1}', '{"d":1}']
    assert accepted(schema, *texts, *wrong) == texts


def test_a_required_name_without_a_property_is_ignored() -> None:
    schema = {"properties": {"a": INTEGER}, "required": ["a", "ghost"]}
    assert accepted(schema, '{"a":1}') == ['{"a":1}']


@pytest.mark.parametrize("further", [True, {}])
def test_further_keys_come_last_are_none_of_the_declared_and_have_any_value(further: Any) -> None:
    schema = {"properties": {"foo": INTEGER, "bar": INTEGER}, "additionalProperties": further}
    good = ["{}", '{"fo":"x"}', '{"foo":1,"food":[null]}', '{"bar":1,"":{},"x":true}']
    wrong = ['{"x":1,"foo":1}', '{"foo":"x"}', '{"bar":1,"foo":"x"}', '{"foo":1,"bar":{}}']
    assert accepted(schema, *good, *wrong) == good


def test_further_keys_with_a_schema_have_its_values() -> None:
    assert accepted({"additionalProperties": INTEGER}, "{}", '{"a":1,"b":2}', '{"a":""}') == [
        "{}",
        '{"a":1,"b":2}',
    ]


def test_no_keys_at_all() -> None:
    schema = {"type": "object", "additionalProperties": False}
    assert accepted(schema, "{}", '{"a":1}') == ["{}"]


@pytest.mark.parametrize("schema", [{}, {"type": "object"}])
def test_any_object(schema: dict[str, str]) -> None:
    good = ["{}", '{"a":[1,{"b":[]}],"a":-0.5e+7}', '{ "é\\n" : "\\u00e9\\"" }']
    wrong = ["[]", '{"a":01}', '{"a":"\\/"}', '{"a":"\n"}', '{"a":"\x7f"}', "{a:1}", '{"a":tru}']
    assert accepted(schema, *good, *wrong) == good


def test_space_after_a_separator_is_one_space_or_new_lines_with_an_indent() -> None:
    texts = ["[1, 2]", "[1 ,2 ] ", "[\n1]", "[\n\n" + 20 * " " + "1]\n\t"]
    wrong = ["[  1]", "[\n\n\n1]", "[\n" + 21 * " " + "1]", "[\t1]", " [1]", "[1]\r\n"]
    assert accepted({"type": "array"}, *texts, *wrong) == texts


@pytest.mark.parametrize(
    ("schema", "good", "wrong"),
    [
        (STRING, ['""', '"a\\\\"', '"é😀\\ud83d"'], ["a", '"\\x"', '"\t"', '"\\u12"']),
        (INTEGER, ["0", "-0", "-12", "1234567890123456"], ["01", "1.0", "12345678901234567"]),
        (
            {"type": "number", "minimum": 10},
            ["1", "-0.5", "1e5", "1E-12", "0.1234567890123456"],
            [".5", "1.", "1e05", "0.12345678901234567", "12345678901234567"],
        ),
        ({"type": "boolean"}, ["true", "false"], ["null", "True"]),
        (NULL, ["null"], ["", "nul"]),
        ({"type": "array"}, ["[]", '[1,"a",null,true,[{}]]'], ["[,]", "[1,]", "{}"]),
        ({"const": {"b": [1, 2.5], "a": "é/"}}, ['{"b":[1,2.5],"a":"é/"}'], ['{"b": [1,2.5]}']),
        ({"enum": ['a"b', "ü", 1, None]}, ['"a\\"b"', '"ü"', "1", "null"], ["2", '"u"', '""']),
        ({"enum": ["a", "ab"], "type": "integer"}, ['"a"', '"ab"'], ["1"]),
        ({"type": ["string", "null"]}, ['"x"', "null"], ["1"]),
        ({"type": ["integer", "string"], "minimum": 3}, ["3", '"x"'], ["2"]),
        ({"oneOf": [INTEGER, NULL], "type": "string"}, ["1", "null"], ['"x"']),
        ({"anyOf": [INTEGER, {"type": "number"}]}, ["1", "1.5"], ["x"]),
        ({"type": "array", "items": INTEGER}, ["[]", "[1]", "[1,2]"], ['["x"]', "[1,]"]),
        ({"items": INTEGER, "minItems": 1, "maxItems": 2}, ["[1]", "[1,2]"], ["[]", "[1,2,3]"]),
        ({"items": INTEGER, "minItems": 2}, ["[1,2]", "[1,2,3,4]"], ["[]", "[1]"]),
        ({"items": INTEGER, "maxItems": 0}, ["[]"], ["[1]"]),
        ({"prefixItems": [INTEGER, STRING]}, ['[1,"a"]'], ["[]", "[1]", '[1,"a",1]']),
        ({**STRING, "minLength": 2, "maxLength": 3}, ['"ab"', '"é😀\\n"'], ['"a"', '"abcd"']),
        ({**STRING, "minLength": 2}, ['"ab"', '"abcdefg"'], ['"a"', '""']),
        ({**STRING, "maxLength": 1}, ['""', '"a"'], ['"ab"']),
        ({**STRING, "format": "email"}, ['"x"'], ["1"]),
        ({"format": "date"}, ['"2026-12-31"'], ['"2026-13-01"', '"26-01-01"', '"2026-01-32"']),
        ({**STRING, "format": "time"}, ['"23:59:59.123Z"', '"00:00:00+01:30"'], ['"24:00:00Z"']),
        (
            {"format": "date-time"},
            ['"2026-01-01T00:00:00Z"'],
            ['"2026-01-01"', '"2026-01-01T00:00:00"', '"2026-01-01 00:00:00Z"'],
        ),
        (
            {"format": "uuid4"},
            ['"12345678-9abc-DEF0-1234-56789abcdef0"'],
            ['"12345678-9abc-DEF0-1234-56789abcdef"', '"g2345678-9abc-def0-1234-56789abcdef0"'],
        ),
    ],
)
def test_a_schema_admits(schema: dict[str, Any], good: list[str], wrong: list[str]) -> None:
    assert accepted(schema, *good, *wrong) == good


def test_what_has_no_meaning_is_ignored() -> None:
    noise = {"title": "t", "default": 1, "not": {}, "if": 1, "multipleOf": 7, "uniqueItems": True}
    assert accepted({"type": "integer", **noise}, "3") == ["3"]


def test_a_schema_may_refer_to_itself() -> None:
    node = {"properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, NULL]}}}
    schema = {"$ref": "#/$defs/node", "$defs": {"node": node}}
    good = ["{}", '{"next":null}', '{"next":{"next":{"next":{}}}}']
    assert accepted(schema, *good, '{"next":1}') == good


def test_a_reference_leads_into_lists_and_past_slashes_in_names() -> None:
    schema = {"anyOf": [{"$ref": "#/x~1y/1"}, {"$ref": "#/x~1y/0"}], "x/y": [NULL, INTEGER]}
    assert accepted(schema, "null", "1", '""') == ["null", "1"]


def test_all_of_merges_properties_and_those_of_its_any_of_are_optional() -> None:
    schema = {
        "allOf": [
            {"properties": {"a": INTEGER}},
            {"$ref": "#/$defs/other"},
            {"anyOf": [{"properties": {"c": NULL}}]},
        ],
        "$defs": {"other": {"properties": {"b": STRING}}},
    }
    good = ['{"a":1,"b":""}', '{"a":1,"b":"","c":null}']
    assert accepted(schema, *good, '{"a":1}', "{}") == good


def test_all_of_enums_is_what_they_share() -> None:
    schema = {"allOf": [{"enum": [3, "x", 1]}, {"enum": ["x", 1, 2]}]}
    assert accepted(schema, "1", "2", "3", '"x"') == ["1", '"x"']


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "bogus"}, 'Unrecognized schema: {"type":"bogus"}'),
        ({"type": 5}, 'Unrecognized schema: {"type":5}'),
        ({"type": "object", "properties": 5}, "Unrecognized schema: 5"),
        ({"items": True}, "Unrecognized schema: true"),
        ({"$ref": "#"}, "Unsupported ref: #"),
        ({"$ref": "https://example.com/schema"}, "Unsupported ref: https://example.com/schema"),
        ({"$ref": "#/no"}, 'Error resolving ref #/no: no not in {"$ref":"#/no"}'),
        ({"type": "string", "pattern": "abc"}, "Pattern must start with '^' and end with '$'"),
    ],
)
def test_a_schema_that_cannot_be_converted(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(SchemaError) as caught:
        grammar_of(schema)
    assert str(caught.value) == reason


def test_every_problem_is_told() -> None:
    with pytest.raises(SchemaError) as caught:
        grammar_of({"properties": {"a": {"type": "x"}, "b": False}})
    assert str(caught.value) == 'Unrecognized schema: {"type":"x"}\nUnrecognized schema: false'


def test_not_more_than_some_problems_are_told() -> None:
    wrong: Any = {"properties": {str(i): {"type": "x"} for i in range(40)}}
    for _ in range(50):
        wrong = {"items": wrong}
    with pytest.raises(SchemaError) as caught:
        grammar_of(wrong)
    assert str(caught.value).split("\n") == ['Unrecognized schema: {"type":"x"}'] * 16


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": []},
        {"enum": []},
        {"type": []},
        {"type": "integer", "minimum": 2, "maximum": 1},
        {"items": {}, "minItems": 3, "maxItems": 2},
        {"type": "string", "minLength": 10**12},
        {"$ref": "#/a", "a": {"$ref": "#/a"}},
        {"anyOf": [{"$ref": "#/anyOf/1"}, {"oneOf": [NULL, {"$ref": "#/anyOf/0"}]}]},
        {"allOf": [{"$ref": "#/allOf/0"}]},
    ],
)
def test_a_schema_that_nothing_can_follow(schema: dict[str, Any]) -> None:
    with pytest.raises(GrammarError):
        grammar_of(schema)


def test_half_a_surrogate_pair_does_no_harm() -> None:
    assert accepts(schema_grammar(b'{"const": "\\ud800"}'), '"?"')


NULLS = {"properties": {f"p{i}": NULL for i in range(3000)}}
LADDER = {
    f"d{i}": {"properties": {"a": {"$ref": f"#/d{i + 1}"}, "b": {"$ref": f"#/d{i + 1}"}}}
    for i in range(120)
}


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 300_000,
        b'{"a":' * 400 + b"1" + b"}" * 400,
        b'{"anyOf":[' * 120 + b"{}" + b"]}" * 120,
        b'{"const":"' + b"x" * 1_000_000 + b'"}',
        json.dumps({"allOf": [{"$ref": "#/d"}] * 5000, "d": NULLS}).encode(),
        json.dumps(
            {"anyOf": [{"allOf": [{"$ref": "#/d"}], "n": i} for i in range(99)], "d": NULLS}
        ),
        json.dumps({"$ref": "#/d0", **LADDER, "d120": NULL}),
        b"{",
        b'{"const": NaN}',
    ],
    ids=range(9),
)
def test_a_hostile_schema_ends_soon(text: bytes | str) -> None:
    with pytest.raises((SchemaError, GrammarError)):
        schema_grammar(text.encode() if isinstance(text, str) else text)


def test_of_endless_problems_some_are_told_and_the_rest_costs_nothing() -> None:
    schema = {"type": [f"kind {n}" for n in range(5000)], "x": "y" * 500_000}
    begin = time.process_time()
    with pytest.raises(SchemaError) as caught:
        schema_grammar(json.dumps(schema).encode())
    assert str(caught.value).count("Unrecognized schema") == MAX_ERRORS
    assert time.process_time() - begin < 2.0


def test_chains_of_references_in_every_part_of_an_all_of_end_soon() -> None:
    chain: dict[str, Any] = {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(90)}
    schema = {"allOf": [{"$ref": "#/$defs/a0"}] * 20_000, "$defs": {**chain, "a90": STRING}}
    begin = time.process_time()
    with pytest.raises(GrammarError, match="too large"):
        schema_grammar(json.dumps(schema).encode())
    assert time.process_time() - begin < 2.0


def test_many_long_patterns_are_refused_before_they_cost_much() -> None:
    pattern = {"pattern": f"^{'a' * 9000}$"}
    schema = {"properties": {f"p{n}": pattern | {"title": str(n)} for n in range(90)}}
    begin = time.process_time()
    with pytest.raises(GrammarError, match="too large"):
        schema_grammar(json.dumps(schema).encode())
    assert time.process_time() - begin < 2.0
