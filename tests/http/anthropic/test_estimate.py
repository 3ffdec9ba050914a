"""How many tokens a stream says at its start that the prompt may have."""

import json
from typing import Any

import pytest
from anthropic_requests import IMAGE, URL, ask, events
from starlette.testclient import TestClient

USE = {"type": "tool_use", "id": "t", "name": "n", "input": {"k": 1}}  # 55 bytes as compact JSON
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "<"}]}
RESULT_TEXT = (
    r'{"type":"tool_result","tool_use_id":"t","content":[{"text":"\u003c","type":"text"}]}'
)
ERROR_TEXT = '{"type":"tool_result","tool_use_id":"t","content":"","is_error":true}'


def estimate(answer: Any) -> int:
    """The tokens of the first event."""
    n: int = events(answer)[0][1]["message"]["usage"]["input_tokens"]
    return n


def asked(client: TestClient, *contents: Any, role: str = "abcd", **fields: Any) -> int:
    """The estimate for messages of a role of four bytes."""
    messages = [{"role": role, "content": content} for content in contents]
    return estimate(ask(client, messages=messages, stream=True, **fields))


def test_the_example_of_a_system_text_a_letter_of_two_bytes_and_a_call(client: TestClient) -> None:
    messages = [{"role": "user", "content": "é"}, {"role": "assistant", "content": [USE]}]
    assert estimate(ask(client, messages=messages, system="abcd", stream=True)) == 18


@pytest.mark.parametrize(
    ("content", "n_byte"),
    [
        ("", 0),
        ("x" * 39, 39),
        ([{"type": "text", "text": "x" * 20}, {"type": "thinking", "thinking": "y" * 20}], 40),
        ([{"type": "image", "source": IMAGE}], 0),
        ([RESULT], len(RESULT_TEXT)),
        ([{**RESULT, "is_error": True, "content": ""}], len(ERROR_TEXT)),
    ],
)
def test_a_fourth_of_the_bytes_of_roles_and_blocks(
    client: TestClient, content: Any, n_byte: int
) -> None:
    assert asked(client, content) == (4 + n_byte) // 4


@pytest.mark.parametrize(
    ("system", "n_byte"),
    [
        ("x" * 20, 20),
        ([{"type": "text", "text": "x" * 20}, {"type": "image"}, 5], 20),
        ([USE], 55),
        ({"a": "<"}, len(r'{"a":"\u003c"}')),
        (None, 0),
    ],
)
def test_what_the_model_is_told_first_counts_whatever_it_is(
    client: TestClient, system: Any, n_byte: int
) -> None:
    assert asked(client, "", system=system) == (4 + n_byte) // 4


def test_blanks_of_a_schema_count(client: TestClient) -> None:
    schema = '{ "type" :  "object" }'
    body = json.dumps({"model": "m", "max_tokens": 1, "stream": True, "messages": [], "tools": []})
    body = body.replace('"messages": []', '"messages":[{"role":"user","content":"é"}]')
    tool = f'{{ "name":"ab", "description":"cd" , "input_schema": {schema} }}'
    body = body.replace('"tools": []', f'"tools": [ {tool} , {{"name":"e"}} ]')
    n_byte = 4 + 2 + 2 + 2 + len(schema) + 1
    assert estimate(client.post(URL, content=body.encode())) == n_byte // 4


def test_what_is_nested_without_end_does_not_count(client: TestClient) -> None:
    deep = '{"a":' * 3000 + "1" + "}" * 3000
    body = f'{{"model":"m","max_tokens":1,"stream":true,"system":{deep},'
    body += '"messages":[{"role":"user","content":"four"}]}'
    assert estimate(client.post(URL, content=body.encode())) == 2


def test_nothing_is_one_token(client: TestClient) -> None:
    assert asked(client, "", role="") == 1
