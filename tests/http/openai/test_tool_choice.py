"""Calls that must be made, and calls that must not."""

import json
from typing import Any

import pytest
from fake_serving import FakeServing
from openai_requests import CALL, HI, TOOLS, URL, chunks
from starlette.testclient import TestClient

from pyollama.api import ChatResponse, DebugInfo, ResponseMessage, Time

TWO = [*TOOLS, {"type": "function", "function": {"name": "time"}}]
TEXT = '{"name": "tide", "arguments": {"port": "Brest"}}'


def post(client: TestClient, choice: Any, **fields: Any) -> Any:
    body = {"model": "m", "messages": HI, "tools": TWO, "tool_choice": choice, **fields}
    return client.post(URL, json=body)


def names(format: Any) -> list[str]:
    """The names of the calls that a schema allows."""
    return [each["properties"]["name"]["const"] for each in json.loads(format)["anyOf"]]


@pytest.mark.parametrize(
    ("choice", "allowed"),
    [
        ("required", ["tide", "time"]),
        ({"type": "function", "function": {"name": "time"}}, ["time"]),
    ],
)
def test_an_answer_is_kept_to_the_form_of_a_call(
    client: TestClient, serving: FakeServing, choice: Any, allowed: list[str]
) -> None:
    assert post(client, choice).status_code == 200
    native = serving.calls[-1]
    assert names(native.format) == allowed
    assert native.think is False
    assert len(native.tools) == 2  # type: ignore[union-attr]


def test_thinking_that_was_asked_for_stays(client: TestClient, serving: FakeServing) -> None:
    post(client, "required", reasoning_effort="low")
    assert serving.calls[-1].think == "low"


@pytest.mark.parametrize("stream", [False, True])
def test_the_text_of_the_answer_becomes_the_call(
    client: TestClient, serving: FakeServing, stream: bool
) -> None:
    serving.script = list(TEXT)
    answer = post(client, "required", stream=stream)
    if stream:
        *_, told, finish, _ = chunks(answer)
        message, reason = told["choices"][0]["delta"], finish["choices"][0]["finish_reason"]
    else:
        choice = answer.json()["choices"][0]
        message, reason = choice["message"], choice["finish_reason"]
    assert reason == "tool_calls"
    assert message["content"] == ""
    assert message["tool_calls"][0]["function"] == {
        "name": "tide",
        "arguments": '{"port":"Brest"}',
    }


def test_a_call_that_was_cut_off_stays_text(client: TestClient, serving: FakeServing) -> None:
    serving.script, serving.done_reason = [TEXT[:20]], "length"
    choice = post(client, "required").json()["choices"][0]
    assert choice["finish_reason"] == "length"
    assert choice["message"] == {"role": "assistant", "content": TEXT[:20]}


def test_a_call_that_the_models_parser_has_read_is_told_once(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = [ResponseMessage(role="assistant", content="", tool_calls=[CALL])]
    message = post(client, "required").json()["choices"][0]["message"]
    assert len(message["tool_calls"]) == 1
    assert message["content"] == ""


def test_none_hides_the_tools_and_any_call(client: TestClient, serving: FakeServing) -> None:
    serving.final = ResponseMessage(role="assistant", content="", tool_calls=[CALL])
    choice = post(client, "none").json()["choices"][0]
    assert serving.calls[-1].tools == []  # type: ignore[union-attr]
    assert choice["message"] == {"role": "assistant", "content": "Hello you"}
    assert choice["finish_reason"] == "stop"


@pytest.mark.parametrize("choice", ["auto", None, "banana", 5, {"type": "x"}])
def test_everything_else_leaves_the_model_free(
    client: TestClient, serving: FakeServing, choice: Any
) -> None:
    assert post(client, choice).status_code == 200
    assert serving.calls[-1].format is None
    assert len(serving.calls[-1].tools) == 2  # type: ignore[union-attr]


def test_a_tool_that_is_not_offered_cannot_be_called(client: TestClient) -> None:
    answer = post(client, {"type": "function", "function": {"name": "sing"}})
    assert answer.status_code == 400
    assert "not offered: sing" in answer.json()["error"]["message"]


def test_without_tools_nothing_is_required(client: TestClient, serving: FakeServing) -> None:
    assert post(client, "required", tools=[]).status_code == 200
    assert serving.calls[-1].format is None


def test_a_prompt_that_is_only_rendered_is_told_though_a_call_must_be_made(
    client: TestClient, serving: FakeServing
) -> None:
    serving.single = ChatResponse(
        model="m",
        created_at=Time(0),
        message=ResponseMessage(role="", content=""),
        done=False,
        debug_info=DebugInfo(rendered_template="<user>"),
    )
    body = post(client, "required", _debug_render_only=True).json()
    assert body["_debug_info"] == {"rendered_template": "<user>"}
