"""The input: what may stand in it, and the words for what may not."""

from typing import Any

import pytest
from fake_serving import FakeServing
from responses_requests import post, user
from starlette.testclient import TestClient

from pyollama.api import Message

PIXEL = "data:image/png;base64,AAEC"
TEXT = {"type": "input_text", "text": "a"}
IMAGE, OUTPUT = "input_image", "function_call_output"
NO_LIST = (
    "must be a string or array: json: cannot unmarshal %s into Go value of type []json.RawMessage"
)


def item(type: str, **fields: Any) -> dict[str, Any]:
    """An item or a part."""
    return {"type": type, **fields}


def messages(client: TestClient, serving: FakeServing, input: Any, **fields: Any) -> list[Message]:
    """The messages of the native request."""
    assert post(client, input, **fields).status_code == 200
    call: Any = serving.calls[-1]
    found: list[Message] = call.messages
    return found


def refusal(client: TestClient, input: Any) -> str:
    """Why an input is refused before a model is asked."""
    answer = post(client, input)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    error: dict[str, Any] = answer.json()["error"]
    message: str = error.pop("message")
    assert error == {"type": "invalid_request_error", "param": None, "code": None}
    return message


def test_a_text_is_a_message_of_the_user_after_the_instructions(
    client: TestClient, serving: FakeServing
) -> None:
    assert messages(client, serving, "a", instructions="be brief") == [
        Message(role="system", content="be brief"),
        Message(role="user", content="a"),
    ]


@pytest.mark.parametrize("nothing", [None, "", []])
def test_no_input_is_no_message(client: TestClient, serving: FakeServing, nothing: Any) -> None:
    assert messages(client, serving, nothing) == []


@pytest.mark.parametrize("role", ["developer", "USER", "assistant"])
def test_a_role_is_passed_on_as_it_is(client: TestClient, serving: FakeServing, role: str) -> None:
    assert messages(client, serving, [{"role": role, "content": "a"}]) == [
        Message(role=role, content="a")
    ]


def test_texts_are_put_together_and_images_collected(
    client: TestClient, serving: FakeServing
) -> None:
    parts = [
        {"type": "input_text", "text": "a"},
        {"type": "input_image", "image_url": PIXEL},
        {"type": "input_image", "file_id": "file_1"},
        {"type": "output_text", "text": "b", "annotations": [], "logprobs": None},
        {"type": "input_text"},
    ]
    message = item("message", role="user", content=parts)
    assert messages(client, serving, [message]) == [
        Message(role="user", content="ab", images=[b"\0\1\2"])
    ]


def test_a_content_of_null_is_empty(client: TestClient, serving: FakeServing) -> None:
    assert messages(client, serving, [user(None), {"role": "user"}]) == 2 * [Message(role="user")]


@pytest.mark.parametrize(
    ("input", "words"),
    [
        (5, f"input {NO_LIST % 'number'}"),
        ({}, f"input {NO_LIST % 'object'}"),
        ([{}], "input[0]: input item missing required 'type' field"),
        ([None], "input[0]: input item missing required 'type' field"),
        ([user("a"), item("x<y")], 'input[1]: unknown input item type: "x<y"'),
        ([user(5)], f"input[0]: content {NO_LIST % 'number'}"),
        ([user([TEXT, item("refusal")])], "input[0]: content[1]: unknown content type: refusal"),
        ([item(OUTPUT, output={})], f"input[0]: output {NO_LIST % 'object'}"),
        ([item(OUTPUT, output=[item("x")])], "input[0]: output[0]: unknown content type: x"),
        ([user([item("input_file", file_id="f")])], "file inputs are not currently supported"),
        (
            [user([item(IMAGE, image_url="https://x/y.png")])],
            "image URLs are not currently supported, please use base64 encoded data instead",
        ),
        ([user([item(IMAGE, image_url="data:image/gif;base64,AAEC")])], "invalid image input"),
        (
            [item("function_call", name="f", arguments="{bad")],
            "failed to parse function call arguments: "
            "invalid character 'b' looking for beginning of object key string",
        ),
    ],
)
def test_what_cannot_be_told_to_a_model_is_refused(
    client: TestClient, input: Any, words: str
) -> None:
    assert refusal(client, input) == words


@pytest.mark.parametrize(
    ("input", "beginning"),
    [
        (["a"], "input[0]: json: cannot unmarshal string"),
        ([user([5])], "input[0]: content[0]: json: cannot unmarshal number"),
        (
            [user([item(IMAGE, image_url={"url": PIXEL})])],
            "input[0]: content[0]: json: cannot unmarshal object",
        ),
        ([item("function_call", arguments={})], "input[0]: json: cannot unmarshal object into Go"),
    ],
)
def test_a_wrong_type_is_told_with_its_place(
    client: TestClient, input: Any, beginning: str
) -> None:
    assert refusal(client, input).startswith(beginning)


def test_a_wrong_input_wins_over_a_model_that_is_not_there(client: TestClient) -> None:
    assert client.post("/v1/responses", json={"input": 5}).status_code == 400


def test_nesting_without_end_is_refused(client: TestClient) -> None:
    deep = '{"type":"namespace","name":"n","tools":[' * 60 + "]}" * 60
    answer = client.post("/v1/responses", content=f'{{"model":"m","input":"a","tools":[{deep}]}}')
    assert (answer.status_code, "too deeply" in answer.text) == (400, True)
    schema = '{"a":' * 3000 + "1" + "}" * 3000
    tool = f'{{"type":"function","name":"f","parameters":{schema}}}'
    answer = client.post("/v1/responses", content=f'{{"model":"m","tools":[{tool}]}}')
    assert (answer.status_code, "too deeply" in answer.text) == (400, True)
    other = f'{{"type":"x","parameters":{schema}}}'
    answer = client.post("/v1/responses", content=f'{{"model":"m","tools":[{other}]}}')
    assert (answer.status_code, "too deeply" in answer.text) == (400, True)
