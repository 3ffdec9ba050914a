"""OpenAI's Python package: chats, streams, tools, thoughts, structured output."""

import json

import pytest
from clients import Seen, run_python
from stocked_server import Ollama

pytestmark = [pytest.mark.client, pytest.mark.slow]
CALL = ["get_weather", '{"city":"Paris"}']


@pytest.fixture(scope="module")
def seen(ollama: Ollama) -> Seen:
    return run_python("openai", "use_openai_chat.py", ollama.url)


def test_a_chat_has_content_usage_and_a_reason(seen: Seen) -> None:
    told = seen["chat"]
    assert "light" in told["content"]
    assert (told["reason"], told["calls"], told["reasoning"]) == ("stop", [], None)
    assert all(count > 0 for count in told["usage"])
    assert seen["chat_awaited"] == told


@pytest.mark.parametrize("call", ["chat_streamed", "chat_streamed_awaited"])
def test_a_streamed_chat_is_the_same(seen: Seen, call: str) -> None:
    told, whole = seen[call], seen["chat"]
    assert len(told["pieces"]) > 5
    assert "".join(told["pieces"]) == whole["content"]
    assert (told["reasons"], told["roles"], told["ids"]) == (["stop"], ["assistant"], 1)


@pytest.mark.parametrize("call", ["chat_streamed", "chat_streamed_awaited"])
def test_usage_is_in_a_last_chunk_without_choices(seen: Seen, call: str) -> None:
    assert (seen[call]["last"], seen[call]["usages"]) == (0, [seen["chat"]["usage"]])


def test_the_stream_helper_gives_a_call_with_its_thoughts(seen: Seen) -> None:
    kinds, final, arguments = seen["helper"]
    assert (final["calls"], final["reason"]) == ([CALL], "tool_calls")
    assert arguments == {"city": "Paris"}
    assert final["reasoning"]
    assert kinds.count("tool_calls.function.arguments.done") == 1
    assert all(count > 0 for count in final["usage"])


def test_the_awaited_stream_helper_gives_the_same_chat(seen: Seen) -> None:
    pieces, final = seen["helper_awaited"]
    assert "".join(pieces) == final["content"]
    assert final == seen["chat"]


def test_thoughts_are_apart_and_can_be_turned_off(seen: Seen) -> None:
    whole, streamed, silent = seen["thoughts"]
    assert whole["reasoning"] == streamed
    assert whole["reasoning"].strip()
    assert whole["content"]
    assert "think>" not in whole["content"] + whole["reasoning"] + silent["content"]
    assert silent["reasoning"] is None


def test_structured_output_is_an_instance(seen: Seen) -> None:
    for liking in [*seen["structured"], seen["structured_awaited"]]:
        assert liking["color"] in ("red", "green", "blue")
        assert 1 <= liking["count"] <= 9


def test_json_mode_gives_an_object(seen: Seen) -> None:
    assert list(json.loads(seen["json_object"])) == ["friends"]


def test_a_tool_is_called_and_told_of(seen: Seen) -> None:
    called, told = seen["tool_loop"]
    assert (called["calls"], called["reason"]) == ([CALL], "tool_calls")
    assert (told["calls"], told["reason"]) == ([], "stop")
    assert "18" in told["content"]


def test_a_choice_of_tools_is_obeyed(seen: Seen) -> None:
    *forced, free = seen["choices"]
    assert [told["calls"][0][0] for told in forced] == ["get_weather"] * 2
    assert [told["reason"] for told in forced] == ["tool_calls"] * 2
    assert (free["calls"], free["reason"]) == ([], "stop")


def test_several_answers_differ(seen: Seen) -> None:
    (first, one), (second, other) = seen["several"]
    assert (first, second) == (0, 1)
    assert one != other


def test_the_tokens_of_log_probabilities_are_the_content(seen: Seen) -> None:
    content, tokens, alternatives = seen["log_probabilities"]
    assert "".join(tokens) == content
    assert alternatives == 2


def test_a_bias_and_options_change_the_answer(seen: Seen) -> None:
    usual, other, short = seen["steered"]
    assert other
    assert other[:3] != usual[:3]
    assert (short["reason"], short["usage"][1]) == ("length", 2)


def test_parts_and_a_developer_are_understood(seen: Seen) -> None:
    assert "light" in seen["parts"]["content"]


def test_the_raw_answer_can_be_had(seen: Seen) -> None:
    kind, told, kind_streamed, last = seen["raw"]
    assert (kind, kind_streamed) == ("application/json", "text/event-stream")
    assert told == seen["chat"]
    assert last == "data: [DONE]"


def test_a_stream_that_is_left_frees_its_model(seen: Seen) -> None:
    assert seen["left"] == [["The", " <b>", "kettle"], "length"]
