"""Chat completions: what becomes of a request, and what of an answer."""

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from fake_serving import FakeServing
from openai_requests import CALL, HI, TOOLS, URL, chunks
from starlette.testclient import TestClient

from pyollama.api import (
    ChatResponse,
    DebugInfo,
    Logprob,
    Message,
    ResponseMessage,
    Time,
    TokenLogprob,
    ToolCall,
    ToolCallFunction,
)
from pyollama.errors import EngineError, NotFound, ServerBusy
from pyollama_http import gojson, responses
from pyollama_http.body import LONG
from pyollama_http.openai.messages import native_messages


def post(client: TestClient, **fields: Any) -> Any:
    """The answer to a request for a model m that is greeted."""
    return client.post(URL, json={"model": "m", "messages": HI, **fields})


def test_an_answer_has_the_form_of_openai(client: TestClient, serving: FakeServing) -> None:
    serving.prompt_eval_count = 11
    answer = post(client)
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert answer.text.endswith("}\n")
    assert body.pop("id").startswith("chatcmpl-")
    assert body == {
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "system_fingerprint": "fp_ollama",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello you"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13},
    }


def test_thinking_and_calls_are_told_and_calls_are_the_reason(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = [ResponseMessage(role="assistant", content="A.", thinking="T")]
    serving.final = ResponseMessage(role="assistant", content="", tool_calls=[CALL])
    choice = post(client, tools=TOOLS).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"] == {
        "role": "assistant",
        "content": "A.",
        "reasoning": "T",
        "tool_calls": [
            {
                "id": "call_k3v90zqa",
                "index": 0,
                "type": "function",
                "function": {"name": "tide", "arguments": '{"port":"\\u003cBrest\\u003e"}'},
            }
        ],
    }


def test_a_limit_that_was_hit_stays_the_reason_beside_calls(
    client: TestClient, serving: FakeServing
) -> None:
    serving.final = ResponseMessage(role="assistant", content="", tool_calls=[CALL])
    serving.done_reason = "length"
    assert post(client).json()["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("usage", [False, True])
def test_a_stream_is_chunks_a_finish_and_a_mark_of_the_end(
    client: TestClient, serving: FakeServing, usage: bool
) -> None:
    serving.prompt_eval_count = 5
    answer = post(client, stream=True, stream_options={"include_usage": usage})
    assert answer.headers["content-type"] == "text/event-stream"
    *found, done = chunks(answer)
    assert done == "[DONE]"
    assert len({chunk["id"] for chunk in found}) == 1
    assert [chunk["choices"] for chunk in found[:3]] == [
        [{"index": 0, "delta": {"role": "assistant", "content": "Hello"}, "finish_reason": None}],
        [{"index": 0, "delta": {"content": " you"}, "finish_reason": None}],
        [{"index": 0, "delta": {}, "finish_reason": "stop"}],
    ]
    counted = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    assert [chunk.get("usage") for chunk in found] == [None] * 3 + [counted] * usage
    assert [chunk["choices"] for chunk in found[3:]] == [[]] * usage


def test_a_record_of_thoughts_and_text_is_two_chunks(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = [
        ResponseMessage(role="assistant", content="", thinking="T1"),
        ResponseMessage(role="assistant", content="x", thinking="T2"),
        ResponseMessage(role="assistant", content="", tool_calls=[CALL]),
    ]
    serving.final = ResponseMessage(role="assistant", content="", tool_calls=[CALL])
    found = chunks(post(client, stream=True))[:-1]
    deltas = [chunk["choices"][0]["delta"] for chunk in found]
    assert deltas[:3] == [
        {"role": "assistant", "content": "", "reasoning": "T1"},
        {"reasoning": "T2"},
        {"content": "x"},
    ]
    assert [delta["tool_calls"][0]["index"] for delta in deltas[3:5]] == [0, 1]
    assert found[-1]["choices"][0] == {"index": 0, "delta": {}, "finish_reason": "tool_calls"}


def test_an_empty_answer_is_streamed_as_a_role_and_an_end(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = []
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks(post(client, stream=True))[:-1]]
    assert deltas == [{"role": "assistant", "content": ""}, {}]


def test_log_probabilities_stand_in_the_first_chunk_of_their_record(
    client: TestClient, serving: FakeServing
) -> None:
    alternative = TokenLogprob(token="b", logprob=-2.0, bytes=[98])
    serving.logprobs = [
        Logprob(token="a", logprob=-0.5, bytes=[97], top_logprobs=[alternative]),
        Logprob(token="", logprob=-0.25),
    ]
    serving.script = [ResponseMessage(role="assistant", content="x", thinking="T")]
    found = chunks(post(client, stream=True, logprobs=True, top_logprobs=1))
    content = found[0]["choices"][0]["logprobs"]["content"]
    assert content == [
        {
            "token": "a",
            "logprob": -0.5,
            "bytes": [97],
            "top_logprobs": [{"token": "b", "logprob": -2, "bytes": [98]}],
        },
        {"token": "", "logprob": -0.25},
    ]
    assert "logprobs" not in found[1]["choices"][0]
    whole = post(client, logprobs=True).json()["choices"][0]
    assert whole["logprobs"]["content"] == content


def test_a_rendered_prompt_is_shown(client: TestClient, serving: FakeServing) -> None:
    message = ResponseMessage(role="", content="")
    serving.single = ChatResponse(
        model="m",
        created_at=Time(0),
        message=message,
        done=False,
        debug_info=DebugInfo(rendered_template="<P>"),
    )
    body = post(client, _debug_render_only=True).json()
    assert body["_debug_info"] == {"rendered_template": "<P>"}
    assert body["choices"][0] == {
        "index": 0,
        "message": {"role": "", "content": ""},
        "finish_reason": None,
    }
    assert len(chunks(post(client, _debug_render_only=True, stream=True))) == 1


def native(client: TestClient, serving: FakeServing, **fields: Any) -> Any:
    """The native request that a request becomes."""
    answer = post(client, **fields)
    assert answer.status_code == 200, answer.text
    return serving.calls[-1]


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({}, {}),
        ({"temperature": 0, "top_p": 0}, {"temperature": 0.0, "top_p": 0.0}),
        ({"max_tokens": 7}, {"num_predict": 7}),
        ({"max_completion_tokens": 7}, {}),
        ({"seed": 3}, {"seed": 3}),
        ({"stop": "END"}, {"stop": ["END"]}),
        ({"stop": ["a", 1, None, "b"]}, {"stop": ["a", "b"]}),
        ({"stop": []}, {}),
        ({"stop": 5}, {}),
        ({"frequency_penalty": 0.5}, {"frequency_penalty": 0.5}),
        ({"options": {"num_ctx": 99, "temperature": 0.1}}, {"num_ctx": 99, "temperature": 0.1}),
        ({"options": {"temperature": 0.1}, "temperature": 0.2}, {"temperature": 0.2}),
    ],
)
def test_fields_become_options_and_two_have_defaults(
    client: TestClient, serving: FakeServing, fields: Any, options: dict[str, Any]
) -> None:
    expected = {"temperature": 1.0, "top_p": 1.0, **options}
    assert native(client, serving, **fields).options == expected


@pytest.mark.parametrize(
    ("fields", "think"),
    [
        ({}, None),
        ({"reasoning_effort": "none"}, False),
        ({"reasoning_effort": "minimal"}, "low"),
        ({"reasoning_effort": "medium"}, "medium"),
        ({"reasoning_effort": "xhigh"}, "max"),
        ({"reasoning": {"effort": "high"}}, "high"),
        ({"reasoning": {}, "reasoning_effort": "bogus"}, None),
    ],
)
def test_effort_becomes_thinking(
    client: TestClient, serving: FakeServing, fields: Any, think: Any
) -> None:
    assert native(client, serving, **fields).think == think


@pytest.mark.parametrize(
    ("response_format", "format"),
    [
        ({"type": " JSON_OBJECT "}, b'"json"'),
        (
            {"type": "json_schema", "json_schema": {"schema": {"b": 1, "a": 2.0}}},
            b'{"b":1,"a":2.0}',
        ),
        ({"type": "json_schema"}, None),
        ({"type": "json_schema", "json_schema": {"schema": None}}, None),
        ({"type": "xml"}, None),
    ],
)
def test_response_format_becomes_format(
    client: TestClient, serving: FakeServing, response_format: Any, format: bytes | None
) -> None:
    assert native(client, serving, response_format=response_format).format == format


def test_tools_are_reduced_to_what_a_native_tool_can_hold(
    client: TestClient, serving: FakeServing
) -> None:
    (tool,) = native(client, serving, tools=TOOLS).tools
    assert tool["function"] == {
        "name": "tide",
        "parameters": {
            "type": "object",
            "required": ["port"],
            "properties": {"port": {"type": "string"}},
        },
    }


def test_the_model_is_called_as_the_client_wrote_it(
    client: TestClient, serving: FakeServing
) -> None:
    assert post(client, model=" M ").json()["model"] == " M "


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"messages": []}, "[] is too short - 'messages'"),
        ({"messages": None, "model": ""}, "[] is too short - 'messages'"),
        ({"top_logprobs": 21}, "top_logprobs must be between 0 and 20"),
        (
            {"reasoning_effort": "HIGH"},
            'invalid reasoning value: "HIGH" (must be "minimal", "low", "medium", "high", '
            '"xhigh", "ultra", "max", or "none")',
        ),
        (
            {"max_tokens": 1.5},
            "json: cannot unmarshal number 1.5 into Go struct field "
            "ChatCompletionRequest.max_tokens of type int",
        ),
        (
            {"response_format": "json"},
            "json: cannot unmarshal string into Go struct field "
            "ChatCompletionRequest.response_format of type openai.ResponseFormat",
        ),
        (
            {"messages": "x"},
            "json: cannot unmarshal string into Go struct field "
            "ChatCompletionRequest.messages of type []openai.Message",
        ),
        (
            {"messages": [{"role": 5}]},
            "json: cannot unmarshal number into Go struct field "
            "Message.messages.role of type string",
        ),
        (
            {"messages": [{"tool_calls": [{"function": {"arguments": {}}}]}]},
            "json: cannot unmarshal object into Go struct field "
            ".messages.tool_calls.function.arguments of type string",
        ),
        (
            {"temperature": "0.5"},
            "json: cannot unmarshal string into Go struct field "
            "ChatCompletionRequest.temperature of type float64",
        ),
        ({"n": 0}, "n must be an integer between 1 and 128"),
        ({"options": 5}, "options must be an object"),
        ({"logit_bias": {"x": 1}}, "logit_bias must have token ids as keys"),
        ({"logit_bias": {"5": 101}}, "logit_bias must have values between -100 and 100"),
        ({"keep_alive": "soon"}, 'time: invalid duration "soon"'),
        ({"keep_alive": {"a": 1}}, "Unsupported type: 'map[string]interface {}'"),
        ({"keep_alive": [1]}, "Unsupported type: '[]interface {}'"),
    ],
)
def test_what_cannot_be_translated_is_refused_before_serving(
    client: TestClient, serving: FakeServing, fields: Any, message: str
) -> None:
    answer = post(client, **fields)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json() == {
        "error": {
            "message": message,
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
    }
    assert not answer.text.endswith("\n")
    assert not serving.calls


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "EOF"),
        (b" ", "EOF"),
        (b'{"model": ', "unexpected EOF"),
        (b"nope", "invalid character 'o' in literal null (expecting 'u')"),
        (
            b"[]",
            "json: cannot unmarshal array into Go value of type openai.ChatCompletionRequest",
        ),
        (b"null", "[] is too short - 'messages'"),
    ],
)
def test_bodies_that_are_no_request(client: TestClient, body: bytes, message: str) -> None:
    assert client.post(URL, content=body).json()["error"]["message"] == message


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (NotFound("model 'm' not found"), 404, "not_found_error"),
        (ServerBusy("busy"), 503, "api_error"),
        (EngineError("broken"), 500, "api_error"),
    ],
)
def test_refusals_of_serving_keep_their_status_and_words(
    client: TestClient,
    serving: FakeServing,
    error: Exception,
    status: int,
    kind: str,
    stream: bool,
) -> None:
    for where in ("refusal", "script"):
        serving.refusal = error if where == "refusal" else None
        serving.script = [error]
        answer = post(client, stream=stream)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"]["message"] == str(error)
        assert answer.json()["error"]["type"] == kind
        assert answer.text.endswith("\n")


def test_a_failure_in_mid_stream_is_told_as_the_sdk_expects(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = ["a", EngineError("broken")]
    *_, last = chunks(post(client, stream=True))
    assert last == {
        "error": {"message": "broken", "type": "api_error", "param": None, "code": None}
    }
    assert serving.closed == 1


@pytest.mark.parametrize("name", ["x:cloud", "x:20b-cloud"])
def test_cloud_models_are_refused_in_ollamas_own_form(client: TestClient, name: str) -> None:
    for messages in (HI, 5):
        answer = client.post(URL, json={"model": name, "messages": messages})
        assert answer.status_code == 403
        assert answer.json() == {"error": "ollama cloud is disabled: remote model is unavailable"}


def test_several_answers_are_drawn_with_seeds_of_their_own(
    client: TestClient, serving: FakeServing
) -> None:
    body = post(client, n=3, seed=5).json()
    assert [choice["index"] for choice in body["choices"]] == [0, 1, 2]
    assert {choice["message"]["content"] for choice in body["choices"]} == {"Hello you"}
    assert [call.options["seed"] for call in serving.calls] == [5, 6, 7]
    assert serving.closed == 3


def test_several_answers_are_streamed_side_by_side(
    client: TestClient, serving: FakeServing
) -> None:
    *found, done = chunks(post(client, n=2, stream=True, stream_options={"include_usage": True}))
    assert done == "[DONE]"
    usage = found.pop()
    assert usage["choices"] == []
    for index in range(2):
        deltas = [c["choices"][0] for c in found if c["choices"][0]["index"] == index]
        assert "".join(each["delta"].get("content", "") for each in deltas) == "Hello you"
        assert deltas[0]["delta"]["role"] == "assistant"
        assert deltas[-1]["finish_reason"] == "stop"
    assert serving.closed == 2


def test_a_refusal_of_one_of_several_closes_the_others(
    client: TestClient, serving: FakeServing, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, started = serving.chat, []

    async def second_refused(*args: Any) -> Any:
        started.append(1)
        serving.refusal = ServerBusy("busy") if len(started) == 2 else None
        return await chat(*args)

    monkeypatch.setattr(serving, "chat", second_refused)
    assert post(client, n=3).status_code == 503
    assert len(started) == 2


def test_biases_reach_the_sampler(client: TestClient, serving: FakeServing) -> None:
    post(client, logit_bias={"7": -100, "9": 1.5})
    assert serving.steerings[-1].logit_bias == {7: -100.0, 9: 1.5}


def test_messages_of_each_role_are_native_ones(client: TestClient, serving: FakeServing) -> None:
    calls = [
        {"id": "c1", "type": "function", "function": {"name": "tide", "arguments": '{"b":1,"a":2}'}}
    ]
    history = [
        {"role": "DEVELOPER", "content": "d"},
        {"role": "assistant", "content": None, "tool_calls": calls, "reasoning": "R"},
        {"role": "tool", "content": "high", "tool_call_id": "c1"},
        {"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}]},
    ]
    native_calls = [
        ToolCall(id="c1", function=ToolCallFunction(name="tide", arguments={"b": 1, "a": 2}))
    ]
    assert native(client, serving, messages=history).messages == [
        Message(role="developer", content="d"),
        Message(role="assistant", thinking="R", tool_calls=native_calls),
        Message(role="tool", content="high", tool_name="tide", tool_call_id="c1"),
        Message(role="user", content="x"),
        Message(role="user", content="y"),
    ]
    (call,) = serving.calls[-1].messages[1].tool_calls  # type: ignore[union-attr]
    assert list(call.function.arguments) == ["b", "a"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (5, "invalid message content type: float64"),
        (True, "invalid message content type: bool"),
        ({}, "invalid message content type: map[string]interface {}"),
        (None, "invalid message content type: <nil>"),
        (["a"], "invalid message format"),
        ([{"type": "text"}], "invalid message format"),
        ([{"type": "video"}], "invalid message format"),
        ([{"text": "a"}], "invalid message format"),
        ([{"type": "image_url"}], "invalid message format"),
        (
            [{"type": "image_url", "image_url": {"url": "https://a/b.png"}}],
            "image URLs are not currently supported, please use base64 encoded data instead",
        ),
        ([{"type": "image_url", "image_url": "data:image/gif;base64,AA=="}], "invalid image input"),
        ([{"type": "image_url", "image_url": "data:image/PNG;base64,AA=="}], "invalid image input"),
        ([{"type": "image_url", "image_url": "data:image/png;base64,%"}], "invalid image input"),
        ([{"type": "input_audio", "input_audio": "x"}], "invalid input_audio format"),
        ([{"type": "input_audio", "input_audio": {}}], "invalid input_audio format: missing data"),
        (
            [{"type": "input_audio", "input_audio": {"data": "A"}}],
            "invalid input_audio base64 data: illegal base64 data at input byte 0",
        ),
    ],
)
def test_contents_that_no_model_could_be_told(
    client: TestClient, content: Any, message: str
) -> None:
    answer = post(client, messages=[{"role": "user", "content": content}])
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == message


def test_images_and_recordings_become_messages_of_their_own(
    client: TestClient, serving: FakeServing
) -> None:
    parts = [
        {"type": "image_url", "image_url": {"url": "data:;base64,AAE=", "detail": "low"}},
        {"type": "image_url", "image_url": "data:image/jpeg;base64,AQ=="},
        {"type": "input_audio", "input_audio": {"data": "Ag==", "format": "wav"}},
    ]
    messages = native(client, serving, messages=[{"role": "user", "content": parts}]).messages
    assert [message.images for message in messages] == [[b"\0\1"], [b"\1"], [b"\2"]]


@pytest.mark.parametrize("arguments", ["{bad", "", "[1]", "null", "{} {}"])
def test_arguments_must_hold_an_object(client: TestClient, arguments: str) -> None:
    calls = [{"id": "c", "function": {"name": "f", "arguments": arguments}}]
    answer = post(client, messages=[{"role": "assistant", "tool_calls": calls}])
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "invalid tool call arguments"


def test_parts_keep_what_stands_beside_them(client: TestClient, serving: FakeServing) -> None:
    calls = [{"id": "c1", "function": {"name": "tide", "arguments": "{}"}}]
    history = [
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": [], "tool_calls": calls, "reasoning": "R"},
        {"role": "tool", "content": [{"type": "text", "text": "high"}], "tool_call_id": "c1"},
    ]
    user, assistant, tool = native(client, serving, messages=history).messages
    assert not user.tool_calls
    assert (assistant.thinking, len(assistant.tool_calls)) == ("R", 1)
    assert (tool.tool_name, tool.tool_call_id) == ("tide", "c1")


def test_many_answers_of_tools_find_their_calls_in_one_pass(
    client: TestClient, serving: FakeServing
) -> None:
    calls = [{"id": f"c{i}", "function": {"name": f"f{i}", "arguments": "{}"}} for i in range(4000)]
    twice = [{"id": "c0", "function": {"name": name, "arguments": "{}"}} for name in ("a", "b")]
    history = [{"role": "assistant", "tool_calls": each} for each in (calls, twice)]
    told = [{"role": "tool", "content": "t", "tool_call_id": f"c{i}"} for i in range(4000)]
    started = time.process_time()
    assert post(client, messages=[*history, *told]).status_code == 200
    assert time.process_time() - started < 3  # a search for each would take a minute
    names = [message.tool_name for message in serving.calls[-1].messages[2:]]  # type: ignore[union-attr]
    assert names == ["a", *(f"f{i}" for i in range(1, 4000))]


def test_messages_are_converted_off_the_event_loop(
    client: TestClient, serving: FakeServing, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    loops: list[int] = []
    ask = serving.chat

    def converted(*args: Any, **more: Any) -> Any:
        threads.append(threading.get_ident())
        return native_messages(*args, **more)

    async def asked(*args: Any) -> Any:
        loops.append(threading.get_ident())
        return await ask(*args)

    monkeypatch.setattr("pyollama_http.openai.chat.native_messages", converted)
    monkeypatch.setattr(serving, "chat", asked)
    assert post(client).status_code == 200
    assert len(threads) == len(loops) == 1
    assert threads != loops


def test_a_long_request_that_is_wrong_is_searched_for_its_model_off_the_event_loop(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    decode = gojson.decode

    def decoded(*args: Any) -> Any:
        threads.append(threading.current_thread().name)
        return decode(*args)

    monkeypatch.setattr(gojson, "decode", decoded)
    answer = post(client, max_tokens="x", user="u" * LONG)
    assert "ChatCompletionRequest.max_tokens" in answer.json()["error"]["message"]
    assert len(threads) == 2
    assert all(name.startswith("decoder") for name in threads)


@pytest.mark.parametrize(
    ("module", "url", "asked"),
    [
        ("chat", URL, {"messages": HI}),
        ("completions", "/v1/completions", {"prompt": "p"}),
        ("responses.endpoint", "/v1/responses", {"input": "p"}),
    ],
)
def test_an_answer_is_written_off_the_event_loop(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, module: str, url: str, asked: Any
) -> None:
    on_loop: list[bool] = []

    def line(value: Any) -> Any:
        on_loop.append(asyncio._get_running_loop() is not None)
        return responses.line(value)

    monkeypatch.setattr(f"pyollama_http.openai.{module}.responses", SimpleNamespace(line=line))
    assert client.post(url, json={"model": "m", **asked}).status_code == 200
    assert on_loop == [False]
