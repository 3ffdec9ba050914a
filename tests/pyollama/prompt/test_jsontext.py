"""The spellings of JSON in prompts, and the order of its keys."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.errors import EngineError
from pyollama.gotext import go_json
from pyollama.prompt.jsontext import arg, compact, plain_spaced, sorted_keys, spaced

SCALARS = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


@given(value=VALUES)
def test_every_spelling_reads_back_as_the_value(value: Any) -> None:
    for write in (compact, spaced, plain_spaced):
        assert json.loads(write(value), parse_int=float) == value


def test_blanks_stand_after_colons_and_commas_outside_of_strings() -> None:
    value = {"k,:": [1, "a,b:c"]}
    assert compact(value) == '{"k,:":[1,"a,b:c"]}'
    assert spaced(value) == '{"k,:": [1, "a,b:c"]}'


def test_only_the_plain_spelling_keeps_what_html_escapes() -> None:
    assert compact("<&>") == spaced("<&>") == r'"\u003c\u0026\u003e"'
    assert plain_spaced("<&>") == '"<&>"'
    assert plain_spaced("a\u2028") == '"a\\u2028"'


def test_numbers_are_floats_of_64_bits() -> None:
    value = [3, 2.5, 1e30, 12345678901234567890]
    assert compact(value) == "[3,2.5,1e+30,12345678901234567000]"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ("<a> b", "<a> b"),
        (3, "3"),
        (2.5, "2.5"),
        (1000000, "1e+06"),
        ([1, "x"], '[1,"x"]'),
        ({"b": {"d": 1, "c": 2}, "a": "<"}, '{"a":"\\u003c","b":{"c":2,"d":1}}'),
    ],
)
def test_an_argument_is_plain_text_or_compact_json(value: Any, text: str) -> None:
    assert arg(value) == text


@given(value=st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_as_go_writes_them(value: float) -> None:
    assert compact(value) == go_json(value).decode().rstrip("\n")


def test_small_values_are_written_at_a_rate_of_100000_a_second() -> None:
    value = ["<", 1, 0.5, 1e-9, True] * 20_000
    began = time.process_time()
    assert len(spaced(value)) > 500_000
    assert time.process_time() - began < 1


def test_keys_are_sorted_at_every_level() -> None:
    assert compact(sorted_keys({"b": [{"z": 1, "y": 2}], "a": 0})) == '{"a":0,"b":[{"y":2,"z":1}]}'


def test_what_is_nested_too_deeply_is_an_error() -> None:
    value: list[Any] = []
    for _ in range(5000):
        value = [value]
    for write in (compact, spaced, plain_spaced, sorted_keys, arg):
        with pytest.raises(EngineError, match="nested too deeply"):
            write(value)
