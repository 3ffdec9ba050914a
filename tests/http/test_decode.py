"""Binding: which request a body is, and which mistake in it is told."""

import base64
import itertools
import json
import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyollama.api import FOREVER, ChatRequest, GenerateRequest
from pyollama.store.types import CreateRequest
from pyollama_http import gojson
from pyollama_http.gojson import DecodeError
from pyollama_http.gojson.b64 import decode_base64
from pyollama_http.gojson.bind import MAX_LITERAL


def generate(text: str) -> GenerateRequest:
    return gojson.decode(GenerateRequest, text.encode("utf-8", "surrogatepass"))


def chat(text: str) -> ChatRequest:
    return gojson.decode(ChatRequest, text.encode())


def complaint(
    kind: type[GenerateRequest] | type[ChatRequest] | type[CreateRequest], text: str
) -> str:
    with pytest.raises(DecodeError) as caught:
        gojson.decode(kind, text.encode())
    return str(caught.value)


def test_keys_match_without_regard_to_case_even_by_folding() -> None:
    assert generate('{"MODEL":"a","ſtream":false,"\u212aeep_alive":0}') == GenerateRequest(
        model="a",
        stream=False,
        keep_alive=0,  # type: ignore[arg-type]
    )
    assert generate('{"ßtream":false}').stream is None


def test_the_last_of_equal_keys_wins_and_null_changes_nothing() -> None:
    assert generate('{"model":"a","model":"b","model":null}').model == "b"


def test_equal_keys_of_maps_are_merged() -> None:
    assert generate('{"options":{"a":1},"options":{"b":2}}').options == {"a": 1, "b": 2}


def test_a_map_that_is_said_again_and_again_takes_no_longer_than_its_text() -> None:
    keys = ",".join(f'"options":{{"k{i}":{i}}}' for i in range(50_000))
    started = time.perf_counter()
    assert len(generate(f"{{{keys}}}").options) == 50_000
    assert time.perf_counter() - started < 5  # a copy for each would take minutes


def test_of_equal_properties_the_last_are_printed() -> None:
    twice = '"properties":{"a":{"type":"string"}},"properties":{"b":{"type":["null"]}}'
    body = f'{{"tools":[{{"function":{{"parameters":{{{twice}}}}}}}]}}'
    (tool,) = chat(body).tools
    assert tool["function"]["parameters"]["properties"] == {"b": {"type": "null"}}


def test_a_number_without_end_is_told_to_some_length() -> None:
    words = complaint(GenerateRequest, '{"top_logprobs":' + "1" * (MAX_LITERAL + 1000) + "}")
    assert words.count("1") == MAX_LITERAL


def test_null_is_a_request_with_nothing_said() -> None:
    assert generate("null") == GenerateRequest()


def test_lone_surrogates_become_replacement_characters() -> None:
    assert generate('{"prompt":"\\ud800a\\ud83d\\ude00"}').prompt == "\ufffda\U0001f600"


def test_an_empty_context_is_not_an_absent_one() -> None:
    assert generate('{"context":[]}').context == []
    assert generate('{"context":null}').context is None


def test_format_keeps_the_text_of_the_client() -> None:
    assert generate('{"format": {"a" : 1.0} }').format == b'{"a" : 1.0}'
    assert generate('{"format": null}').format == b"null"
    assert generate('{"Format":"json","model":"m"}').format == b'"json"'
    assert generate("{}").format is None


def test_options_are_numbers_as_go_has_them() -> None:
    options = generate(
        '{"options":{"a":1.0,"b":1e3,"c":0.5,"d":-0,"e":1e20,"f":[1,{"g":null}]}}'
    ).options
    assert json.dumps(options) == (
        '{"a": 1, "b": 1000, "c": 0.5, "d": -0.0, "e": 1e+20, "f": [1, {"g": null}]}'
    )


def test_options_may_nest_as_deep_as_go_allows() -> None:
    value = generate('{"options":{"a":' + "[" * 9_000 + "]" * 9_000 + "}}").options["a"]
    for _ in range(8_999):
        (value,) = value
    assert value == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("[]", "array into Go value of type api.GenerateRequest"),
        ('{"model":1}', "number into Go struct field GenerateRequest.model of type string"),
        ('{"stream":"x"}', "string into Go struct field GenerateRequest.stream of type bool"),
        ('{"context":{}}', "object into Go struct field GenerateRequest.context of type []int"),
        ('{"context":[1.5]}',
         "number 1.5 into Go struct field GenerateRequest.context of type int"),
        ('{"context":[9223372036854775808]}',
         "number 9223372036854775808 into Go struct field GenerateRequest.context of type int"),
        ('{"top_logprobs":1e3}',
         "number 1e3 into Go struct field GenerateRequest.top_logprobs of type int"),
        ('{"options":[]}',
         "array into Go struct field GenerateRequest.options of type map[string]interface {}"),
        ('{"options":{"a":1e999}}',
         "number 1e999 into Go struct field GenerateRequest.options of type float64"),
        ('{"images":"x"}',
         "string into Go struct field GenerateRequest.images of type []api.ImageData"),
        ('{"images":[1]}',
         "number into Go struct field GenerateRequest.images of type api.ImageData"),
        ('{"images":[[256]]}',
         "number 256 into Go struct field GenerateRequest.images of type uint8"),
    ],
)  # fmt: skip
def test_a_wrong_type_is_told_with_the_names_of_go(body: str, words: str) -> None:
    assert complaint(GenerateRequest, body) == f"json: cannot unmarshal {words}"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"messages":{}}',
         "object into Go struct field ChatRequest.messages of type []api.Message"),
        ('{"messages":[1]}', "number into Go struct field ChatRequest.messages of type api.Alias"),
        ('{"messages":[{"content":[]}]}',
         "array into Go struct field ChatRequest.messages.content of type string"),
        ('{"messages":[{"tool_calls":{}}]}',
         "object into Go struct field ChatRequest.messages.tool_calls of type []api.ToolCall"),
        ('{"messages":[{"tool_calls":[{"function":{"name":1}}]}]}',
         "number into Go struct field ChatRequest.messages.tool_calls.function.name"
         " of type string"),
        ('{"tools":{}}', "object into Go struct field ChatRequest.tools of type api.Tools"),
        ('{"tools":[1]}', "number into Go struct field ChatRequest.tools of type api.Tool"),
        ('{"tools":[{"type":1}]}', "number into Go struct field Tool.tools.type of type string"),
        ('{"tools":[{"function":{"name":1}}]}',
         "number into Go struct field ToolFunction.tools.function.name of type string"),
        ('{"tools":[{"function":{"parameters":{"properties":{"a":{"type":5}}}}}]}',
         "number into Go struct field ToolFunctionParameters.tools.function.parameters.properties"
         ".type of type []string"),
    ],
)  # fmt: skip
def test_a_wrong_type_below_messages_and_tools_names_the_right_struct(
    body: str, words: str
) -> None:
    assert complaint(ChatRequest, body) == f"json: cannot unmarshal {words}"


def test_the_first_of_several_wrong_types_is_told() -> None:
    assert "GenerateRequest.prompt" in complaint(GenerateRequest, '{"prompt":1,"model":2}')


def test_a_syntax_error_wins_over_a_wrong_type_before_it() -> None:
    assert complaint(GenerateRequest, '{"model":1,}').startswith("invalid character '}'")


def test_a_field_with_its_own_parser_wins_over_a_wrong_type_before_it() -> None:
    assert complaint(GenerateRequest, '{"model":1,"think":1}').startswith("think must be")
    assert "ChatRequest.messages.role" in complaint(
        ChatRequest, '{"model":1,"messages":[{"role":5}]}'
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            '"yes"',
            'invalid think value: "yes" (must be "high", "medium", "low", "max", true, or false)',
        ),
        ('""', 'invalid think value: "" (must be "high", "medium", "low", "max", true, or false)'),
        ("1", 'think must be a boolean or string ("high", "medium", "low", "max", true, or false)'),
    ],
)
def test_think_is_a_boolean_or_a_level(value: str, words: str) -> None:
    assert complaint(GenerateRequest, f'{{"think":{value}}}') == words
    assert generate('{"think":"max"}').think == "max"
    assert generate('{"think":false}').think is False


@pytest.mark.parametrize(
    ("value", "nanoseconds"),
    [
        ("0", 0), ('"0"', 0), ("1.5", 1_500_000_000), ('"1h30m"', 5_400_000_000_000),
        ("-1", FOREVER), ('"-1m"', FOREVER), ("1e18", 1), ("1e300", 1),
        ("-1e300", FOREVER), ("-1e-300", FOREVER), ("1e-300", 0), ("1" * 400, None),
    ],
)  # fmt: skip
def test_keep_alive_is_seconds_or_a_duration(value: str, nanoseconds: int | None) -> None:
    body = f'{{"keep_alive":{value}}}'
    if nanoseconds is None:
        assert complaint(GenerateRequest, body).endswith("keep_alive of type float64")
    else:
        assert generate(body).keep_alive == nanoseconds


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('"5"', 'time: missing unit in duration "5"'),
        ('"abc"', 'time: invalid duration "abc"'),
        ('""', 'time: invalid duration ""'),
        ('"5x"', 'time: unknown unit "x" in duration "5x"'),
        ("true", "Unsupported type: 'bool'"),
        ("[]", "Unsupported type: '[]interface {}'"),
        ("{}", "Unsupported type: 'map[string]interface {}'"),
    ],
)
def test_a_bad_keep_alive_is_told_as_go_tells_it(value: str, words: str) -> None:
    assert complaint(GenerateRequest, f'{{"keep_alive":{value}}}') == words


def test_images_are_base64_or_byte_values() -> None:
    assert generate('{"images":["aGk=","a\\nGk=\\r\\n",[104,105],null]}').images == [
        b"hi", b"hi", b"hi", b"",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "byte"),
    [
        ("data:image/png;base64,AAAA", 4), ("aGk", 0), ("AAAAaGk", 4), ("a", 0), ("=", 0),
        ("aG=k", 2), ("aGk=x", 4), ("aG==x", 4), ("aG=", 3), ("aGk\n", 1), ("not base64!", 3),
    ],
)  # fmt: skip
def test_bad_base64_is_told_where_go_stops(text: str, byte: int) -> None:
    body = json.dumps({"images": [text]})
    assert complaint(GenerateRequest, body) == f"illegal base64 data at input byte {byte}"


def test_every_short_text_is_base64_where_its_last_group_allows_it() -> None:
    for length in range(8):
        for letters in itertools.product("A=\n*", repeat=length):
            text = "".join(letters)
            try:
                decoded = decode_base64(text)
            except ValueError:
                continue
            bare = text.replace("\n", "")
            assert base64.b64decode(bare, validate=True) == decoded
            assert len(bare) % 4 == 0
            assert "=" not in bare.rstrip("=")


@settings(deadline=None)
@given(st.binary(), st.data())
def test_base64_is_read_whatever_its_line_ends(data: bytes, draw: st.DataObject) -> None:
    text = base64.b64encode(data).decode()
    at = draw.draw(st.integers(0, len(text)))
    assert decode_base64(text[:at] + "\r\n" + text[at:]) == data


def test_roles_are_lower_cased_and_not_checked() -> None:
    messages = chat('{"messages":[{"role":"USER"},null,{"role":"Alien"}]}').messages
    assert [message.role for message in messages] == ["user", "", "alien"]


def test_tool_calls_keep_the_order_of_their_arguments() -> None:
    body = '{"messages":[{"tool_calls":[{"function":{"name":"f","arguments":{"z":1,"a":{}}}}]}]}'
    (call,) = chat(body).messages[0].tool_calls
    assert list(call.function.arguments) == ["z", "a"]
    assert complaint(ChatRequest, body.replace('{"z":1,"a":{}}', '"x"')) == (
        "Value looks like object, but can't find closing '}' symbol"
    )


def test_tools_are_given_as_ollama_prints_them() -> None:
    tool = (
        '{"function":{"description":"d","name":"f","strict":true,"parameters":{"required":["b"],'
        '"type":"object","properties":{"b":{"description":"x","type":["string"],"enum":[1,"a"]},'
        '"a":{"type":["string","null"],"default":0,"anyOf":[{"type":"integer"}]}}}},"type":"function"}'
    )
    (given_tool, bare) = chat(f'{{"tools":[{tool},{{}}]}}').tools
    assert json.dumps(given_tool, separators=(",", ":")) == (
        '{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object",'
        '"required":["b"],"properties":{"b":{"type":"string","description":"x","enum":[1,"a"]},'
        '"a":{"anyOf":[{"type":"integer"}],"type":["string","null"]}}}}}'
    )
    assert bare == {
        "type": "",
        "function": {"name": "", "parameters": {"type": "", "properties": None}},
    }


def test_schemas_nested_without_end_are_refused_and_nothing_breaks() -> None:
    depth = 3_000
    schema = '{"properties":{"a":' * depth + "{}" + "}}" * depth
    body = f'{{"tools":[{{"function":{{"parameters":{schema}}}}}]}}'
    assert complaint(ChatRequest, body) == "json: the request is nested too deeply"


def test_files_are_a_map_of_text() -> None:
    assert gojson.decode(CreateRequest, b'{"files":{"a":"b","c":null}}').files == {
        "a": "b",
        "c": "",
    }
    assert complaint(CreateRequest, '{"files":{"a":1}}') == (
        "json: cannot unmarshal number into Go struct field CreateRequest.files of type string"
    )


@pytest.mark.slow
def test_a_body_of_20_megabytes_with_an_image_takes_less_than_a_third_of_a_second() -> None:
    image = os.urandom(15 << 20)
    text = base64.b64encode(image).decode()
    body = json.dumps({"model": "m", "images": [text]}).encode()
    assert len(body) > 20 << 20
    took = []
    for _ in range(5):
        began = time.thread_time()  # heeds no neighbours
        call = gojson.decode(GenerateRequest, body)
        took.append(time.thread_time() - began)
    assert call.images == [image]
    assert min(took) < 0.3
