"""The built-in search of the web: without a provider, and with one."""

from collections.abc import Sequence
from typing import Any

import pytest
from fake_serving import FakeServing
from responses_requests import FUNCTION, SEARCH, called, events, kinds, post, said
from starlette.testclient import TestClient

from pyollama.api import Message
from pyollama.errors import EngineError, NotFound
from pyollama_http.web_search import Result

WANTED = said("", "", called("web_search", query="tides"))
SEARCHED = [
    "output_item.added",
    "web_search_call.in_progress",
    "web_search_call.searching",
    "web_search_call.completed",
    "output_item.done",
]
SAID = [
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
]


@pytest.fixture
def queries(client: TestClient) -> list[str]:
    """What has been looked up by a provider that finds one page."""
    asked: list[str] = []

    async def search(query: str, n_result: int) -> Sequence[Result]:
        asked.append(query)
        return [Result("Tides", "https://x/", "Low at six.")]

    app: Any = client.app
    app.state.web_search = search
    return asked


def test_the_model_sees_a_function_in_place_of_others_of_its_name(
    client: TestClient, serving: FakeServing
) -> None:
    own = {"type": "function", "name": "web_search"}
    body = post(client, tools=[own, SEARCH, FUNCTION, SEARCH]).json()
    call: Any = serving.calls[-1]
    search, tide = call.tools
    assert tide["function"]["name"] == "tide"
    assert search["function"] == {
        "name": "web_search",
        "description": "Search the web for current information.",
        "parameters": {
            "type": "object",
            "required": ["query"],
            "properties": {"query": {"type": "string", "description": "The search query."}},
        },
    }
    assert body["output"][0]["content"][0]["text"] == "Hello you"


def test_a_search_without_a_provider_is_refused(client: TestClient, serving: FakeServing) -> None:
    serving.script = [WANTED]
    answer = post(client, tools=[SEARCH])
    assert answer.status_code == 403
    assert answer.json()["error"] == {
        "message": "ollama cloud is disabled: web search is unavailable",
        "type": "api_error",
        "param": None,
        "code": None,
    }


@pytest.mark.parametrize("mode", ["client", "strict"])
def test_a_stream_tells_that_a_search_has_failed(
    mode: str, serving: FakeServing, request: pytest.FixtureRequest
) -> None:
    serving.script = [WANTED]
    serving.prompt_eval_count = 5
    answer = post(request.getfixturevalue(mode), tools=[SEARCH], stream=True)
    assert answer.status_code == 200
    assert kinds(answer) == ["created", "in_progress", *SEARCHED[:3], "failed"]
    response = events(answer)[-1]["response"]
    message = "ollama cloud is disabled: web search is unavailable"
    assert response["error"] == {"code": "api_error", "message": message}
    assert response["usage"] == {"input_tokens": 5, "output_tokens": 1, "total_tokens": 6}
    assert serving.closed == 1


@pytest.mark.parametrize("mode", ["client", "strict"])
def test_where_searches_are_offered_a_stream_tells_all_that_is_wrong(
    mode: str, serving: FakeServing, request: pytest.FixtureRequest
) -> None:
    serving.refusal = NotFound("model 'm' not found")
    client = request.getfixturevalue(mode)
    answer = post(client, tools=[SEARCH], stream=True)
    assert (answer.status_code, kinds(answer)) == (200, ["created", "in_progress", "failed"])
    assert post(client, tools=[SEARCH]).status_code == 404


def test_what_was_found_is_told_to_the_model(
    client: TestClient, serving: Any, queries: list[str]
) -> None:
    serving.replies = [[said("Let me see.", "T"), WANTED], ["Low at six."]]
    serving.prompt_eval_count = 10
    body = post(client, tools=[SEARCH]).json()
    assert queries == ["tides"]
    assert serving.calls[-1].messages == [
        Message(role="user", content="hi"),
        Message(
            role="assistant",
            content="Let me see.",
            thinking="T",
            tool_calls=[called("web_search", query="tides")],
        ),
        Message(
            role="tool",
            content="Title: Tides\nURL: https://x/\nContent: Low at six.\n\n",
            tool_name="web_search",
            tool_call_id="call_1",
        ),
    ]
    assert serving.calls[-1].tools == serving.calls[0].tools
    reasoning, before, search, message = body["output"]
    assert (reasoning["id"], before["id"]) == ("rs_presearch", "msg_presearch")
    assert search == {
        "id": body["id"].replace("resp_", "ws_") + "_1",
        "type": "web_search_call",
        "status": "completed",
        "action": {"type": "search", "query": "tides"},
    }
    assert message["content"][0]["text"] == "Low at six."
    assert body["usage"]["input_tokens"] == 20


def test_a_stream_shows_the_search_between_two_messages(
    client: TestClient, serving: Any, queries: list[str]
) -> None:
    serving.replies = [["Let me see.", WANTED], ["Low at six."]]
    answer = post(client, tools=[SEARCH], stream=True)
    assert kinds(answer) == ["created", "in_progress", *SAID, *SEARCHED, *SAID, "completed"]
    response = events(answer)[-1]["response"]
    assert [item["type"] for item in response["output"]] == [
        "message",
        "web_search_call",
        "message",
    ]
    digits = response["id"].removeprefix("resp_")
    assert response["output"][2]["id"] == f"msg_{digits}_2"
    assert events(answer)[8]["item"]["status"] == "in_progress"
    assert response["usage"]["output_tokens"] == 5


@pytest.mark.parametrize("stream", [False, True])
def test_calls_beside_a_search_follow_on_it(
    client: TestClient, serving: Any, queries: list[str], stream: bool
) -> None:
    serving.replies = [[said("", "", called(id="call_2")), WANTED], ["Low at six."]]
    answer = post(client, tools=[FUNCTION, SEARCH], stream=stream)
    output = events(answer)[-1]["response"]["output"] if stream else answer.json()["output"]
    assert [item["type"] for item in output] == ["web_search_call", "function_call", "message"]
    assert output[1]["call_id"] == "call_2"
    assert stream or output[1]["id"] == "fc_mixed_0"
    (_, said_before, _) = serving.calls[-1].messages
    assert [call.function.name for call in said_before.tool_calls] == ["web_search"]


@pytest.mark.parametrize("stream", [False, True])
def test_calls_at_the_end_come_with_the_last_reply(
    client: TestClient, serving: Any, queries: list[str], stream: bool
) -> None:
    serving.replies = [[WANTED], ["A", said("", "", called())]]
    answer = post(client, tools=[FUNCTION, SEARCH], stream=stream)
    output = events(answer)[-1]["response"]["output"] if stream else answer.json()["output"]
    assert [item["type"] for item in output] == ["web_search_call", "message", "function_call"]


def test_three_searches_are_enough(client: TestClient, serving: Any, queries: list[str]) -> None:
    serving.replies = [[said("Again.", "", called("web_search", query=str(n)))] for n in range(4)]
    answer = post(client, tools=[SEARCH])
    assert answer.status_code == 502
    message = answer.json()["error"]["message"]
    assert message == "web_search exceeded the maximum of 3 calls"
    assert queries == ["0", "1", "2"]


def test_items_of_several_searches_have_ids_of_their_own(
    client: TestClient, serving: Any, queries: list[str]
) -> None:
    wanted = said("Again.", "", called("web_search", query="x"))
    serving.replies = [[wanted], [wanted], ["Done."]]
    output = post(client, tools=[SEARCH]).json()["output"]
    ids = [item["id"] for item in output]
    assert len(set(ids)) == 5
    assert [id for id in ids if "presearch" in id] == ["msg_presearch", "msg_presearch_2"]


@pytest.mark.parametrize("arguments", [{}, {"query": ""}, {"query": 5}])
def test_a_search_for_nothing_is_refused(
    client: TestClient, serving: FakeServing, queries: list[str], arguments: dict[str, Any]
) -> None:
    serving.script = [said("", "", called("web_search", **arguments))]
    answer = post(client, tools=[SEARCH])
    assert answer.status_code == 502
    message = answer.json()["error"]["message"]
    assert message == "web_search requires a non-empty string query"
    assert queries == []


def test_a_reply_that_fails_after_a_search_has_its_own_status(
    client: TestClient, serving: Any, queries: list[str]
) -> None:
    serving.replies = [[WANTED], [EngineError("broken")]]
    assert post(client, tools=[SEARCH]).status_code == 500
    serving.replies = [[WANTED], [EngineError("broken")]]
    answer = post(client, tools=[SEARCH], stream=True)
    assert kinds(answer) == ["created", "in_progress", *SEARCHED, "failed"]


def test_a_search_that_must_be_made_is_made_once(
    client: TestClient, serving: Any, queries: list[str]
) -> None:
    call = '{"name":"web_search","arguments":{"query":"tides"}}'
    serving.replies = [[call], ["Low at six."]]
    body = post(client, tools=[SEARCH], tool_choice="required").json()
    assert [item["type"] for item in body["output"]] == ["web_search_call", "message"]
    assert serving.calls[0].format is not None
    assert serving.calls[1].format is None
