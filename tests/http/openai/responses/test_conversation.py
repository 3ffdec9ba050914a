"""Items of calls, results and thoughts as messages."""

from typing import Any

from fake_serving import FakeServing
from responses_requests import called, post, user
from starlette.testclient import TestClient

from pyollama.api import Message


def call(id: str, arguments: str = '{"port":"Brest"}') -> dict[str, Any]:
    return {"type": "function_call", "call_id": id, "name": "tide", "arguments": arguments}


def output(id: str, text: Any = "low") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": id, "output": text}


def thought(text: str) -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": "no matter"}]
    return {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": text}


def said(text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "role": "assistant", "status": "completed", "content": content}


def messages(client: TestClient, serving: FakeServing, *items: Any) -> list[Message]:
    """The messages of the native request after the user's."""
    assert post(client, [user("q"), *items]).status_code == 200
    native: Any = serving.calls[-1]
    found: list[Message] = native.messages
    first, *others = found
    assert first == Message(role="user", content="q")
    return others


def test_thoughts_and_calls_are_one_message_and_results_follow(
    client: TestClient, serving: FakeServing
) -> None:
    items = [thought("T"), call("1"), call("2", ""), output("1"), output("2", None)]
    assert messages(client, serving, *items) == [
        Message(
            role="assistant",
            thinking="T",
            tool_calls=[called(id="1", port="Brest"), called(id="2")],
        ),
        Message(role="tool", content="low", tool_call_id="1"),
        Message(role="tool", tool_call_id="2"),
    ]


def test_a_result_in_parts_is_put_together(client: TestClient, serving: FakeServing) -> None:
    image = {"type": "input_image", "image_url": "data:;base64,AAEC"}
    parts = [{"type": "input_text", "text": "lo"}, image, {"type": "input_text", "text": "w"}]
    *_, told = messages(client, serving, call("1"), output("1", parts))
    assert told == Message(role="tool", content="low", images=[b"\0\1\2"], tool_call_id="1")


def test_a_call_joins_what_the_model_said_before_it(
    client: TestClient, serving: FakeServing
) -> None:
    assert messages(client, serving, said("Let me see."), call("1"), output("1"))[0] == Message(
        role="assistant", content="Let me see.", tool_calls=[called(id="1", port="Brest")]
    )


def test_what_was_said_between_a_call_and_its_result_joins_the_call(
    client: TestClient, serving: FakeServing
) -> None:
    found = messages(client, serving, call("1"), said("Wait."), said("Yes."), output("1"))
    assert [(m.role, m.content, len(m.tool_calls)) for m in found] == [
        ("assistant", "Wait.\nYes.", 1),
        ("tool", "low", 0),
    ]


def test_what_was_said_before_the_result_of_another_call_stands_alone(
    client: TestClient, serving: FakeServing
) -> None:
    found = messages(client, serving, call("1"), said("Wait."), output("2"))
    assert [(m.role, m.content) for m in found] == [
        ("assistant", ""),
        ("assistant", "Wait."),
        ("tool", "low"),
    ]


def test_what_was_said_after_the_result_or_before_a_question_stands_alone(
    client: TestClient, serving: FakeServing
) -> None:
    items = [call("1"), output("1"), said("Low."), user("And?"), output("1")]
    found = messages(client, serving, *items)
    assert [m.role for m in found] == ["assistant", "tool", "assistant", "user", "tool"]
    found = messages(client, serving, call("1"), said("Hm."), user("And?"), output("1"))
    assert [m.role for m in found] == ["assistant", "assistant", "user", "tool"]


def test_of_thoughts_in_a_row_the_last_count(client: TestClient, serving: FakeServing) -> None:
    (message,) = messages(client, serving, thought("a"), thought("b"), said("c"))
    assert (message.thinking, message.content) == ("b", "c")


def test_thoughts_at_the_end_are_a_message(client: TestClient, serving: FakeServing) -> None:
    found = messages(client, serving, thought("T"), user("?"))
    assert found == [Message(role="user", content="?"), Message(role="assistant", thinking="T")]


def test_searches_of_the_past_are_passed_over(client: TestClient, serving: FakeServing) -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": None}
    assert messages(client, serving, search, said("a")) == [Message(role="assistant", content="a")]
