"""A session as Claude Code 2.1 holds it, asked of the embedded model.

The shape of its requests is known from captures that others have published: a title, a count of
tokens, a turn with tools and thoughts and reminders, and the turn after a tool was run.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anthropic_requests import events
from thread_server import thread_server

pytestmark = pytest.mark.slow
SEQUENCE = json.loads(
    Path(__file__).with_name("sequences").joinpath("claude_code.json").read_text()
)
HEADERS = {
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "claude-code-20250219,adaptive-thinking-2026-01-28",
    "anthropic-dangerous-direct-browser-access": "true",
    "x-app": "cli",
    "x-stainless-lang": "js",
    "user-agent": "claude-cli/2.1.69 (external, cli)",
    "authorization": "Bearer ollama",
}
REASONS = ("end_turn", "tool_use", "max_tokens")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[httpx2.Response]]:
    """What each request of the session is answered."""
    with (
        thread_server(tmp_path_factory.mktemp("session") / "models") as url,
        httpx2.Client(base_url=url, headers=HEADERS, timeout=60) as client,
    ):
        assert client.post("/api/pull", json={"model": "tiny", "stream": False}).is_success
        yield [
            client.request(step["method"], step["path"], json=step.get("json")) for step in SEQUENCE
        ]


def test_the_server_is_there(answers: list[httpx2.Response]) -> None:
    assert (answers[0].status_code, answers[0].content) == (200, b"")


def test_tokens_are_counted(answers: list[httpx2.Response]) -> None:
    assert answers[2].json()["input_tokens"] > 20


@pytest.mark.parametrize("turn", [1, 3, 4])
def test_each_turn_is_a_stream_of_whole_blocks(answers: list[httpx2.Response], turn: int) -> None:
    assert answers[turn].status_code == 200, answers[turn].text
    found = events(answers[turn])
    names = [name for name, _ in found]
    assert (names[0], names[-2:]) == ("message_start", ["message_delta", "message_stop"])
    assert found[-2][1]["delta"]["stop_reason"] in REASONS
    assert found[-2][1]["usage"]["input_tokens"] > 0
    assert_whole(found[1:-2])


def assert_whole(found: list[tuple[str, dict[str, Any]]]) -> None:
    """Each block begins, continues and ends before the next one begins."""
    index, is_open = 0, False
    for name, payload in found:
        assert payload["index"] == index
        assert is_open is (name != "content_block_start")
        is_open = name != "content_block_stop"
        index += not is_open
    assert not is_open
