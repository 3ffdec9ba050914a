"""The embedded model through Ollama's own Python client: chat, tools, thinking, output formats."""

import json
from collections.abc import Iterator
from typing import Any

import ollama
import pytest
from questions import WEATHER
from thread_server import thread_server

pytestmark = pytest.mark.slow
GREEDY = {"temperature": 0, "seed": 1, "num_predict": 120}
SCHEMA = {
    "type": "object",
    "properties": {
        "color": {"enum": ["red", "green", "blue"]},
        "count": {"type": "integer", "minimum": 1, "maximum": 9},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 8}, "maxItems": 2},
    },
    "required": ["color", "count", "tags"],
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ollama.Client]:
    """A client of a server that has pulled tiny, which needs no network."""
    with thread_server(tmp_path_factory.mktemp("tiny") / "models") as url:
        client = ollama.Client(host=url)
        assert client.pull("tiny").status == "success"
        yield client
        client._client.close()


def ask(client: ollama.Client, content: str, **fields: Any) -> ollama.ChatResponse:
    """The answer to one question."""
    messages = [ollama.Message(role="user", content=content)]
    answer: ollama.ChatResponse = client.chat("tiny", messages, options=GREEDY, **fields)
    return answer


def test_it_talks(client: ollama.Client) -> None:
    answer = ask(client, "Why is the sky blue?")
    assert "light" in (answer.message.content or "")
    assert answer.message.thinking is None


def test_it_calls_a_tool_and_tells_what_it_gave(client: ollama.Client) -> None:
    question = "What is the weather in Paris?"
    called = ask(client, question, tools=[WEATHER])
    (call,) = called.message.tool_calls or []
    assert call.function.name == "get_weather"
    assert call.function.arguments == {"city": "Paris"}
    given = ollama.Message(role="tool", tool_name="get_weather", content="18 degrees and sunny")
    history = [ollama.Message(role="user", content=question), called.message, given]
    told = client.chat("tiny", history, tools=[WEATHER], options=GREEDY)
    assert "18" in (told.message.content or "")


def test_it_thinks_when_it_is_asked_to(client: ollama.Client) -> None:
    answer = ask(client, "What is 2 plus 3?", think=True)
    assert answer.message.thinking
    assert answer.message.content
    assert "<think>" not in answer.message.content


@pytest.mark.parametrize("think", [None, False, True])
def test_its_answer_keeps_to_a_schema(client: ollama.Client, think: bool | None) -> None:
    answer = ask(client, "Which color do you like?", format=SCHEMA, think=think)
    value = json.loads(answer.message.content or "")
    assert list(value) == ["color", "count", "tags"]
    assert value["color"] in ("red", "green", "blue")
    assert 1 <= value["count"] <= 9
    assert len(value["tags"]) <= 2


def test_its_answer_is_an_object_where_json_is_asked_for(client: ollama.Client) -> None:
    answer = client.generate("tiny", "Give me JSON.", format="json", options=GREEDY)
    text = answer.response or ""
    assert text.startswith("{")
    if answer.done_reason == "stop":
        assert isinstance(json.loads(text), dict)
