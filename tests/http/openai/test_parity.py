"""Strict parity: Ollama's flaws, and nothing that it does not have."""

from typing import Any

from fake_serving import FakeServing
from openai_requests import CALL, HI, TOOLS, URL, chunks
from starlette.testclient import TestClient

from pyollama.api import Logprob, ResponseMessage
from pyollama.errors import EngineError


def post(client: TestClient, **fields: Any) -> Any:
    return client.post(URL, json={"model": "m", "messages": HI, **fields})


def test_what_ollama_does_not_know_is_passed_over_whatever_it_is(
    strict: TestClient, serving: FakeServing
) -> None:
    extra = {
        "n": "x",
        "logit_bias": 5,
        "options": [],
        "keep_alive": "soon",
        "tool_choice": "required",
    }
    body = post(strict, tools=TOOLS, **extra).json()
    assert len(body["choices"]) == 1
    call = serving.calls[-1]
    assert (call.format, call.keep_alive, call.think) == (None, None, None)
    assert call.options == {"temperature": 1.0, "top_p": 1.0}
    assert serving.steerings[-1].logit_bias == {}


def test_a_failure_in_mid_stream_is_a_chunk_of_nothing(
    strict: TestClient, serving: FakeServing
) -> None:
    serving.script = ["a", EngineError("broken")]
    last = chunks(post(strict, stream=True))[-1]
    assert last["model"] == ""
    assert last["choices"] == [{"index": 0, "delta": {"content": ""}, "finish_reason": None}]


def test_calls_beside_no_parts_go_to_the_message_before(
    strict: TestClient, serving: FakeServing
) -> None:
    calls = [{"id": "c1", "function": {"name": "tide", "arguments": "{}"}}]
    history = [
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": [], "tool_calls": calls},
        {"role": "tool", "content": [{"type": "text", "text": "t"}], "tool_call_id": "c1"},
    ]
    assert post(strict, messages=history).status_code == 200
    user, tool = serving.calls[-1].messages  # type: ignore[union-attr]
    assert user.tool_calls[0].id == "c1"
    assert (tool.tool_name, tool.tool_call_id) == ("", "")


def test_completions_tell_no_log_probabilities(strict: TestClient, serving: FakeServing) -> None:
    serving.logprobs = [Logprob(token="a", logprob=-1.0)]
    body = {"model": "m", "prompt": "p", "logprobs": 2}
    assert "logprobs" not in strict.post("/v1/completions", json=body).json()["choices"][0]
    assert serving.calls[-1].top_logprobs == 2


def test_a_failure_in_a_completion_is_a_chunk_of_nothing(
    strict: TestClient, serving: FakeServing
) -> None:
    serving.script = ["a", EngineError("broken")]
    last = chunks(strict.post("/v1/completions", json={"model": "m", "stream": True}))[-1]
    assert (last["model"], last["choices"][0]["text"]) == ("", "")


def test_calls_of_the_last_record_are_told_without_tools_too(
    strict: TestClient, serving: FakeServing
) -> None:
    serving.final = ResponseMessage(role="assistant", content="", tool_calls=[CALL])
    assert post(strict).json()["choices"][0]["finish_reason"] == "tool_calls"
