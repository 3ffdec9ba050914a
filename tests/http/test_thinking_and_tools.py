"""Models whose file has a chat template with thinking or tools, asked over HTTP.

They are chain models: whatever they are asked, they say one text, with the marks that a real model
would write around its thinking and its tool calls.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import served
from starlette.testclient import TestClient

from pyollama.settings import Settings
from pyollama.store import Store
from pyollama_conformance.chain_model import chain_model
from pyollama_http.app import create_app

TEMPLATE = """\
{% if tools %}{{ tools | tojson }}
{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}{% for c in m.tool_calls or [] %}<tool_call>{{ c.function | tojson }}</tool_call>\
{% endfor %}<|im_end|>
{% endfor %}<|im_start|>assistant
{{ "" if enable_thinking else "quickly" }}"""
THINKS = ("<think>", "so blue\n", "</think>", "The sky", " is")
CALLS = (
    "I look.", "<tool_call>", '{"name": "tide", ', '"arguments": {"port": "Brest", ', '"a": 1}}',
    "</tool_call>",
)  # fmt: skip
TOOLS = [{"type": "function", "function": {"name": "tide", "parameters": {"type": "object"}}}]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server with the models r, which thinks, and t, which calls a tool."""
    store = Store(tmp_path_factory.mktemp("models"))
    marks = "{# <think> </think> #}"
    served.add_model(store, "r", chain_model(pieces=THINKS, template=TEMPLATE + marks))
    served.add_model(store, "t", chain_model(pieces=CALLS, template=TEMPLATE + "{# tool_call #}"))
    app = create_app(Settings(models=store.root))
    with TestClient(app, base_url="http://127.0.0.1:11434") as client:
        yield client


def chat(client: TestClient, model: str, **fields: Any) -> list[dict[str, Any]]:
    """The messages of the lines of an answer, or of the one answer; the last one is done."""
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}], **fields}
    response = client.post("/api/chat", json=body)
    assert response.status_code == 200, response.text
    *others, last = [json.loads(line) for line in response.text.splitlines()]
    assert not any(line["done"] for line in others)
    assert (last["done"], last["done_reason"]) == (True, "stop")
    return [line["message"] for line in [*others, last]]


@pytest.mark.parametrize("think", [None, True, "max"])
def test_thinking_is_on_unless_it_is_switched_off(client: TestClient, think: Any) -> None:
    (message,) = chat(client, "r", think=think, stream=False)
    assert message == {"role": "assistant", "content": "The sky is", "thinking": "so blue\n"}


def test_without_thinking_there_is_no_such_key(client: TestClient) -> None:
    (message,) = chat(client, "r", think=False, stream=False)
    assert list(message) == ["role", "content"]


def test_lines_of_thinking_have_empty_content_and_no_tags(client: TestClient) -> None:
    *lines, last = chat(client, "r")
    thinking = [line for line in lines if "thinking" in line]
    assert thinking
    assert lines[: len(thinking)] == thinking  # first thoughts, then words
    assert {line["content"] for line in thinking} == {""}
    assert "".join(line["thinking"] for line in thinking) == "so blue\n"
    assert "".join(line["content"] for line in lines) == "The sky is"
    assert last == {"role": "assistant", "content": ""}


def test_a_call_comes_with_the_last_line(client: TestClient) -> None:
    *lines, last = chat(client, "t", tools=TOOLS)
    assert "".join(line["content"] for line in lines).strip() == "I look."
    (call,) = last["tool_calls"]
    assert call["id"]
    assert list(call["function"]) == ["index", "name", "arguments"]
    assert call["function"]["name"] == "tide"
    assert list(call["function"]["arguments"].items()) == [("port", "Brest"), ("a", 1)]


def test_without_a_stream_the_calls_are_in_the_one_message(client: TestClient) -> None:
    (message,) = chat(client, "t", tools=TOOLS, stream=False)
    assert message["content"].strip() == "I look."
    assert [call["function"]["name"] for call in message["tool_calls"]] == ["tide"]


def test_the_result_of_a_call_reaches_the_model(client: TestClient) -> None:
    call = {"function": {"name": "tide", "arguments": {"port": "Brest"}}}
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_name": "tide", "content": "low"},
    ]
    body = {"model": "t", "messages": messages, "tools": TOOLS, "_debug_render_only": True}
    prompt = client.post("/api/chat", json=body).json()["_debug_info"]["rendered_template"]
    assert '"arguments": {"port": "Brest"}' in prompt
    assert prompt.index("tide") < prompt.index("Brest") < prompt.index("tool\nlow")
