"""/api/chat below HTTP: what the template sees, and thinking and tool calls split off."""

from collections.abc import Sequence
from typing import Any

import pytest
import served
import tiny_llama

from pyollama.api import ChatRequest, ChatResponse, Message, ToolCall, ToolCallFunction
from pyollama.engine import Stats
from pyollama.errors import BadRequest
from pyollama.serving import Serving
from pyollama.serving.answer import Clock
from pyollama.serving.chat import Chat
from pyollama.store import Store

TEMPLATE = (
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}"
    "{{ m.tool_calls | tojson if m.tool_calls }}"
    "{% endfor %}{{ tools | tojson if tools }}<think></think><tool_call>"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("store")
    store = served.new_store(folder)
    keys = tiny_llama.metadata(tokenizer__chat_template=TEMPLATE)
    data = tiny_llama.write_model(folder / "thinker.gguf", keys).read_bytes()
    served.add_model(store, "thinker", data)
    served.add_model(
        store, "stored", data, system="stored system", messages=[Message(role="user", content="q")]
    )
    return store


async def collect(serving: Serving, call: ChatRequest) -> list[ChatResponse]:
    events = await serving.chat(call)
    try:
        return [event async for event in events]
    finally:
        await events.aclose()


def rendered(store: Store, call: ChatRequest) -> str:
    """The prompt of a chat."""
    call.debug_render_only = True
    (event,) = served.run(store, lambda serving: collect(serving, call))
    assert event.debug_info is not None
    return event.debug_info.rendered_template


def test_a_chat_streams_messages_and_ends_with_statistics(store: Store) -> None:
    *pieces, final = served.run(store, lambda serving: collect(serving, served.chat()))
    assert all(piece.message.content for piece in pieces)
    assert (final.message.content, final.done_reason, final.eval_count) == ("", "length", 5)


def test_stored_messages_and_system_come_before_the_requests_own(store: Store) -> None:
    assert rendered(store, served.chat("stored")).startswith("[system]stored system[user]q[user]h")
    own = [Message(role="system", content="mine"), Message(role="user", content="x")]
    assert rendered(store, served.chat("stored", messages=own)).startswith(
        "[user]q[system]mine[user]x"
    )


def test_roles_are_lower_cased_and_calls_are_shown_with_objects(store: Store) -> None:
    function = ToolCallFunction(name="tide", arguments={"port": "Brest"})
    messages = [Message(role="Assistant", tool_calls=[ToolCall(function=function)])]
    messages.append(Message(role="TOOL", content="low"))
    text = rendered(store, served.chat("thinker", messages=messages))
    assert '"arguments": {"port": "Brest"}' in text
    assert "[tool]low" in text


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (served.chat(""), "model is required"),
        (served.chat(tools=[{"type": "function"}]), "small:latest does not support tools"),
        (served.chat(think="high"), '"small" does not support thinking'),
    ],
)
def test_the_first_failing_check_is_reported(store: Store, call: ChatRequest, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        served.run(store, lambda serving: collect(serving, call))


def form_events(store: Store, texts: Sequence[str], **fields: Any) -> list[ChatResponse]:
    """What a form makes of some pieces of text."""

    async def scenario(serving: Serving) -> list[ChatResponse]:
        call = served.chat("thinker", **fields)
        await collect(serving, call)
        (slot,) = serving.scheduler.slots.values()
        assert slot.loaded is not None
        form = Chat(call).form(Chat(call).exchange(slot.stored, slot.loaded, True), "prompt")
        events = [event for text in texts for event in form.text(text, ())]
        return events + await form.end("stop", Stats(), Clock(0, 0))

    return served.run(store, scenario)


def test_thinking_is_split_from_content(store: Store) -> None:
    *events, final = form_events(store, ["<thi", "nk>hm", "</think>\n", "\nyes"])
    assert [(e.message.thinking, e.message.content) for e in events] == [("hm", ""), ("", "yes")]
    assert final.done


def test_tool_calls_come_with_the_final_event(store: Store) -> None:
    call = '<tool_call>{"name": "tide", "arguments": {"port": "Brest"}}</tool_call>'
    *events, final = form_events(store, ["<think>a</think>", call], tools=[{"type": "function"}])
    assert [event.message.tool_calls for event in events] == [[]]
    (made,) = final.message.tool_calls
    assert (made.function.name, made.function.arguments) == ("tide", {"port": "Brest"})
    assert len(made.id) == 32
