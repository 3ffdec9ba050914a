"""The bytes of answers, which are Go's."""

import json
import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, field

from pyollama.api import (
    GenerateResponse,
    LocalTime,
    Message,
    ModelDetails,
    Time,
    ToolCall,
    ToolCallFunction,
)
from pyollama.errors import FormatError
from pyollama_http.gojson import encode
from pyollama_http.gojson.text import float_text, time_text


class Sample(Struct, omit_defaults=True, kw_only=True):
    always: int
    sometimes: str = ""
    renamed: bool = field(default=False, name="_renamed")
    many: list[int] = field(default_factory=list)
    mapping: dict[str, Any] | None = None


def test_fields_stand_in_their_order_and_defaults_are_left_out() -> None:
    assert encode(Sample(always=0)) == b'{"always":0}'
    full = Sample(always=1, sometimes="s", renamed=True, many=[1, 2], mapping={})
    assert encode(full) == b'{"always":1,"sometimes":"s","_renamed":true,"many":[1,2],"mapping":{}}'


def test_a_field_without_a_default_is_sent_even_as_null() -> None:
    details = ModelDetails(
        parent_model="", format="gguf", family="f", families=None, parameter_size="",
        quantization_level="",
    )  # fmt: skip
    assert b'"families":null' in encode(details)


def test_text_is_escaped_as_go_escapes_it() -> None:
    text = '<>&\u2028\u2029\b\f\n\r\t"\\\x00\x1f\x7fé\U0001f600\ud800'
    assert encode(text) == (
        rb'"\u003c\u003e\u0026\u2028\u2029\b\f\n\r\t\"\\\u0000\u001f'
        + "\x7fé\U0001f600\ufffd".encode()
        + b'"'
    )


@settings(deadline=None)
@given(st.text())
def test_text_reads_back(text: str) -> None:
    assert json.loads(encode({text: text})) == {text: text}


def test_free_maps_are_sorted_and_the_map_of_a_field_keeps_its_order() -> None:
    assert encode({"b": 1, "a": {"d": 1, "c": [{"f": 1, "e": 2}]}}) == (
        b'{"a":{"c":[{"e":2,"f":1}],"d":1},"b":1}'
    )
    call = ToolCall(function=ToolCallFunction(name="f", arguments={"z": 1, "a": {"y": 2, "b": 3}}))
    arguments = b'"arguments":{"z":1,"a":{"b":3,"y":2}}'
    assert encode(call) == b'{"function":{"index":0,"name":"f",' + arguments + b"}}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "-0"), (1.0, "1"), (0.1, "0.1"), (1e20, "100000000000000000000"),
        (1e21, "1e+21"), (1e-6, "0.000001"), (1e-7, "1e-7"), (1.5e-10, "1.5e-10"),
        (1e-300, "1e-300"), (123456789012345680000.0, "123456789012345680000"),
        (0.10000000149011612, "0.10000000149011612"), (-2.5e22, "-2.5e+22"),
    ],
)  # fmt: skip
def test_floats_are_the_shortest_that_read_back(value: float, text: str) -> None:
    assert float_text(value) == text


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_read_back(value: float) -> None:
    text = float_text(value)
    assert float(text) == value
    assert math.copysign(1, float(text)) == math.copysign(1, value)
    assert ("e" in text) == (value != 0 and not 1e-6 <= abs(value) < 1e21)


def test_a_context_of_a_million_tokens_holds_up_nobody_for_long() -> None:
    tokens = [*range(1_000_000)]
    started = time.process_time()
    assert encode(tokens) == str(tokens).replace(" ", "").encode()
    assert time.process_time() - started < 1.0  # an item at a time it takes twice as long


def test_booleans_are_no_numbers_in_a_list_either() -> None:
    assert encode([1, True, 2]) == b"[1,true,2]"
    assert encode((1, 2)) == b"[1,2]"


@pytest.mark.parametrize(
    ("value", "name"), [(math.nan, "NaN"), (math.inf, "+Inf"), (-math.inf, "-Inf")]
)
def test_what_is_no_number_in_json_is_refused_in_the_words_of_go(value: float, name: str) -> None:
    with pytest.raises(FormatError) as caught:
        encode({"a": value})
    assert str(caught.value) == f"json: unsupported value: {name}"


def test_what_json_cannot_say_is_our_own_mistake() -> None:
    with pytest.raises(TypeError, match="no JSON for object"):
        encode(object())


def test_times_lose_the_zeros_at_the_end_of_their_fraction() -> None:
    assert encode(Time(0)) == b'"1970-01-01T00:00:00Z"'
    assert encode(Time(1_500_000_000)) == b'"1970-01-01T00:00:01.5Z"'
    assert encode(Time(1_787_000_000_123_456_780)) == b'"2026-08-17T20:53:20.12345678Z"'


def test_local_times_carry_the_offset_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        monkeypatch.setenv("TZ", "XXX-05:30")  # POSIX counts westward
        time.tzset()
        assert encode(LocalTime(0)) == b'"1970-01-01T05:30:00+05:30"'
        monkeypatch.setenv("TZ", "UTC")
        time.tzset()
        assert encode(LocalTime(0)) == b'"1970-01-01T00:00:00Z"'
        assert time_text(2**63 - 1, local=True).startswith("2262-04-11T")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_line_of_an_answer_has_the_keys_of_ollama() -> None:
    line = GenerateResponse(model="m", created_at=Time(0), response="a<b", done=False)
    assert encode(line) == (
        b'{"model":"m","created_at":"1970-01-01T00:00:00Z","response":"a\\u003cb","done":false}'
    )
    assert encode(Message(role="user", images=[b"hi"])) == b'{"role":"user","images":["aGk="]}'


def test_a_long_text_is_escaped_without_delay() -> None:
    started = time.process_time()
    written = encode("ab<c " * 2_000_000)
    assert time.process_time() - started < 0.6  # str.translate takes 1.3, and holds up everybody
    assert written == b'"' + rb"ab\u003cc " * 2_000_000 + b'"'
