"""Answers of one object."""

from fake_serving import FakeServing
from responses_requests import FUNCTION, called, post, said
from starlette.testclient import TestClient

MEMBERS = (
    "id object created_at completed_at status incomplete_details model previous_response_id "
    "instructions output error tools tool_choice truncation parallel_tool_calls text top_p "
    "presence_penalty frequency_penalty top_logprobs temperature reasoning usage "
    "max_output_tokens max_tool_calls store background service_tier metadata safety_identifier "
    "prompt_cache_key"
)


def test_an_answer_has_all_members_in_their_order(client: TestClient, serving: FakeServing) -> None:
    serving.prompt_eval_count = 14
    answer = post(client)
    body = answer.json()
    assert answer.text.endswith("}\n")
    assert answer.headers["content-type"] == "application/json"
    assert list(body) == MEMBERS.split()
    assert body["id"].startswith("resp_")
    assert body["completed_at"] > body["created_at"] == 0
    (item,) = body["output"]
    assert list(item) == ["id", "type", "status", "role", "content"]
    assert item.pop("id").startswith("msg_")
    assert item == {
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [
            {"type": "output_text", "text": "Hello you", "annotations": [], "logprobs": []}
        ],
    }
    assert body["usage"] == {
        "input_tokens": 14,
        "output_tokens": 2,
        "total_tokens": 16,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }


def test_nothing_said_is_an_empty_message_and_a_limit_is_no_matter(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = []
    serving.done_reason = "length"
    body = post(client).json()
    assert [item["content"][0]["text"] for item in body["output"]] == [""]
    assert (body["status"], body["incomplete_details"]) == ("completed", None)


def test_thoughts_text_and_calls_are_items_in_this_order(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script = [said("A.", "T"), said("", "", called(port="<B>"), called(id="call_2"))]
    body = post(client, tools=[FUNCTION]).json()
    digits = body["id"].removeprefix("resp_")
    reasoning, message, *calls = body["output"]
    assert reasoning == {
        "id": f"rs_resp_{digits}",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "T"}],
        "encrypted_content": "T",
    }
    assert message["content"][0]["text"] == "A."
    assert calls == [
        {
            "id": f"fc_resp_{digits}_{index}",
            "type": "function_call",
            "status": "completed",
            "call_id": f"call_{index + 1}",
            "name": "tide",
            "arguments": arguments,
        }
        for index, arguments in enumerate(['{"port":"\\u003cB\\u003e"}', "{}"])
    ]


def test_ollama_drops_the_text_beside_calls(strict: TestClient, serving: FakeServing) -> None:
    serving.script = [said("A.", "T"), said("", "", called())]
    body = post(strict, tools=[FUNCTION]).json()
    assert [item["type"] for item in body["output"]] == ["reasoning", "function_call"]


def test_calls_without_text_have_no_message(client: TestClient, serving: FakeServing) -> None:
    serving.script = [said("", "", called())]
    body = post(client, tools=[FUNCTION]).json()
    assert [item["type"] for item in body["output"]] == ["function_call"]
