"""The tokens of texts and of conversations, and the way back; what is loaded for it, and kept."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import served
import tiny_llama
from hypothesis import example, given
from hypothesis import strategies as st

from pyollama.api import (
    FOREVER,
    DetokenizeRequest,
    Duration,
    GenerateResponse,
    Message,
    TokenizeRequest,
)
from pyollama.errors import BadRequest, EngineError, NotFound, OptionError, PyollamaError
from pyollama.serving import Serving, text_sides
from pyollama.serving.context import MAX_TEXT
from pyollama.serving.text_side import TextSide, load_text_side
from pyollama.serving.tokenize import text_of, text_tokens
from pyollama.store import Store
from pyollama.tokenizer import load_tokenizer

MINUTE = Duration(60 * 10**9)
TOKENIZER = load_tokenizer(tiny_llama.metadata())
QUESTION = [Message(role="user", content="in the beginning")]


async def tokens(serving: Serving, model: str = "small", **fields: Any) -> list[int]:
    return (await serving.tokenize(TokenizeRequest(model=model, **fields))).tokens


async def content(serving: Serving, ids: list[int], **fields: Any) -> str:
    return (
        await serving.detokenize(DetokenizeRequest(model="small", tokens=ids, **fields))
    ).content


def test_a_text_has_no_tokens_around_it_and_special_ones_where_it_spells_them(
    store: Store,
) -> None:
    async def scenario(serving: Serving) -> None:
        the = await tokens(serving, content="the")
        assert len(the) == 1
        assert await tokens(serving, content="<|bos|>the") == [261, *the]
        assert await tokens(serving, content="") == []
        assert await content(serving, [261, *the]) == "<|bos|>the"
        assert await content(serving, []) == ""

    served.run(store, scenario)


@example(text="it ' s , here .")
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_text_survives_the_way_there_and_back(text: str) -> None:
    assert text_of(text_tokens(text, TOKENIZER), TOKENIZER) == text


def test_the_tokens_of_a_conversation_are_those_that_a_chat_runs(store: Store) -> None:
    async def scenario(serving: Serving) -> None:
        ids = await tokens(serving, messages=QUESTION)
        call = served.chat(messages=QUESTION)
        last = [event async for event in await serving.chat(call)][-1]
        assert len(ids) == last.prompt_eval_count
        call.debug_render_only = True
        (shown,) = [event async for event in await serving.chat(call)]
        assert shown.debug_info is not None
        assert await content(serving, ids) == shown.debug_info.rendered_template

    served.run(store, scenario)


def test_a_conversation_is_counted_whole_however_small_the_context_is(store: Store) -> None:
    async def scenario(serving: Serving) -> None:
        messages = [Message(role="user", content="x" * 300)] * 10
        ids = await tokens(serving, messages=messages, options={"num_ctx": 16})
        assert len(ids) > 3000

    served.run(store, scenario)


def test_thinking_and_tools_are_written_as_for_a_chat(tmp_path: Path) -> None:
    store = served.new_store(tmp_path)
    template = (
        "{{ range .Tools }}[{{ .Function.Name }}]{{ end }}"
        "{{ range .Messages }}{{ .Role }}:{{ if .Thinking }}<t>{{ .Thinking }}</t>{{ end }}"
        "{{ .Content }}{{ range .ToolCalls }}{{ .Function.Name }}{{ end }}{{ end }}"
        "{{ if .Think }}<t>{{ end }}"
    )
    served.add_model(store, "able", served.named_weights(tmp_path, "able"), template=template)
    tool = {"type": "function", "function": {"name": "weather", "parameters": {}}}

    async def scenario(serving: Serving) -> None:
        async def text(**fields: Any) -> str:
            return await content(
                serving, await tokens(serving, "able", messages=QUESTION, **fields)
            )

        assert await text() == "user:in the beginning<t>"
        assert await text(think=False) == "user:in the beginning"
        assert await text(tools=[tool], think=False) == "[weather]user:in the beginning"

    served.run(store, scenario)


Ask = Callable[[Serving], Awaitable[Any]]

REFUSALS: list[tuple[type[PyollamaError], str, Ask]] = [
    (BadRequest, "model is required", lambda s: tokens(s, "")),
    (BadRequest, "model is required", lambda s: s.detokenize(DetokenizeRequest(tokens=[1]))),
    (NotFound, "model 'none' not found", lambda s: tokens(s, "none")),
    (
        BadRequest,
        "content and messages cannot be used together",
        lambda s: tokens(s, content="a", messages=QUESTION),
    ),
    (
        BadRequest,
        '"small" does not support thinking',
        lambda s: tokens(s, messages=QUESTION, think=True),
    ),
    (BadRequest, "does not support tools", lambda s: tokens(s, messages=QUESTION, tools=[{}])),
    (
        BadRequest,
        "model does not support multimodal requests",
        lambda s: tokens(s, messages=[Message(role="user", images=[b"x"])]),
    ),
    (OptionError, '"top_k" must be of type integer', lambda s: tokens(s, options={"top_k": "a"})),
    (
        BadRequest,
        "content has more than 8388608 characters",
        lambda s: tokens(s, content="x" * (MAX_TEXT + 1)),
    ),
    (
        BadRequest,
        "the prompt is longer than the context length",
        lambda s: tokens(s, messages=[Message(role="user", content="x" * MAX_TEXT)]),
    ),
    (BadRequest, "token 270 is not among the model's 270", lambda s: content(s, [1, 270])),
    (BadRequest, "token -1 is not among the model's 270", lambda s: content(s, [-1])),
]


@pytest.mark.parametrize(("kind", "words", "ask"), REFUSALS)
def test_what_is_refused_is_refused_in_the_words_of_the_other_endpoints(
    store: Store, kind: type[PyollamaError], words: str, ask: Ask
) -> None:
    async def scenario(serving: Serving) -> None:
        with pytest.raises(kind, match=words):
            await ask(serving)

    served.run(store, scenario)


def test_tokens_that_stand_for_endless_text_are_refused_before_it_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(TOKENIZER.vocabulary, "tokens", ["x" * 1000] * 270)
    with pytest.raises(BadRequest, match="stand for more than 8388608 characters"):
        text_of([1] * 9000, TOKENIZER)


def test_a_model_without_weights_cannot_be_asked(tmp_path: Path) -> None:
    store = served.new_store(tmp_path)
    (stored,) = (each for each in store.list() if each.name.model == "small")
    assert stored.model_path is not None
    stored.model_path.unlink()

    async def scenario(serving: Serving) -> None:
        with pytest.raises(NotFound, match='model "small" not found, try pulling it first'):
            await tokens(serving, content="a")

    served.run(store, scenario)


def test_a_file_that_cannot_be_read_is_an_error_of_the_engine(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="unable to load model"):
        load_text_side(str(tmp_path / "none.gguf"))


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the text sides that have been read."""
    paths: list[str] = []

    def counted(path: str) -> TextSide:
        paths.append(path)
        return load_text_side(path)

    monkeypatch.setattr(text_sides, "load_text_side", counted)
    return paths


def test_no_weights_are_loaded_and_the_tokenizer_is_read_once(
    store: Store, loads: list[str]
) -> None:
    async def scenario(serving: Serving) -> None:
        await asyncio.gather(*(tokens(serving, content="a") for _ in range(5)))
        await tokens(serving, messages=QUESTION)
        await content(serving, [1])
        assert len(loads) == 1
        assert serving.running() == []

    served.run(store, scenario)


def test_a_model_in_memory_is_asked_itself_and_stays_as_long_as_is_said(
    store: Store, loads: list[str]
) -> None:
    async def scenario(serving: Serving) -> None:
        await served.collect(serving, served.generation())
        (slot,) = serving.scheduler.slots.values()
        await tokens(serving, content="a", keep_alive=FOREVER)
        assert (slot.keep_alive, slot.n_users, slot.timer) == (FOREVER, 0, None)
        await tokens(serving, content="a", keep_alive=Duration(0))
        assert loads == []
        assert served.names(serving) == []

    served.run(store, scenario)


def test_keep_alive_says_how_long_a_tokenizer_is_kept(store: Store, loads: list[str]) -> None:
    async def scenario(serving: Serving) -> None:
        kept = serving.text_sides.kept
        await tokens(serving, content="a", keep_alive=Duration(0))
        assert not kept
        await tokens(serving, content="a", keep_alive=FOREVER)
        (only,) = kept.values()
        assert only.timer is None
        await tokens(serving, content="a", keep_alive=Duration(10**6))
        await served.until(lambda: not kept)
        assert len(loads) == 2

    served.run(store, scenario)


def test_no_more_tokenizers_are_kept_than_models(wide_store: Store, loads: list[str]) -> None:
    async def scenario(serving: Serving) -> None:
        for model in ("small", "other", "small", "third"):
            await tokens(serving, model, content="a", keep_alive=MINUTE)
        assert len(serving.text_sides.kept) == 2
        await tokens(serving, "small", content="a")
        assert len(loads) == 3
        await tokens(serving, "other", content="a")
        assert len(loads) == 4

    served.run(wide_store, scenario, max_loaded_models=2)


def test_the_tokens_of_a_text_are_the_context_of_a_generation(store: Store) -> None:
    async def scenario(serving: Serving) -> None:
        call = served.generation(prompt="hello", options={"num_predict": 1, "temperature": 0})
        events: list[GenerateResponse] = await served.collect(serving, call)
        text = "".join(event.response for event in events)
        call.debug_render_only = True
        (shown,) = await served.collect(serving, call)
        assert shown.debug_info is not None
        whole = shown.debug_info.rendered_template + text
        assert events[-1].context == await tokens(serving, content=whole)

    served.run(store, scenario)
