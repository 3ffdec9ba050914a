"""Texts as vectors: the order of the checks, texts that are too long, clients that leave."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import served
import tiny_llama
from random_bert import BertShape, write_random_bert

from pyollama.api import Duration, EmbeddingRequest, EmbedRequest, EmbedResponse
from pyollama.engine import Encoded, Encoder
from pyollama.errors import (
    BadRequest,
    EngineError,
    Forbidden,
    NoEmbeddings,
    NotFound,
    OptionError,
    PyollamaError,
)
from pyollama.models.pooling import PoolingType
from pyollama.serving import Serving
from pyollama.serving.embed import MAX_VALUES, NOT_FINITE
from pyollama.serving.inputs import (
    NO_EMBEDDINGS,
    NO_ROOM,
    NOT_TRUNCATABLE,
    TOO_LONG,
    Limits,
)
from pyollama.store import Store

N_EMBD = 64
LONG = "hello " * 300


@pytest.fixture(scope="module")
def bert_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The text model small, the embedding model e, and raw, whose vectors have any length."""
    folder = tmp_path_factory.mktemp("bert")
    store = served.new_store(folder)
    path = write_random_bert(folder / "e.gguf", BertShape(n_layer=1))
    served.add_model(store, "e", path.read_bytes())
    keys: dict[str, Any] = {"bert__normalize_embeddings": False}
    path = write_random_bert(folder / "raw.gguf", BertShape(n_layer=1), **keys)
    served.add_model(store, "raw", path.read_bytes())
    return store


def embed(store: Store, **fields: Any) -> EmbedResponse:
    """The answer to one request of the model e."""
    call = EmbedRequest(**{"model": "e", **fields})
    return served.run(store, lambda serving: serving.embed(call))


def embedding(store: Store, **fields: Any) -> list[float]:
    """The answer of the older endpoint."""
    call = EmbeddingRequest(**{"model": "e", **fields})
    return served.run(store, lambda serving: serving.embeddings(call)).embedding


def test_a_text_becomes_a_vector_of_length_one(bert_store: Store) -> None:
    answer = embed(bert_store, input="hello world")
    (vector,) = answer.embeddings
    assert len(vector) == N_EMBD
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)
    assert (answer.model, answer.prompt_eval_count) == ("e", 4)
    assert 0 < answer.load_duration < answer.total_duration


def test_several_texts_become_what_each_becomes_alone(bert_store: Store) -> None:
    texts = ["hello", "why is the sky blue?", "", LONG]
    answer = embed(bert_store, input=texts)
    assert answer.embeddings == [embed(bert_store, input=[t]).embeddings[0] for t in texts]
    assert answer.prompt_eval_count == 3 + 8 + 2 + 128


@pytest.mark.parametrize("given", [None, "", []])
def test_nothing_to_embed_loads_the_model(bert_store: Store, given: Any) -> None:
    async def scenario(serving: Serving) -> EmbedResponse:
        answer = await serving.embed(EmbedRequest(model=" e ", input=given))
        assert served.names(serving) == ["e:latest"]
        return answer

    assert served.run(bert_store, scenario) == EmbedResponse(model=" e ", embeddings=[])


@pytest.mark.parametrize("n", [1, 8, 63])
def test_dimensions_cut_a_vector_and_scale_it_again(bert_store: Store, n: int) -> None:
    whole = np.array(embed(bert_store, input="hello").embeddings[0])
    (cut,) = embed(bert_store, input="hello", dimensions=n).embeddings
    np.testing.assert_allclose(cut, whole[:n] / np.linalg.norm(whole[:n]), rtol=1e-6)


@pytest.mark.parametrize("n", [0, -1, 64, 65, 10**18])
def test_other_dimensions_leave_a_vector_whole(bert_store: Store, n: int) -> None:
    whole = embed(bert_store, input="hello").embeddings
    assert embed(bert_store, input="hello", dimensions=n).embeddings == whole


BOTH = "use either :local or :cloud, not both"
REFUSED: list[tuple[dict[str, Any], type[PyollamaError], str]] = [
    ({"model": "", "input": 1}, NotFound, "model '' not found"),
    ({"model": "  "}, NotFound, "model '  ' not found"),
    ({"model": "a b", "input": 1}, BadRequest, "invalid model name"),
    (
        {"model": "e:local:cloud"},
        BadRequest,
        f'{BOTH}: "e:local:cloud"',
    ),
    ({"model": "e:cloud"}, Forbidden, "ollama cloud is disabled: remote model is unavailable"),
    ({"model": "x", "input": 1}, BadRequest, "invalid input type"),
    ({"input": {"a": 1}}, BadRequest, "invalid input type"),
    ({"input": True}, BadRequest, "invalid input type"),
    ({"input": ["a", 1]}, BadRequest, "invalid input type"),
    ({"input": ["a", None]}, BadRequest, "invalid input type"),
    ({"model": "x"}, NotFound, 'model "x" not found, try pulling it first'),
    ({"options": {"seed": "1"}}, OptionError, 'option "seed" must be of type integer'),
    ({"model": "small", "input": "hello"}, NoEmbeddings, NO_EMBEDDINGS),
    ({"input": LONG, "truncate": False}, BadRequest, TOO_LONG),
    ({"input": ["a", LONG], "truncate": False}, BadRequest, TOO_LONG),
    ({"input": "a", "options": {"num_ctx": 1}}, BadRequest, NO_ROOM),
    ({"input": "a", "options": {"num_batch": 2}}, BadRequest, NO_ROOM),
    ({"input": "a", "options": {"num_batch": 2}, "truncate": False}, BadRequest, TOO_LONG),
]


@pytest.mark.parametrize(("fields", "kind", "words"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_is_refused_and_in_which_words(
    bert_store: Store, fields: dict[str, Any], kind: type[PyollamaError], words: str
) -> None:
    with pytest.raises(PyollamaError) as caught:
        embed(bert_store, **fields)
    assert (type(caught.value), str(caught.value)) == (kind, words)


REFUSED_BY_EMBEDDINGS: list[tuple[dict[str, Any], type[PyollamaError], str]] = [
    ({"model": " "}, BadRequest, "model is required"),
    ({"model": "a b"}, BadRequest, "invalid model name"),
    ({"model": "x"}, NotFound, 'model "x" not found, try pulling it first'),
    ({"model": "E"}, NotFound, 'model "E" not found, try pulling it first'),
    ({"model": "small", "prompt": "hello"}, EngineError, NO_EMBEDDINGS),
    ({"prompt": LONG}, EngineError, TOO_LONG),
    ({"options": {"num_ctx": "x"}}, OptionError, 'option "num_ctx" must be of type integer'),
]


@pytest.mark.parametrize(
    ("fields", "kind", "words"), REFUSED_BY_EMBEDDINGS, ids=lambda value: str(value)[:60]
)
def test_what_the_older_endpoint_refuses(
    bert_store: Store, fields: dict[str, Any], kind: type[PyollamaError], words: str
) -> None:
    with pytest.raises(PyollamaError) as caught:
        embedding(bert_store, **fields)
    assert (type(caught.value), str(caught.value)) == (kind, words)


def test_names_are_found_whatever_their_case_but_by_the_older_endpoint(bert_store: Store) -> None:
    assert embed(bert_store, model="E", input="hello").model == "E"
    assert embedding(bert_store, model="library/e:latest", prompt="hello")


def test_the_older_endpoint_gives_the_same_values(bert_store: Store) -> None:
    (vector,) = embed(bert_store, input="hello").embeddings
    np.testing.assert_allclose(embedding(bert_store, prompt="hello"), vector, rtol=1e-6)
    assert embedding(bert_store) == []


def test_the_older_endpoint_does_not_scale_what_the_file_wants_raw(bert_store: Store) -> None:
    raw = embedding(bert_store, model="raw", prompt="hello")
    assert not 0.99 < np.linalg.norm(raw) < 1.01
    (unit,) = embed(bert_store, model="raw", input="hello").embeddings
    np.testing.assert_allclose(unit, np.array(raw) / np.linalg.norm(raw), rtol=1e-5)


def test_a_long_text_is_cut_to_the_context(bert_store: Store) -> None:
    answer = embed(bert_store, input=LONG)
    assert answer.prompt_eval_count == 128
    assert answer.embeddings == embed(bert_store, input="hello " * 126).embeddings
    small = {"num_ctx": 8}
    assert embed(bert_store, input=LONG, options=small).prompt_eval_count == 8
    assert embed(bert_store, input="hello " * 6, options=small).prompt_eval_count == 8


def test_a_context_of_zero_or_less_is_all_that_the_model_has(bert_store: Store) -> None:
    for n_ctx in (0, -5):
        options = {"num_ctx": n_ctx, "num_batch": 128}
        assert embed(bert_store, input=LONG, options=options).prompt_eval_count == 128


def test_special_tokens_in_a_text_take_the_place_of_those_around_it(bert_store: Store) -> None:
    options = {"num_ctx": 8, "num_batch": 64}
    for text, n_token in (("[CLS]" + LONG, 9), (LONG + "[SEP]", 9), (LONG, 8)):
        answer = embed(bert_store, input=text, options=options)
        assert answer.prompt_eval_count == n_token
    fits = "[CLS]" + "hello " * 6 + "[SEP]"
    assert embed(bert_store, input=fits, options=options, truncate=False).prompt_eval_count == 10
    with pytest.raises(BadRequest, match=TOO_LONG):
        embed(bert_store, input=fits, options={"num_ctx": 8}, truncate=False)


def test_a_text_is_cut_once_more_to_what_the_engine_takes(bert_store: Store) -> None:
    options = {"num_batch": 5}
    answer = embed(bert_store, input="hello hello hello world", options=options)
    assert answer.prompt_eval_count == 5
    assert answer.embeddings == embed(bert_store, input="hello hello hello").embeddings
    with pytest.raises(BadRequest, match=TOO_LONG):
        embed(bert_store, input="hello hello hello world", options=options, truncate=False)


def test_an_empty_text_has_no_tokens_to_make_room_for(bert_store: Store) -> None:
    assert embed(bert_store, input=[""], options={"num_ctx": 2}).prompt_eval_count == 2
    with pytest.raises(BadRequest, match=NO_ROOM):
        embed(bert_store, input=["", "a"], options={"num_ctx": 2})
    with pytest.raises(BadRequest, match=NOT_TRUNCATABLE):
        embed(bert_store, input=[""], options={"num_batch": 1})


def test_changing_the_temperature_loads_nothing_and_the_context_does(bert_store: Store) -> None:
    async def scenario(serving: Serving) -> list[bool]:
        await serving.embed(EmbedRequest(model="e"))
        (first,) = serving.scheduler.slots.values()
        seen = []
        for options in ({"temperature": 2}, {"num_ctx": 4096}, {"num_ctx": 64}, {"num_batch": 7}):
            await serving.embed(EmbedRequest(model="e", input="hello", options=options))
            seen.append(first in serving.scheduler.slots.values())
        return seen

    assert served.run(bert_store, scenario) == [True, True, False, False]


def test_a_text_model_is_loaded_as_for_text(bert_store: Store) -> None:
    async def scenario(serving: Serving) -> bool:
        await serving.embed(EmbedRequest(model="small"))
        (slot,) = serving.scheduler.slots.values()
        await served.text_of(serving, served.generation())
        return list(serving.scheduler.slots.values()) == [slot]

    assert served.run(bert_store, scenario)


def test_so_many_texts_that_their_vectors_would_fill_the_memory_are_refused(
    bert_store: Store,
) -> None:
    with pytest.raises(BadRequest, match="more than 524288 texts in one request"):
        embed(bert_store, input=[""] * (MAX_VALUES // N_EMBD + 1))


def test_a_client_that_leaves_while_texts_are_cut_stops_that(
    bert_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, seen = threading.Event(), []

    def slow_cut(text: str, limits: Limits, *, truncate: bool) -> list[int]:
        seen.append(text)
        begun.set()
        time.sleep(0.02)
        return [2, 3]

    monkeypatch.setattr("pyollama.serving.embed.cut_input", slow_cut)

    async def scenario(serving: Serving) -> None:
        call = EmbedRequest(model="e", input=["hello"] * 100)
        task = asyncio.ensure_future(serving.embed(call))
        await served.until(begun.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.1)
        n_seen = len(seen)
        await asyncio.sleep(0.1)
        assert len(seen) == n_seen < 20

    served.run(bert_store, scenario)


def test_keep_alive_zero_answers_and_then_unloads(bert_store: Store) -> None:
    async def scenario(serving: Serving) -> None:
        for given in ("hello", ""):
            call = EmbedRequest(model="e", input=given, keep_alive=Duration(0))
            await serving.embed(call)
            await served.until(lambda: not serving.running())

    served.run(bert_store, scenario)


def test_ps_tells_the_context_and_the_memory(bert_store: Store) -> None:
    async def scenario(serving: Serving) -> None:
        await serving.embed(EmbedRequest(model="e"))
        (running,) = serving.running()
        assert running.context_length == 128
        assert running.size > 50_000

    served.run(bert_store, scenario)


@pytest.fixture
def encoder_gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """While it is cleared, no encoder begins a step."""
    event, step = threading.Event(), Encoder.step
    event.set()

    def gated(encoder: Encoder) -> list[Encoded]:
        assert event.wait(60)
        return step(encoder)

    monkeypatch.setattr(Encoder, "step", gated)
    yield event
    event.set()


def test_a_client_that_leaves_costs_at_most_one_pass(
    bert_store: Store, encoder_gate: threading.Event
) -> None:
    async def scenario(serving: Serving) -> None:
        await serving.embed(EmbedRequest(model="e"))
        (slot,) = serving.scheduler.slots.values()
        assert slot.loaded is not None
        encoder = slot.loaded.runner.engine
        encoder_gate.clear()
        call = EmbedRequest(model="e", input=[LONG] * 100)
        task = asyncio.ensure_future(serving.embed(call))
        await served.until(lambda: encoder.busy)
        (request,) = encoder.waiting
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert slot.n_users == 0
        encoder_gate.set()
        await served.until(lambda: not encoder.busy)
        assert len(request.vectors) <= 4
        assert (await serving.embed(EmbedRequest(model="e", input="hello"))).embeddings

    served.run(bert_store, scenario)


def test_requests_at_once_get_their_own_vectors(bert_store: Store) -> None:
    async def scenario(serving: Serving) -> list[EmbedResponse]:
        texts = ["hello", "world", LONG, "why", "the sky"] * 4
        calls = [serving.embed(EmbedRequest(model="e", input=text)) for text in texts]
        return list(await asyncio.gather(*calls))

    answers = [answer.embeddings for answer in served.run(bert_store, scenario)]
    assert answers[:5] * 4 == answers
    assert answers[1] == embed(bert_store, input="world").embeddings


def test_a_failing_encoder_fails_its_requests_and_serves_the_next(
    bert_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(encoder: Encoder) -> list[Encoded]:
        raise RuntimeError("out of luck")

    async def scenario(serving: Serving) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Encoder, "step", broken)
            with pytest.raises(BadRequest, match="while running the model: out of luck"):
                await serving.embed(EmbedRequest(model="e", input="hello"))
            with pytest.raises(EngineError, match="while running the model: out of luck"):
                await serving.embeddings(EmbeddingRequest(model="e", prompt="hello"))
        await serving.embed(EmbedRequest(model="e", input="hello"))

    served.run(bert_store, scenario)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_vectors_that_are_not_finite_are_errors(
    bert_store: Store, monkeypatch: pytest.MonkeyPatch, bad: float
) -> None:
    monkeypatch.setattr(
        "pyollama.engine.encoder.pool", lambda rows, pooling: np.array([1, bad], np.float32)
    )
    with pytest.raises(BadRequest, match=NOT_FINITE):
        embed(bert_store, input="hello")
    with pytest.raises(EngineError, match=NOT_FINITE):
        embedding(bert_store, prompt="hello")


def test_a_text_model_that_pools_makes_embeddings(tmp_path: Path) -> None:
    store = served.new_store(tmp_path)
    keys = {**tiny_llama.metadata(), "llama.pooling_type": int(PoolingType.LAST)}
    path = tiny_llama.write_model(tmp_path / "p.gguf", keys)
    served.add_model(store, "e", path.read_bytes())
    (vector,) = embed(store, input="hello").embeddings
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)


def test_the_weights_of_a_model_may_be_gone(tmp_path: Path) -> None:
    store = served.new_store(tmp_path)
    for path in store.blobs.folder.iterdir():
        if path.stat().st_size > 2000:
            path.unlink()
    with pytest.raises(NotFound, match='model "small" not found, try pulling it first'):
        embed(store, model="small", input="hello")
