"""Answers in a format by models that think first: the thoughts are free, the answer is not."""

from collections.abc import Sequence
from typing import Any

import pytest
import served

from pyollama.api import ChatResponse, RawJSON
from pyollama.serving import Serving
from pyollama.store import Store
from pyollama_conformance.chain_model import chain_model

ENUM = RawJSON(b'{"enum": ["yes", "no"]}')
TEMPLATE = (
    "{{ range .Messages }}[{{ .Role }}]{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}"
    "{{ .Content }}{{ end }}"
)
THINKS = ("<think>", "I wonder", " why", "</think>", "Because", " so")
TALKS = ("I", " do", " not", " think")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """thinker and talker by a Go template, parsed and instruct by Qwen's parsers."""
    store = Store(tmp_path_factory.mktemp("store"))
    served.add_model(store, "thinker", chain_model(pieces=THINKS), template=TEMPLATE)
    served.add_model(store, "talker", chain_model(pieces=TALKS), template=TEMPLATE)
    opened = chain_model(pieces=THINKS[1:])
    served.add_model(store, "parsed", opened, template=TEMPLATE, parser="qwen3-thinking")
    return store


def chat(store: Store, model: str, **fields: Any) -> list[ChatResponse]:
    """The events of a chat in which only "yes" and "no" are answers."""
    options = {"temperature": 0, "num_predict": 30}

    async def scenario(serving: Serving) -> list[ChatResponse]:
        call = served.chat(model, format=ENUM, options=options, **fields)
        answer = await serving.chat(call)
        try:
            return [event async for event in answer]
        finally:
            await answer.aclose()

    return served.run(store, scenario)


def content(events: Sequence[ChatResponse]) -> str:
    return "".join(event.message.content for event in events).rstrip()  # blanks may follow a value


def thinking(events: Sequence[ChatResponse]) -> str:
    return "".join(event.message.thinking for event in events)


@pytest.mark.parametrize("model", ["thinker", "parsed"])
def test_the_thoughts_are_told_and_the_answer_keeps_to_the_format(store: Store, model: str) -> None:
    events = chat(store, model)
    assert thinking(events) == "I wonder why"
    assert content(events) in ('"yes"', '"no"')
    assert events[-1].done_reason == "stop"


def test_the_costs_are_those_of_the_second_pass(store: Store) -> None:
    plain = chat(store, "talker")[-1]
    final = chat(store, "thinker")[-1]
    assert final.prompt_eval_count > plain.prompt_eval_count  # the thoughts are in its prompt
    assert final.eval_count < plain.eval_count + 30


def test_an_answer_without_thoughts_stays_free(store: Store) -> None:
    assert content(chat(store, "talker")) == "I do not think"


@pytest.mark.parametrize("model", ["thinker", "parsed"])
def test_without_thinking_the_format_holds_from_the_first_token(store: Store, model: str) -> None:
    events = chat(store, model, think=False)
    assert (thinking(events), content(events)) in (("", '"yes"'), ("", '"no"'))


def test_a_generation_keeps_to_the_format_from_the_first_token(store: Store) -> None:
    async def scenario(serving: Serving) -> str:
        return await served.text_of(serving, served.generation("thinker", format=ENUM))

    assert served.run(store, scenario).rstrip() in ('"yes"', '"no"')


@pytest.mark.parametrize("n_event", [0, 1, 2, 3, 4])
def test_a_client_may_leave_in_either_pass(store: Store, n_event: int) -> None:
    async def scenario(serving: Serving) -> None:
        answer = await serving.chat(served.chat("thinker", format=ENUM))
        for _ in range(n_event):
            await anext(answer)
        await answer.aclose()
        (slot,) = serving.scheduler.slots.values()
        await served.until(lambda: slot.n_users == 0)
        assert slot.loaded is not None
        engine = slot.loaded.runner.engine
        await served.until(lambda: not engine.busy)

    served.run(store, scenario)
