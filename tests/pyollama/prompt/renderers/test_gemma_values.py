"""Values in the notation of Gemma's tools."""

from typing import Any

import pytest

from pyollama.errors import EngineError
from pyollama.prompt.renderers.gemma_values import Notation

NOTATION = Notation(quote="'")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("it's", "'it's'"),
        (True, "true"),
        (None, "null"),
        (3, "3"),
        (3.0, "3"),
        (1000000, "1000000"),
        (-2.5, "-2.5"),
        (2**53 + 1, str(2**53)),
        (2**64, "1.8446744073709552e+19"),
        (1e30, "1e+30"),
        ([], "[]"),
        ([1, "a", [None]], "[1,'a',[null]]"),
        ({}, "{}"),
        ({"b": 1, "a": {"d": "", "c": False}}, "{a:{c:false,d:''},b:1}"),
    ],
)
def test_values_have_bare_sorted_keys_and_numbers_as_go_has_them(
    value: object, expected: str
) -> None:
    assert NOTATION.value(value) == expected


def test_null_has_a_word_of_its_own() -> None:
    assert Notation(quote="'", null="<nil>").value([None]) == "[<nil>]"


def test_a_value_that_is_nested_too_deeply_is_refused() -> None:
    value: list[Any] = []
    for _ in range(10_000):
        value = [value]
    with pytest.raises(EngineError, match="nested too deeply"):
        NOTATION.value(value)
    while value:
        value = value.pop()
