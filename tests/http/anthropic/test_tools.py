"""Tools of a request, and which of them must be called."""

import json
from typing import Any

import pytest
from anthropic_requests import PORT, SEARCH, TIDE, URL, ask, called, events, say
from fake_serving import FakeServing
from starlette.testclient import TestClient

from pyollama.api import ChatRequest

NOW = {"name": "now"}
EMPTY = {"type": "", "properties": None}
CALL = '{"name": "tide", "arguments": {"port": "Brest"}}'


def native(serving: FakeServing) -> ChatRequest:
    """The request that serving saw last."""
    call = serving.calls[-1]
    assert isinstance(call, ChatRequest)
    return call


def test_a_schema_is_kept_as_far_as_tools_can_hold_it(
    client: TestClient, serving: FakeServing
) -> None:
    schema = {**PORT, "additionalProperties": False, "title": "x"}
    ask(client, tools=[{**TIDE, "input_schema": schema, "cache_control": {"type": "ephemeral"}}])
    assert native(serving).tools == [
        {
            "type": "function",
            "function": {"name": "tide", "description": "Tides", "parameters": PORT},
        }
    ]


@pytest.mark.parametrize("schema", [{}, {"input_schema": None}])
def test_a_tool_without_a_schema_takes_nothing(
    client: TestClient, serving: FakeServing, schema: Any
) -> None:
    ask(client, tools=[{"type": "bash_20250124", "name": "bash", **schema}])
    assert native(serving).tools == [
        {"type": "function", "function": {"name": "bash", "parameters": EMPTY}}
    ]


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        ("x", "string into Go value of type api.ToolFunctionParameters"),
        (
            {"type": ["object"]},
            "array into Go struct field ToolFunctionParameters.type of type string",
        ),
    ],
)
def test_what_is_no_schema_is_refused(client: TestClient, schema: Any, error: str) -> None:
    answer = ask(client, tools=[NOW, {"name": "f", "input_schema": schema}])
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == (
        f'invalid input_schema for tool "f": json: cannot unmarshal {error}'
    )


def test_a_schema_without_end_is_refused(client: TestClient) -> None:
    deep = '{"type":"object","properties":{"a":' * 1000 + "{}" + "}}" * 1000
    body = '{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"}],'
    body += f'"tools":[{{"name":"f","input_schema":{deep}}}]}}'
    answer = client.post(URL, content=body.encode())
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == (
        'invalid input_schema for tool "f": it is nested too deeply'
    )


def test_the_search_takes_the_place_of_a_tool_of_its_name(
    client: TestClient, serving: FakeServing
) -> None:
    own = {"name": "web_search", "input_schema": "not looked at"}
    ask(client, tools=[own, NOW, SEARCH])
    names = [tool["function"]["name"] for tool in native(serving).tools]
    assert names == ["now", "web_search"]
    function = native(serving).tools[1]["function"]
    assert function["parameters"]["required"] == ["query"]
    assert function["description"].startswith("Search the web for current information.")


def test_a_tool_of_the_clients_may_have_that_name(client: TestClient, serving: FakeServing) -> None:
    serving.script = [say("", "", called(name="web_search", query="q"))]
    (block,) = ask(client, tools=[{"name": "web_search"}]).json()["content"]
    assert (block["type"], block["input"]) == ("tool_use", {"query": "q"})


@pytest.mark.parametrize(
    ("choice", "allowed"),
    [({"type": "any"}, ["tide", "now"]), ({"type": "tool", "name": "now"}, ["now"])],
)
def test_an_answer_is_kept_to_a_call(
    client: TestClient, serving: FakeServing, choice: Any, allowed: list[str]
) -> None:
    serving.script = list(CALL)
    answer = ask(client, tools=[TIDE, NOW], tool_choice=choice)
    schema = json.loads(native(serving).format or b"")
    assert [each["properties"]["name"]["const"] for each in schema["anyOf"]] == allowed
    (block,) = answer.json()["content"]
    assert (block["type"], block["name"], block["input"]) == ("tool_use", "tide", {"port": "Brest"})
    assert answer.json()["stop_reason"] == "tool_use"


def test_a_call_that_must_be_is_streamed_whole(client: TestClient, serving: FakeServing) -> None:
    serving.script = list(CALL)
    found = events(ask(client, tools=[TIDE], tool_choice={"type": "any"}, stream=True))
    deltas = [each["delta"] for name, each in found if name == "content_block_delta"]
    assert deltas == [{"type": "input_json_delta", "partial_json": '{"port":"Brest"}'}]


def test_no_tools_are_offered_where_none_may_be_called(
    client: TestClient, serving: FakeServing
) -> None:
    ask(client, tools=[TIDE], tool_choice={"type": "none"})
    assert native(serving).tools == []


@pytest.mark.parametrize("type", ["auto", "other"])
def test_a_choice_that_is_none_leaves_the_model_free(
    client: TestClient, serving: FakeServing, type: str
) -> None:
    ask(client, tools=[TIDE], tool_choice={"type": type})
    assert (len(native(serving).tools), native(serving).format) == (1, None)


def test_a_choice_of_a_tool_that_is_not_there_is_refused(client: TestClient) -> None:
    answer = ask(client, tools=[TIDE], tool_choice={"type": "tool", "name": "x"})
    assert answer.status_code == 400
    assert "x" in answer.json()["error"]["message"]
