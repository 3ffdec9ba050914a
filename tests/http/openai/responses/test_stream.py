"""Streams: which events come, in which order, and what their items say."""

from typing import Any

import pytest
from fake_serving import FakeServing
from responses_requests import FUNCTION, called, events, kinds, post, said
from starlette.testclient import TestClient

from pyollama.api import ChatResponse, Time
from pyollama.errors import EngineError

ITEM, TEXT, ARGUMENTS = "output_item", "output_text", "function_call_arguments"
SUMMARY = "reasoning_summary"
BEGUN = ["created", "in_progress"]
SAID = [f"{ITEM}.added", "content_part.added", f"{TEXT}.delta"]
SAID_ALL = [*SAID, f"{TEXT}.done", "content_part.done", f"{ITEM}.done"]
THOUGHT = [f"{ITEM}.added", f"{SUMMARY}_part.added", f"{SUMMARY}_text.delta"]
THOUGHT_ALL = [*THOUGHT, f"{SUMMARY}_text.done", f"{SUMMARY}_part.done", f"{ITEM}.done"]
CALLED = [f"{ITEM}.added", f"{ARGUMENTS}.delta", f"{ARGUMENTS}.done", f"{ITEM}.done"]


def stream(client: TestClient, **fields: Any) -> Any:
    answer = post(client, stream=True, tools=[FUNCTION], **fields)
    assert answer.status_code == 200
    return answer


def completed(answer: Any) -> dict[str, Any]:
    """The response of the last event."""
    last = events(answer)[-1]
    assert last["type"] == "response.completed"
    response: dict[str, Any] = last["response"]
    return response


def indices(answer: Any) -> list[int]:
    """The place in the output of each item that begins."""
    return [e["output_index"] for e in events(answer) if e["type"].endswith("item.added")]


def check_places(answer: Any) -> None:
    """Every item is at its place, begun once and completed there as it stands in the output."""
    items = completed(answer)["output"]
    assert indices(answer) == list(range(len(items)))
    done = {e["output_index"]: e["item"] for e in events(answer) if e["type"].endswith("item.done")}
    assert [done[index] for index in range(len(items))] == items
    for event in events(answer):
        if "item_id" in event:
            assert items[event["output_index"]]["id"] == event["item_id"]


def test_a_text_is_one_message(client: TestClient, serving: FakeServing) -> None:
    serving.script = ["Low", " tide"]
    serving.prompt_eval_count = 14
    answer = stream(client)
    assert answer.headers["content-type"] == "text/event-stream"
    assert (answer.headers["cache-control"], answer.headers["connection"]) == (
        "no-cache",
        "keep-alive",
    )
    assert kinds(answer) == [
        *BEGUN,
        *SAID,
        f"{TEXT}.delta",
        f"{TEXT}.done",
        "content_part.done",
        f"{ITEM}.done",
        "completed",
    ]
    check_places(answer)
    response = completed(answer)
    assert response["output"][0]["content"][0]["text"] == "Low tide"
    assert response["usage"]["total_tokens"] == 16
    first = events(answer)[0]["response"]
    assert (first["status"], first["output"], first["usage"], first["completed_at"]) == (
        "in_progress",
        [],
        None,
        None,
    )


def test_the_keys_of_all_objects_are_sorted(client: TestClient, serving: FakeServing) -> None:
    serving.script = [said("A", "T"), said("", "", called())]

    def check(value: Any) -> None:
        if isinstance(value, dict):
            assert list(value) == sorted(value)
            value = list(value.values())
        if isinstance(value, list):
            for each in value:
                check(each)

    answer = stream(client)
    check(events(answer))
    message = events(answer)[8]
    assert message["type"] == "response.output_item.added"
    assert (
        '{"content_index":0,"item_id":"' + message["item"]["id"] + '","output_index":1,"part":'
        '{"annotations":[],"logprobs":[],"text":"","type":"output_text"},"sequence_number":9,'
        '"type":"response.content_part.added"}'
    ) in answer.text


def test_thoughts_are_completed_before_the_text(client: TestClient, serving: FakeServing) -> None:
    serving.script = [said("", "T"), "A"]
    answer = stream(client)
    assert kinds(answer) == [*BEGUN, *THOUGHT_ALL, *SAID_ALL, "completed"]
    check_places(answer)
    done = events(answer)[7]
    assert done["item"] == {
        "encrypted_content": "T",
        "id": done["item"]["id"],
        "summary": [{"text": "T", "type": "summary_text"}],
        "type": "reasoning",
    }


def test_thoughts_are_a_part_of_their_item(client: TestClient, serving: FakeServing) -> None:
    serving.script = [said("", "T"), said("", "U")]
    answer = stream(client)
    parts = [event for event in events(answer) if "summary_part" in event["type"]]
    assert [each["part"] for each in parts] == [
        {"text": "", "type": "summary_text"},
        {"text": "TU", "type": "summary_text"},
    ]
    assert [(each["output_index"], each["summary_index"]) for each in parts] == [(0, 0)] * 2
    check_places(answer)


def test_in_ollama_thoughts_are_no_part_of_their_item(
    strict: TestClient, serving: FakeServing
) -> None:
    serving.script = [said("", "T")]
    text = [f"{SUMMARY}_text.delta", f"{SUMMARY}_text.done"]
    assert kinds(stream(strict)) == [*BEGUN, f"{ITEM}.added", *text, f"{ITEM}.done", "completed"]


def test_thoughts_alone_have_no_message(client: TestClient, serving: FakeServing) -> None:
    serving.script = [said("", "T")]
    answer = stream(client)
    assert kinds(answer) == [*BEGUN, *THOUGHT_ALL, "completed"]
    check_places(answer)


def test_calls_are_items_of_their_own(client: TestClient, serving: FakeServing) -> None:
    serving.script = [said("", "T"), said("", "", called(port="Brest"), called(id="call_2"))]
    answer = stream(client)
    assert kinds(answer) == [*BEGUN, *THOUGHT_ALL, *CALLED, *CALLED, "completed"]
    check_places(answer)
    added, delta, done, complete = events(answer)[8:12]
    assert (added["item"]["arguments"], added["item"]["status"]) == ("", "in_progress")
    assert delta["delta"] == done["arguments"] == complete["item"]["arguments"]
    assert complete["item"]["arguments"] == '{"port":"Brest"}'
    assert complete["item"]["id"].endswith("_0")


def test_a_message_is_completed_before_calls(client: TestClient, serving: FakeServing) -> None:
    serving.script = ["A", said("", "", called())]
    answer = stream(client)
    assert kinds(answer) == [*BEGUN, *SAID_ALL, *CALLED, "completed"]
    check_places(answer)


def test_text_and_calls_in_one_event_are_both_told(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = [said("A", "", called())]
    answer = stream(client)
    assert kinds(answer) == [*BEGUN, *SAID_ALL, *CALLED, "completed"]


def test_thinking_may_go_on_after_text(client: TestClient, serving: FakeServing) -> None:
    serving.script = ["A", said("", "T"), "B"]
    answer = stream(client)
    assert kinds(answer) == [*BEGUN, *SAID_ALL, *THOUGHT_ALL, *SAID_ALL, "completed"]
    check_places(answer)


def test_in_ollama_calls_take_the_place_of_the_text(
    strict: TestClient, serving: FakeServing
) -> None:
    serving.script = ["A", said("", "", called())]
    answer = stream(strict)
    assert kinds(answer) == [*BEGUN, *SAID, *CALLED, "completed"]
    assert indices(answer) == [0, 0]
    items = completed(answer)["output"]
    assert [item["type"] for item in items] == ["function_call", "message"]


def test_in_ollama_thoughts_take_the_place_of_the_text(
    strict: TestClient, serving: FakeServing
) -> None:
    serving.script = ["A", said("", "T")]
    assert indices(stream(strict)) == [0, 0]


@pytest.mark.parametrize("mode", ["client", "strict"])
def test_text_after_a_call_is_dropped(
    mode: str, serving: FakeServing, request: pytest.FixtureRequest
) -> None:
    serving.script = [said("", "", called()), "A"]
    answer = stream(request.getfixturevalue(mode))
    assert kinds(answer) == [*BEGUN, *CALLED, "completed"]


def test_no_output_is_an_empty_list_and_null_in_ollama(
    client: TestClient, strict: TestClient, serving: FakeServing
) -> None:
    serving.script = []
    assert kinds(stream(client)) == [*BEGUN, "completed"]
    assert completed(stream(client))["output"] == []
    assert completed(stream(strict))["output"] is None


def test_a_failure_before_the_first_event_has_a_status(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = [EngineError("broken")]
    answer = post(client, stream=True)
    assert answer.status_code == 500
    assert answer.json()["error"]["message"] == "broken"
    assert serving.closed == 1


def test_a_failure_in_mid_stream_is_told(client: TestClient, serving: FakeServing) -> None:
    serving.script = ["A", EngineError("broken")]
    answer = stream(client)
    assert kinds(answer) == [*BEGUN, *SAID, "failed"]
    response = events(answer)[-1]["response"]
    assert response.pop("id") == events(answer)[0]["response"]["id"]
    assert response == {
        "error": {"code": "api_error", "message": "broken"},
        "model": "m",
        "object": "response",
        "output": [],
        "status": "failed",
        "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
    }


def test_in_ollama_a_failure_in_mid_stream_is_silence(
    strict: TestClient, serving: FakeServing
) -> None:
    serving.script = ["A", EngineError("broken")]
    assert kinds(stream(strict)) == [*BEGUN, *SAID]


def test_events_that_just_stop_are_completed(
    client: TestClient, strict: TestClient, serving: FakeServing
) -> None:
    serving.single = ChatResponse(model="m", created_at=Time(0), message=said("A"), done=False)
    assert kinds(stream(client)) == [*BEGUN, *SAID_ALL, "completed"]
    assert kinds(stream(strict)) == [*BEGUN, *SAID]
