"""Who writes a model's prompts and who reads its answers, and what they are told of thinking."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
import served

from pyollama.api import Message
from pyollama.errors import EngineError
from pyollama.prompt.jinja import ChatTemplate
from pyollama.prompt.parsers import AnswerError
from pyollama.prompt.renderers import RenderError
from pyollama.serving import Serving
from pyollama.serving.history import conversation
from pyollama.serving.views import as_engine_reads
from pyollama.serving.writers import NativeWriter, Thinking, choose_writer
from pyollama.store import Store, StoredModel, parse_name
from pyollama_conformance.chain_model import chain_model

NATIVE = ChatTemplate("{{ messages[-1].content }}", bos_token="<s>")
GO = "{{ range .Messages }}{{ .Content }}{{ end }}"
BROKEN = ("<tool_call>", '{"name": 1', "}", "</tool_call>")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One model for each way, and one whose calls are no JSON that its parser accepts."""
    store = Store(tmp_path_factory.mktemp("store"))
    data = chain_model()
    served.add_model(store, "native", data)
    served.add_model(store, "go", data, template=GO)
    served.add_model(store, "rendered", data, renderer="olmo3", template=GO)
    served.add_model(store, "parsed", data, parser="qwen3")
    served.add_model(store, "unknown", data, renderer="nobody")
    served.add_model(store, "broken", chain_model(pieces=BROKEN), parser="qwen3")
    return store


def model(store: Store, name: str) -> StoredModel:
    return store.find(parse_name(name))


@pytest.mark.parametrize(
    ("name", "writer"),
    [
        ("native", "chat template of the GGUF"),
        ("go", "Go template"),
        ("rendered", "renderer olmo3"),
        ("parsed", "Go template"),
    ],
)
def test_a_renderer_comes_first_then_the_layer_then_the_file(
    store: Store, name: str, writer: str
) -> None:
    assert choose_writer(model(store, name), NATIVE).name == writer


def test_a_renderer_that_nobody_knows_is_an_error(store: Store) -> None:
    with pytest.raises(RenderError, match='unknown renderer "nobody"'):
        choose_writer(model(store, "unknown"), NATIVE)


def test_without_a_layer_a_parser_makes_prompts_of_the_last_words(store: Store) -> None:
    writer = choose_writer(model(store, "parsed"), NATIVE)
    assert writer.write([Message(role="user", content="hi")], (), Thinking(False)) == "hi"


@pytest.mark.parametrize(
    ("thinking", "value", "level"),
    [
        (Thinking(on=True), True, None),
        (Thinking(on=False), None, None),
        (Thinking(on=False, asked=False), False, None),
        (Thinking(on=True, asked="high"), "high", "high"),
    ],
)
def test_a_model_that_can_think_is_told_to(
    thinking: Thinking, value: bool | str | None, level: str | None
) -> None:
    assert (thinking.value, thinking.level) == (value, level)


def test_images_are_refused_where_llama_cpp_writes_the_prompt() -> None:
    message = Message(role="user", content="what is it?", images=[b"png"])
    with pytest.raises(EngineError, match="image input is not supported"):
        NativeWriter(NATIVE).write([message], (), Thinking(False))


def test_numbers_of_calls_are_those_that_reach_llama_cpp() -> None:
    sent = {"whole": 2.0, "big": 1e20, "signed": 2**63, "half": 0.5, "flag": True, "list": [3.0]}
    assert as_engine_reads(sent) == {
        "whole": 2,
        "big": 1e20,
        "signed": 9223372036854776000 - 2**64,  # the digits that Go writes, and 64 bits of them
        "half": 0.5,
        "flag": True,
        "list": [3],
    }
    assert isinstance(as_engine_reads(2.0), int)


def thinking_family(name: str, family: str) -> StoredModel:
    """A stored model, as far as its history depends on it."""
    config = SimpleNamespace(model_family=family)
    stored = SimpleNamespace(config=config, name=SimpleNamespace(model=name), messages=[])
    return cast(StoredModel, stored)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (thinking_family("any", "qwen3"), ["b", "<think>c</think>d"]),
        (thinking_family("deepseek-r1", "qwen2"), ["b", "<think>c</think>d"]),
        (thinking_family("any", "llama"), ["<think>a</think>b", "<think>c</think>d"]),
    ],
)
def test_some_families_forget_what_they_thought_before_the_last_question(
    stored: StoredModel, expected: list[str]
) -> None:
    messages = [
        Message(role="user", content="one"),
        Message(role="Assistant", content="<think>a</think>b"),
        Message(role="user", content="two"),
        Message(role="assistant", content="<think>c</think>d"),
    ]
    history = conversation(stored, "", messages)
    assert [m.content for m in history if m.role == "assistant"] == expected


def test_an_answer_against_its_own_format_ends_with_an_error(store: Store) -> None:
    tools: list[dict[str, Any]] = [{"type": "function", "function": {"name": "f"}}]

    async def scenario(serving: Serving) -> None:
        options = {"temperature": 0, "num_predict": 20}
        answer = await serving.chat(served.chat("broken", tools=tools, options=options))
        try:
            with pytest.raises(AnswerError):
                async for _ in answer:
                    pass
        finally:
            await answer.aclose()

    served.run(store, scenario)
