"""What a request asks of the model, and what of it the answer repeats."""

from typing import Any

import pytest
from fake_serving import FakeServing
from responses_requests import FUNCTION, events, post
from starlette.testclient import TestClient

from pyollama.api import FOREVER
from pyollama.errors import BadRequest

SCHEMA = {"type": "object", "properties": {"b": {"type": "integer"}, "a": {"type": "string"}}}
FORMAT = {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}


def native(serving: FakeServing) -> Any:
    """The native request."""
    return serving.calls[-1]


def test_only_the_temperature_has_a_default(client: TestClient, serving: FakeServing) -> None:
    body = post(client).json()
    assert native(serving).options == {"temperature": 1.0}
    assert (body["temperature"], body["top_p"]) == (1, 1)
    assert native(serving).think is None
    assert native(serving).format is None


def test_options_of_its_own_win_over_those_of_the_field_options(
    client: TestClient, serving: FakeServing
) -> None:
    given = {"temperature": 0, "top_p": 0.5, "max_output_tokens": 7}
    extra = {"temperature": 2, "num_ctx": 64}
    body = post(client, **given, options=extra, keep_alive=-1).json()
    assert native(serving).options == {
        "temperature": 0,
        "top_p": 0.5,
        "num_predict": 7,
        "num_ctx": 64,
    }
    assert native(serving).keep_alive == FOREVER
    assert {name: body[name] for name in given} == given


def test_options_that_are_none_are_refused(client: TestClient) -> None:
    assert post(client, options=[]).status_code == 400
    assert post(client, keep_alive="soon").status_code == 400


@pytest.mark.parametrize(
    ("effort", "think"),
    [("", None), ("none", False), ("minimal", "low"), ("high", "high"), ("xhigh", "max")],
)
def test_effort_is_how_hard_to_think(
    client: TestClient, serving: FakeServing, effort: str, think: Any
) -> None:
    body = post(client, reasoning={"effort": effort}).json()
    assert native(serving).think == think
    assert body["reasoning"] == ({"effort": effort} if effort else None)


def test_an_unknown_effort_is_refused(client: TestClient) -> None:
    message = post(client, reasoning={"effort": "HIGH"}).json()["error"]["message"]
    assert message.startswith('invalid reasoning value: "HIGH" (must be "minimal", "low",')


def test_reasoning_is_repeated_and_both_of_it_in_a_stream(client: TestClient) -> None:
    reasoning = {"summary": "auto", "generate_summary": "x"}
    assert post(client, reasoning=reasoning).json()["reasoning"] == {"summary": "auto"}
    created = events(post(client, reasoning=reasoning, stream=True))[0]
    assert created["response"]["reasoning"] == {"effort": None, "summary": "auto"}


def test_a_schema_is_the_format_and_is_repeated_as_it_was_written(
    client: TestClient, serving: FakeServing
) -> None:
    answer = post(client, text={"format": FORMAT})
    assert native(serving).format == (
        b'{"type":"object","properties":{"b":{"type":"integer"},"a":{"type":"string"}}}'
    )
    assert answer.json()["text"] == {"format": FORMAT}
    assert '"text":{"format":{"type":"json_schema","name":"n","schema":{"type"' in answer.text
    stream = post(client, text={"format": FORMAT}, stream=True)
    assert (
        '"text":{"format":{"name":"n","schema":{"type":"object","properties":{"b":' in stream.text
    )


@pytest.mark.parametrize("format", [{"type": "json_object"}, {"type": "json_schema"}])
def test_other_formats_are_repeated_only(
    client: TestClient, serving: FakeServing, format: dict[str, str]
) -> None:
    body = post(client, text={"format": format}).json()
    assert native(serving).format is None
    assert body["text"] == {"format": format}


def test_some_members_repeat_and_others_never_change(client: TestClient) -> None:
    given = {"instructions": "i", "truncation": "auto", "background": True}
    fixed = {
        "tool_choice": "required",
        "store": True,
        "metadata": {"a": "b"},
        "parallel_tool_calls": False,
        "previous_response_id": "resp_1",
        "service_tier": "flex",
        "include": ["reasoning.encrypted_content"],
        "conversation": {"id": "c"},
    }
    body = post(client, **given, **fixed).json()
    assert {name: body[name] for name in given} == given
    assert body["tool_choice"] == "auto"
    assert body["store"] is False
    assert body["metadata"] == {}
    assert body["parallel_tool_calls"] is True
    assert body["previous_response_id"] is None
    assert body["service_tier"] == "default"


def test_tools_are_reduced_for_the_model_and_repeated_whole(
    client: TestClient, serving: FakeServing
) -> None:
    parameters = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"b": {"type": "string", "minLength": 2}, "a": {"type": "string"}},
    }
    tool = {"type": "function", "name": "f", "strict": True, "parameters": parameters}
    answer = post(client, tools=[tool])
    (found,) = native(serving).tools
    assert found == {
        "type": "function",
        "function": {
            "name": "f",
            "parameters": {
                "type": "object",
                "properties": {"b": {"type": "string"}, "a": {"type": "string"}},
            },
        },
    }
    assert list(found["function"]["parameters"]["properties"]) == ["b", "a"]
    assert (
        '"tools":[{"type":"function","name":"f","description":null,"strict":true,"parameters":'
        '{"additionalProperties":false,"properties":{"a":{"type":"string"},"b":{"minLength":2,'
    ) in answer.text


def test_a_tool_of_another_kind_is_passed_on_by_its_name(
    client: TestClient, serving: FakeServing
) -> None:
    body = post(client, tools=[{"type": "custom", "name": "c", "format": {}}]).json()
    nothing = {"type": "", "properties": None}
    assert native(serving).tools == [
        {"type": "custom", "function": {"name": "c", "parameters": nothing}}
    ]
    assert body["tools"] == [
        {"type": "custom", "name": "c", "description": None, "strict": None, "parameters": None}
    ]


def test_tools_of_a_namespace_have_its_name(client: TestClient, serving: FakeServing) -> None:
    inner = {"type": "namespace", "name": "m", "tools": [{"type": "function", "name": "b"}]}
    members = [{"type": "function", "name": "a"}, {"type": "function", "name": "n.c"}, inner]
    space = {"type": "namespace", "name": "n", "tools": members}
    body = post(client, tools=[space]).json()
    names = [tool["function"]["name"] for tool in native(serving).tools]
    assert names == ["n.a", "n.c", "n.m.b"]
    assert [tool["name"] for tool in body["tools"][0]["tools"]] == ["a", "n.c", "m"]
    created = events(post(client, tools=[space], stream=True))[0]
    assert "tools" not in created["response"]["tools"][0]


def test_a_schema_that_no_tool_can_have_is_refused(client: TestClient) -> None:
    tool = {**FUNCTION, "parameters": {"type": ["object"]}}
    message = post(client, tools=[tool]).json()["error"]["message"]
    assert message == (
        "failed to unmarshal tool parameters: json: cannot unmarshal array into Go struct field "
        "ToolFunctionParameters.type of type string"
    )


def test_what_must_be_called_is_a_schema_to_keep_to(
    client: TestClient, serving: FakeServing, strict: TestClient
) -> None:
    serving.script = ['{"name":"tide","arguments":{"port":"Brest"}}']
    for choice in ("required", {"type": "function", "name": "tide"}):
        body = post(client, tools=[FUNCTION], tool_choice=choice).json()
        assert native(serving).format is not None
        assert [item["type"] for item in body["output"]] == ["function_call"]
        assert body["output"][0]["arguments"] == '{"port":"Brest"}'
    post(client, tools=[FUNCTION], tool_choice="none")
    assert native(serving).tools == []
    post(strict, tools=[FUNCTION], tool_choice="required", options=5, keep_alive="soon")
    assert (native(serving).format, native(serving).keep_alive) == (None, None)


def test_a_tool_that_is_not_offered_cannot_be_chosen(client: TestClient) -> None:
    answer = post(client, tools=[FUNCTION], tool_choice={"type": "function", "name": "x"})
    assert answer.status_code == 400


def test_what_serving_refuses_has_the_envelope_and_the_headers_of_a_stream(
    client: TestClient, serving: FakeServing
) -> None:
    serving.refusal = BadRequest('"m" does not support thinking')
    answer = post(client, stream=True)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.text.endswith('"param":null,"code":null}}\n')
