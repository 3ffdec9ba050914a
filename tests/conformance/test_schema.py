from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama_conformance.schema import SchemaError, problems, same

SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, 1.0, "a", "b", ""])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=6,
)


def schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A schema of up to three of the keywords, over smaller schemas."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        "type": st.sampled_from(["null", "boolean", "integer", "number", "string", "array"])
        | st.lists(st.sampled_from(["null", "object"]), min_size=1, unique=True),
        "const": VALUES,
        "enum": st.lists(SCALARS, min_size=1, max_size=3),
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "not": inner,
        "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
        "required": st.lists(st.sampled_from("ab"), unique=True),
        "additionalProperties": inner,
        "items": inner,
        "contains": inner,
        "minItems": st.integers(0, 2),
        "maxItems": st.integers(0, 2),
        "pattern": st.sampled_from(["a", "^$", "b$"]),
        "minimum": st.integers(-1, 1),
        "exclusiveMinimum": st.integers(-1, 1),
        "maximum": st.integers(-1, 1),
    }
    names = st.lists(st.sampled_from(sorted(optional)), max_size=3, unique=True)
    return names.flatmap(
        lambda some: st.fixed_dictionaries({name: optional[name] for name in some})
    )


SCHEMAS = st.recursive(st.booleans(), schemas, max_leaves=4)


@given(value=VALUES, schema=SCHEMAS)
def test_every_verdict_is_that_of_the_jsonschema_package(value: Any, schema: Any) -> None:
    expected = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert (problems(value, schema) == []) == expected


def test_a_reference_names_a_definition_of_the_outermost_schema() -> None:
    schema = {"$defs": {"few": {"maximum": 3}}, "items": {"$ref": "#/$defs/few"}}
    assert problems([1, 2], schema) == []
    assert problems([1, 5], schema) == ["/1: 5 is more than 3"]


def test_a_problem_tells_its_place() -> None:
    schema = {"properties": {"a": {"items": {"type": "string"}}}}
    assert problems({"a": ["x", 1]}, schema) == ["/a/1: 1 is not of type string"]


@pytest.mark.parametrize("schema", [{"minLength": 1}, {"$ref": "#/$defs/none"}])
def test_what_nobody_checks_is_an_error(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match="unknown"):
        problems("x", schema)


def test_true_is_not_one_but_one_is_one_point_zero() -> None:
    assert not same(True, 1)
    assert not same([False], [0])
    assert same({"a": [1]}, {"a": [1.0]})
