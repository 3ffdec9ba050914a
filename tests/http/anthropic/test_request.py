"""What a request of /v1/messages becomes: options, thinking, and what cannot be decoded."""

from typing import Any

import pytest
from anthropic_requests import TIDE, URL, ask
from fake_serving import FakeServing
from starlette.testclient import TestClient

from pyollama.api import ChatRequest, Duration
from pyollama.store import Store

DECODE = "json: cannot unmarshal "


def native(serving: FakeServing) -> ChatRequest:
    """The request that serving saw last."""
    call = serving.calls[-1]
    assert isinstance(call, ChatRequest)
    return call


def refusal(client: TestClient, **fields: Any) -> str:
    """The message of a request that is refused before a model is looked for."""
    answer = ask(client, **fields)
    assert answer.status_code == 400
    message: str = answer.json()["error"]["message"]
    return message


def test_nothing_is_set_but_the_limit(client: TestClient, serving: FakeServing) -> None:
    ask(client)
    assert native(serving).options == {"num_predict": 9}
    assert native(serving).think is None
    assert native(serving).tools == []


def test_zero_is_a_value(client: TestClient, serving: FakeServing) -> None:
    ask(client, temperature=0, top_p=0, top_k=0, stop_sequences=["a", "b"])
    assert native(serving).options == {
        "num_predict": 9,
        "temperature": 0.0,
        "top_p": 0.0,
        "top_k": 0,
        "stop": ["a", "b"],
    }


def test_no_stop_strings_are_none(client: TestClient, serving: FakeServing) -> None:
    ask(client, stop_sequences=[])
    assert "stop" not in native(serving).options


def test_options_and_keep_alive_are_taken_too(client: TestClient, serving: FakeServing) -> None:
    ask(client, options={"num_ctx": 512, "num_predict": 1}, keep_alive="2m", top_k=3)
    assert native(serving).options == {"num_ctx": 512, "num_predict": 9, "top_k": 3}
    assert native(serving).keep_alive == Duration(120 * 10**9)
    assert refusal(client, options=5) == "options must be an object"
    assert "invalid duration" in refusal(client, keep_alive="soon")


def test_an_answer_may_be_kept_to_a_schema(client: TestClient, serving: FakeServing) -> None:
    schema = {"type": "object", "properties": {"z": {"type": "string"}, "a": {}}}
    ask(client, output_config={"format": {"type": "json_schema", "schema": schema}})
    assert native(serving).format == (
        b'{"type":"object","properties":{"z":{"type":"string"},"a":{}}}'
    )


@pytest.mark.parametrize("format", [None, 5, "json", {}, {"type": "json_schema"}, {"schema": {}}])
def test_a_format_that_is_none_is_passed_over(
    client: TestClient, serving: FakeServing, format: Any
) -> None:
    assert ask(client, output_config={"format": format}).status_code == 200
    assert native(serving).format is None


def test_ollama_does_not_know_them(strict: TestClient, serving: FakeServing) -> None:
    choice = {"type": "any"}
    format = {"type": "json_schema", "schema": {"type": "object"}}
    ask(
        strict,
        options=5,
        keep_alive="soon",
        tools=[TIDE],
        tool_choice=choice,
        output_config={"format": format},
    )
    assert native(serving).options == {"num_predict": 9}
    assert native(serving).keep_alive is None
    assert native(serving).format is None


@pytest.mark.parametrize(
    ("switch", "effort", "think"),
    [
        ({"type": "disabled"}, "max", False),
        ({"type": "adaptive"}, None, None),
        ({}, " bogus ", None),
    ],
)
def test_the_switch_of_thinking_and_its_absence(
    client: TestClient, serving: FakeServing, switch: Any, effort: Any, think: Any
) -> None:
    ask(client, thinking=switch, output_config={"effort": effort})
    assert native(serving).think is think


@pytest.mark.parametrize(
    ("switch", "effort", "think"),
    [
        ({"type": "enabled", "budget_tokens": 5}, "low", True),
        ({"type": "adaptive"}, "low", "low"),
        (None, " XHigh ", "high"),
        ({"type": "other"}, "max", "max"),
    ],
)
def test_thinking_is_asked_of_models_that_can(
    client: TestClient,
    serving: FakeServing,
    monkeypatch: pytest.MonkeyPatch,
    switch: Any,
    effort: str,
    think: Any,
) -> None:
    thinks = type("Thinker", (), {"capabilities": lambda self: ["completion", "thinking"]})
    monkeypatch.setattr(Store, "find", lambda self, name: thinks())
    ask(client, thinking=switch, output_config={"effort": effort})
    assert native(serving).think == think


@pytest.mark.parametrize("model", ["m", "no such", "m:local:cloud"])
def test_thinking_is_not_asked_of_others(
    client: TestClient, serving: FakeServing, model: str
) -> None:
    ask(client, model=model, thinking={"type": "enabled"})
    assert native(serving).think is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": 5}, "number into Go struct field MessagesRequest.model of type string"),
        (
            {"max_tokens": 1.5},
            "number 1.5 into Go struct field MessagesRequest.max_tokens of type int",
        ),
        (
            {"messages": "x"},
            "string into Go struct field MessagesRequest.messages of type []anthropic.MessageParam",
        ),
        (
            {"tools": "x"},
            "string into Go struct field MessagesRequest.tools of type []anthropic.Tool",
        ),
        (
            {"tools": [{}, {"name": 5}]},
            "number into Go struct field Tool.tools.name of type string",
        ),
        (
            {"tools": [5]},
            "number into Go struct field MessagesRequest.tools of type anthropic.Tool",
        ),
        (
            {"tool_choice": "auto"},
            "string into Go struct field MessagesRequest.tool_choice of type anthropic.ToolChoice",
        ),
        (
            {"metadata": []},
            "array into Go struct field MessagesRequest.metadata of type anthropic.Metadata",
        ),
        (
            {"thinking": {"type": True}},
            "bool into Go struct field ThinkingConfig.thinking.type of type string",
        ),
    ],
)
def test_a_field_of_a_wrong_type_is_named(
    client: TestClient, fields: dict[str, Any], message: str
) -> None:
    assert refusal(client, **fields) == DECODE + message


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"role": "user"}, "unexpected end of JSON input"),
        (None, "unexpected end of JSON input"),
        (
            {"role": "user", "content": 5},
            DECODE + "number into Go struct field MessagesRequest.messages of type"
            " []anthropic.ContentBlock",
        ),
        (
            {"role": "user", "content": ["a"]},
            DECODE + "string into Go struct field MessagesRequest.messages of type"
            " anthropic.ContentBlock",
        ),
        (
            {"role": 5, "content": "a"},
            DECODE + "number into Go struct field MessagesRequest.messages.role of type string",
        ),
        (
            {"role": "user", "content": [{"type": "text", "text": 5}]},
            DECODE + "number into Go struct field MessagesRequest.messages.text of type string",
        ),
        (
            {"role": "user", "content": [{"type": "tool_use", "input": "x"}]},
            "Value looks like object, but can't find closing '}' symbol",
        ),
    ],
)
def test_a_message_that_is_none_ends_the_decoding(
    client: TestClient, message: Any, error: str
) -> None:
    assert refusal(client, messages=[message], system=5, tools=[{"name": 5}]) == error


def test_the_first_of_several_mistakes_is_told(client: TestClient) -> None:
    body = b'{"tools":[{"name":5}],"stop_sequences":[5],"model":5}'
    message = client.post(URL, content=body).json()["error"]["message"]
    assert message == DECODE + "number into Go struct field Tool.tools.name of type string"


def test_names_of_fields_are_known_in_any_case(client: TestClient, serving: FakeServing) -> None:
    body = {"MODEL": "m", "Max_Tokens": 5, "Messages": [{"ROLE": "User", "Content": "hi"}]}
    assert client.post(URL, json=body).status_code == 200
    (message,) = native(serving).messages
    assert (message.role, message.content) == ("user", "hi")


def test_null_is_nothing(client: TestClient, serving: FakeServing) -> None:
    absent = dict.fromkeys(
        ["system", "tools", "tool_choice", "thinking", "metadata", "output_config", "top_k"]
    )
    assert ask(client, **absent).status_code == 200
    assert native(serving).options == {"num_predict": 9}
    assert ask(client, tools=[None]).status_code == 200
