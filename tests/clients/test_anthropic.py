"""Anthropic's Python package: messages, streams, tools, thoughts."""

import json

import pytest
from clients import Seen, run_python
from stocked_server import Ollama

pytestmark = [pytest.mark.client, pytest.mark.slow]
CALL = ["tool_use", {"city": "Paris"}]


@pytest.fixture(scope="module")
def seen(ollama: Ollama) -> Seen:
    return run_python("anthropic", "use_anthropic.py", ollama.url)


def test_a_message_has_text_usage_and_a_reason(seen: Seen) -> None:
    told = seen["message"]
    ((kind, text),) = told["blocks"]
    assert (kind, told["reason"]) == ("text", "end_turn")
    assert "light" in text
    assert all(count > 0 for count in told["usage"])
    assert seen["message_awaited"] == told


@pytest.mark.parametrize("call", ["message_streamed", "message_streamed_awaited"])
def test_a_streamed_message_is_the_same(seen: Seen, call: str) -> None:
    pieces, final = seen[call]
    assert len(pieces) > 5
    assert final == seen["message"]
    assert final["blocks"] == [["text", "".join(pieces)]]


def test_the_events_are_those_of_one_block(seen: Seen) -> None:
    first, second, *deltas, stop, changed, last = seen["raw_events"]
    assert (first, second) == ("message_start", "content_block_start")
    assert set(deltas) == {"content_block_delta"}
    assert (stop, changed, last) == ("content_block_stop", "message_delta", "message_stop")


def test_a_limit_is_the_reason(seen: Seen) -> None:
    assert (seen["limited"]["reason"], seen["limited"]["usage"][1]) == ("max_tokens", 3)


def test_a_tool_is_called_and_told_of(seen: Seen) -> None:
    called, told = seen["tool_loop"]
    assert (called["blocks"], called["reason"]) == ([CALL], "tool_use")
    assert "18" in told["blocks"][0][1]


def test_thoughts_and_a_call_are_blocks_of_a_stream(seen: Seen) -> None:
    events, final = seen["thinking_and_a_tool_streamed"]
    (kind, thoughts), call = final["blocks"]
    assert (kind, call) == ("thinking", CALL)
    assert thoughts
    assert {"thinking", "input_json"} <= set(events)


def test_a_choice_of_tools_is_obeyed(seen: Seen) -> None:
    *forced, free = seen["choices"]
    assert [each["reason"] for each in forced] == ["tool_use"] * 2
    assert [block[0] for block in free["blocks"]] == ["text"]


def test_a_search_is_unavailable(seen: Seen) -> None:
    for told in seen["search"]:
        (use, query), result = told["blocks"]
        assert (use, list(query)) == ("server_tool_use", ["query"])
        assert result == ["web_search_tool_result", "unavailable"]
        assert told["reason"] == "end_turn"


def test_an_answer_keeps_to_a_schema(seen: Seen) -> None:
    ((kind, text),) = seen["within_a_schema"]["blocks"]
    assert kind == "text"
    assert json.loads(text)["color"] in ("red", "green", "blue")


def test_tokens_are_counted_as_they_will_be(seen: Seen) -> None:
    count, used = seen["counted"]
    assert count == used > 0


def test_mistakes_are_exceptions(seen: Seen) -> None:
    missing, streamed, unlimited, mute = seen["mistakes"]
    assert missing == streamed == ["NotFoundError", "not_found_error", "model 'nobody' not found"]
    assert unlimited[:2] == mute[:2] == ["BadRequestError", "invalid_request_error"]
