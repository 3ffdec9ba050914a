"""A model's JSON, and Go's words for what is wrong with it."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.prompt.parsers.gojson import JSONError, first_value, read_json, read_object


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unexpected end of JSON input"),
        ('{"a": [1, {', "unexpected end of JSON input"),
        ('"open', "unexpected end of JSON input"),
        ("tru", "unexpected end of JSON input"),
        ("<f>", "invalid character '<' looking for beginning of value"),
        ("é", "invalid character 'Ã' looking for beginning of value"),
        ("'a'", "invalid character '\\'' looking for beginning of value"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("NaN", "invalid character 'N' looking for beginning of value"),
        ("[1 2]", "invalid character '2' after array element"),
        ('{"a":1 "b":2}', "invalid character '\"' after object key:value pair"),
        ('{"a":[{}] ]', "invalid character ']' after object key:value pair"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
        ("nul!", "invalid character '!' in literal null (expecting 'l')"),
        ("01", "invalid character '1' after top-level value"),
        ("{} {}", "invalid character '{' after top-level value"),
        ("-x", "invalid character 'x' in numeric literal"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
        ("1e+x", "invalid character 'x' in exponent of numeric literal"),
        ('"a\nb"', "invalid character '\\n' in string literal"),
        ('"\\x"', "invalid character 'x' in string escape code"),
        ('"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"),
        ("[" * 10_001, "invalid character '[' exceeded max depth"),
        ("[" * 5000 + "]" * 5000, "exceeded max depth"),
    ],
)
def test_mistakes_are_told_in_gos_words(text: str, message: str) -> None:
    with pytest.raises(JSONError) as caught:
        read_json(text)
    assert str(caught.value) == message


def test_numbers_are_float64() -> None:
    assert read_json("[1, 2.0, 12345678901234567890]") == [1, 2.0, 12345678901234567890.0]
    assert isinstance(read_json("12345678901234567890"), float)
    with pytest.raises(JSONError, match="cannot unmarshal number 1e400"):
        read_json("[1e400]")


def test_half_a_surrogate_pair_becomes_a_replacement() -> None:
    assert read_json('{"\\ud800": ["\\udc00x", "\\ud83c\\udf0d"]}') == {"\ufffd": ["\ufffdx", "🌍"]}


def test_the_first_value_ends_where_it_ends() -> None:
    text = 'x {"a": "}"}[1]'
    assert first_value(text, 1) == ({"a": "}"}, 12)
    with pytest.raises(JSONError, match="unexpected end"):
        first_value(text[:10], 1)


def test_null_is_an_empty_object_and_other_kinds_are_named() -> None:
    assert read_object("null") == {}
    with pytest.raises(JSONError) as caught:
        read_object("[1]")
    told = "json: cannot unmarshal array into Go value of type map[string]interface {}"
    assert str(caught.value) == told


@given(st.text(alphabet='{}[]":,tru0e-. \\a', max_size=30))
def test_every_text_is_a_value_or_a_mistake(text: str) -> None:
    try:
        value = read_json(text)
    except JSONError as error:
        assert str(error)
        with pytest.raises(ValueError):
            json.loads(text)
    else:
        assert value == json.loads(text)


@pytest.mark.parametrize("unit", ["[", "{", '{"a":', "[1,", '"\\u0041', "9", "<", " "])
def test_a_megabyte_of_anything_takes_less_than_a_second(unit: str) -> None:
    text = unit * ((1 << 20) // len(unit))
    start = time.process_time()
    with pytest.raises(JSONError):
        read_json(text)
    assert time.process_time() - start < 1


@pytest.mark.parametrize("depth", [201, 500, 900, 5000])
def test_what_is_nested_deeper_than_an_answer_can_hold_is_refused(depth: int) -> None:
    assert read_json("[" * 200 + "]" * 200)
    with pytest.raises(JSONError, match="exceeded max depth"):
        read_json("[" * depth + "]" * depth)
