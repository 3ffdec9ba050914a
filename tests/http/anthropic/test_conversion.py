"""Messages of blocks as the native chat has them."""

import json
from typing import Any

import pytest
from anthropic_requests import HI, IMAGE, ask
from fake_serving import FakeServing
from starlette.testclient import TestClient

from pyollama.api import Message, ToolCall, ToolCallFunction
from pyollama_http.anthropic.conversion import native_messages
from pyollama_http.anthropic.types import MessagesRequest
from pyollama_http.gojson import decode
from pyollama_http.translating import Untranslatable

USE = {"type": "tool_use", "id": "t1", "name": "tide", "input": {"z": 1, "a": 2}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "high"}


def natives(*messages: Any, system: Any = None) -> list[Message]:
    """What messages become."""
    call = decode(MessagesRequest, json.dumps({"messages": messages, "system": system}).encode())
    return native_messages(call.system, call.messages)


def of_blocks(*blocks: Any, role: str = "user") -> list[Message]:
    """What one message becomes."""
    return natives({"role": role, "content": list(blocks)})


def text(value: str) -> dict[str, str]:
    """A block of text."""
    return {"type": "text", "text": value}


def test_texts_are_joined_and_the_role_is_in_small_letters() -> None:
    assert of_blocks(text("a "), text("b"), role="USER") == [Message(role="user", content="a b")]


@pytest.mark.parametrize(
    ("system", "content"),
    [
        ("be <brief>", "be <brief>"),
        ([text("a"), {"type": "image"}, {"TYPE": "text", "text": "x"}, text("b"), "c"], "ab"),
        ([], None),
        ("", None),
        ({"type": "text", "text": "x"}, None),
        (5, None),
    ],
)
def test_what_the_model_is_told_first_is_a_message(system: Any, content: str | None) -> None:
    first = [] if content is None else [Message(role="system", content=content)]
    assert natives(*HI, system=system) == [*first, Message(role="user", content="hi")]


@pytest.mark.parametrize("content", ["", [], None, [{"type": "redacted_thinking"}], [None]])
def test_a_message_of_nothing_is_none(content: Any) -> None:
    assert natives({"role": "user", "content": content}) == []


def test_what_tools_gave_stands_before_what_the_user_says() -> None:
    told = Message(role="tool", content="high", tool_call_id="t1")
    said = Message(role="user", content="ab")
    assert of_blocks(text("a"), RESULT, text("b")) == [told, said]
    said.role = "assistant"
    assert of_blocks(text("a"), RESULT, text("b"), role="assistant") == [said, told]


@pytest.mark.parametrize(
    ("content", "said", "images"),
    [
        ([text("a"), {"type": "image", "source": IMAGE}, text("b"), 5], "ab", [b"hi"]),
        ({"type": "text"}, "", []),
        (None, "", []),
    ],
)
def test_a_result_is_text_and_images(content: Any, said: str, images: list[bytes]) -> None:
    (message,) = of_blocks({**RESULT, "content": content, "is_error": True})
    assert (message.role, message.content, message.images) == ("tool", said, images)


def test_thoughts_and_calls_are_part_of_the_message() -> None:
    (message,) = of_blocks(
        {"type": "thinking", "thinking": "first", "signature": "s"},
        {"type": "thinking", "thinking": "last", "signature": None},
        {"type": "thinking"},
        USE,
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}},
        {"type": "tool_use", "id": "t2", "name": "now"},
        role="assistant",
    )
    assert message.thinking == "last"
    assert [list(call.function.arguments) for call in message.tool_calls] == [
        ["z", "a"],
        ["query"],
        [],
    ]
    assert message.tool_calls[0] == ToolCall(
        id="t1", function=ToolCallFunction(name="tide", arguments={"z": 1, "a": 2})
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            [
                {"type": "web_search_result", "title": "A", "url": "http://a", "page_age": None},
                {"type": "other"},
                {"type": "web_search_result", "title": "B", "url": "http://b"},
            ],
            "- A: http://a\n- B: http://b\n",
        ),
        ("plain", "plain"),
        (
            {"type": "web_search_tool_result_error", "error_code": "unavailable"},
            "web_search_tool_result_error: unavailable",
        ),
        (None, ""),
    ],
)
def test_what_a_search_found_is_a_message_of_a_tool(content: Any, told: str) -> None:
    block = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": content}
    assert of_blocks(block) == [Message(role="tool", content=told, tool_call_id="s1")]


def test_an_image_is_its_bytes() -> None:
    assert of_blocks({"type": "image", "source": IMAGE}) == [Message(role="user", images=[b"hi"])]


@pytest.mark.parametrize(
    ("block", "error"),
    [
        ({"type": "image"}, "invalid image source"),
        (
            {"type": "image", "source": {"type": "url", "url": "http://x"}},
            "invalid image source type: url. Only base64 images are supported.",
        ),
        (
            {"type": "image", "source": {**IMAGE, "data": "a%"}},
            "invalid base64 image data: illegal base64 data at input byte 1",
        ),
        ({"type": "tool_use", "name": "n"}, "tool_use block missing required 'id' field"),
        ({"type": "tool_use", "id": "i"}, "tool_use block missing required 'name' field"),
        ({**RESULT, "content": [{"type": "image"}]}, "invalid tool_result image source"),
        (
            {**RESULT, "content": [{"type": "image", "source": {"type": "file"}}]},
            "invalid image source type: file. Only base64 images are supported.",
        ),
    ],
)
def test_what_lacks_something_is_refused(block: Any, error: str) -> None:
    with pytest.raises(Untranslatable) as refused:
        of_blocks(block)
    assert str(refused.value) == error


def test_an_answer_of_the_server_can_be_passed_back(
    client: TestClient, serving: FakeServing
) -> None:
    body = ask(client).json()
    again = [*HI, {"role": body["role"], "content": body["content"]}, *HI]
    assert ask(client, messages=again).status_code == 200
    assert serving.calls[-1].messages[1].content == "Hello you"  # type: ignore[union-attr]
