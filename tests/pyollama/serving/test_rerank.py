"""Documents in the order of their relevance: scores, checks, documents that are too long."""

import asyncio
import threading
from typing import Any

import numpy as np
import pytest
import served
from exact_bert import ExactBert
from random_bert import BertShape, write_random_bert

from pyollama.api import Duration, EmbeddingRequest, EmbedRequest, RerankRequest, RerankResponse
from pyollama.engine import Encoded, Encoder
from pyollama.errors import BadRequest, EngineError, Forbidden, NotFound, OptionError, PyollamaError
from pyollama.models.loader import Model
from pyollama.serving import Serving
from pyollama.serving.embed import RANKS
from pyollama.serving.inputs import TOO_LONG
from pyollama.serving.rerank import MAX_DOCUMENTS, NO_DOCUMENTS, NO_ROOM, NOT_FINITE, TOO_MANY
from pyollama.store import Store, parse_name
from pyollama.tokenizer import load_tokenizer
from pyollama_formats.gguf import open_gguf

QUERY = "why is the sky blue?"
DOCUMENTS = ["hello world", "the sky is blue", "", "blue, blue!", "the sky is blue"]
LONG = "hello " * 300


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The text model small, the embedding model e, and r and labels, which rank."""
    folder = tmp_path_factory.mktemp("rank")
    store = served.new_store(folder)
    shapes = {
        "e": BertShape(n_layer=1),
        "r": BertShape(n_layer=1, pooling_type=4, n_label=1),
        "labels": BertShape(n_layer=1, pooling_type=4, n_label=3),
    }
    for name, shape in shapes.items():
        path = write_random_bert(folder / f"{name}.gguf", shape)
        served.add_model(store, name, path.read_bytes())
    return store


def rerank(store: Store, **fields: Any) -> RerankResponse:
    """The answer to one request of the model r."""
    call = RerankRequest(**{"model": "r", "query": QUERY, "documents": DOCUMENTS, **fields})
    return served.run(store, lambda serving: serving.rerank(call))


def scores(answer: RerankResponse) -> list[float]:
    """The scores in the order of the documents."""
    return [r.relevance_score for r in sorted(answer.results, key=lambda r: r.index)]


@pytest.mark.parametrize("name", ["r", "labels"])
def test_scores_are_those_of_the_first_label(stocked: Store, name: str) -> None:
    path = stocked.find(parse_name(name)).model_path
    assert path is not None
    with open_gguf(path) as file:
        tokenizer = load_tokenizer(file.metadata)
    query, *documents = (tokenizer.encode(text, add_special=False) for text in (QUERY, *DOCUMENTS))
    exact = ExactBert(path)
    expected = [exact.scores([2, *query, 3, *ids, 3])[0] for ids in documents]
    answer = rerank(stocked, model=name)
    np.testing.assert_allclose(scores(answer), expected, atol=3e-5)
    assert answer.model == name
    assert answer.prompt_eval_count == sum(len(query) + len(ids) + 3 for ids in documents)


def test_the_best_comes_first_and_of_equal_ones_the_earlier(stocked: Store) -> None:
    results = rerank(stocked).results
    assert sorted(r.index for r in results) == [0, 1, 2, 3, 4]
    keys = [(-r.relevance_score, r.index) for r in results]
    assert keys == sorted(keys)
    assert scores(rerank(stocked))[1] == scores(rerank(stocked))[4]


@pytest.mark.parametrize("top_n", [1, 3, 5, 10**12])
def test_only_the_best_are_told_if_that_is_wanted(stocked: Store, top_n: int) -> None:
    best = rerank(stocked, top_n=top_n)
    whole = rerank(stocked)
    assert best.results == whole.results[:top_n]
    assert best.prompt_eval_count == whole.prompt_eval_count


def test_a_document_has_the_score_that_it_has_alone(stocked: Store) -> None:
    alone = [rerank(stocked, documents=[text]).results[0].relevance_score for text in DOCUMENTS]
    assert scores(rerank(stocked)) == alone


def test_special_tokens_in_a_text_are_nothing_special(stocked: Store) -> None:
    answer = rerank(stocked, query="[CLS]", documents=["[SEP]"])
    assert answer.prompt_eval_count == 5 + 5 + 3


def test_a_long_document_is_cut_to_the_room_that_the_query_leaves(stocked: Store) -> None:
    answer = rerank(stocked, query="hello world", documents=[LONG, "hello " * 123, "hello " * 122])
    assert answer.prompt_eval_count == 128 + 128 + 127
    cut, whole, shorter = scores(answer)
    assert cut == whole != shorter
    small = rerank(stocked, query="hello world", documents=[LONG], options={"num_ctx": 8})
    assert small.prompt_eval_count == 8
    exact = {"query": "hello", "documents": ["hello " * 124], "truncate": False}
    assert rerank(stocked, **exact).prompt_eval_count == 128


REFUSED: list[tuple[dict[str, Any], type[PyollamaError], str]] = [
    ({"model": " "}, NotFound, "model ' ' not found"),
    ({"model": "a b"}, BadRequest, "invalid model name"),
    ({"model": "r:cloud"}, Forbidden, "ollama cloud is disabled: remote model is unavailable"),
    ({"model": "x"}, NotFound, 'model "x" not found, try pulling it first'),
    ({"model": "x", "documents": []}, BadRequest, NO_DOCUMENTS),
    ({"documents": [""] * (MAX_DOCUMENTS + 1)}, BadRequest, TOO_MANY),
    ({"top_n": 0}, BadRequest, "top_n must be at least 1"),
    ({"top_n": -1}, BadRequest, "top_n must be at least 1"),
    ({"model": "small"}, BadRequest, '"small" does not support rerank'),
    ({"model": "e"}, BadRequest, '"e" does not support rerank'),
    ({"options": {"seed": "1"}}, OptionError, 'option "seed" must be of type integer'),
    ({"documents": ["a", LONG], "truncate": False}, BadRequest, TOO_LONG),
    ({"query": LONG}, BadRequest, NO_ROOM),
    ({"query": "hello " * 125}, BadRequest, NO_ROOM),
    ({"options": {"num_ctx": 1}}, BadRequest, NO_ROOM),
    ({"options": {"num_batch": 5}}, BadRequest, NO_ROOM),
]


@pytest.mark.parametrize(("fields", "kind", "words"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_is_refused_and_in_which_words(
    stocked: Store, fields: dict[str, Any], kind: type[PyollamaError], words: str
) -> None:
    with pytest.raises(PyollamaError) as caught:
        rerank(stocked, **fields)
    assert (type(caught.value), str(caught.value)) == (kind, words)


def test_a_model_that_makes_text_is_not_loaded(stocked: Store) -> None:
    async def scenario(serving: Serving) -> None:
        for name, n_loaded in (("small", 0), ("e", 1)):
            call = RerankRequest(model=name, query=QUERY, documents=DOCUMENTS)
            with pytest.raises(BadRequest, match="does not support rerank"):
                await serving.rerank(call)
            assert len(serving.running()) == n_loaded

    served.run(stocked, scenario)


def test_a_model_that_ranks_makes_no_embeddings_and_no_text(stocked: Store) -> None:
    async def scenario(serving: Serving) -> None:
        with pytest.raises(BadRequest, match=RANKS):
            await serving.embed(EmbedRequest(model="r", input="hello"))
        with pytest.raises(BadRequest, match=RANKS):
            await serving.embeddings(EmbeddingRequest(model="r", prompt="hello"))
        with pytest.raises(BadRequest, match='"r" does not support generate'):
            await serving.generate(served.generation("r"))
        assert (await serving.embed(EmbedRequest(model="r"))).embeddings == []

    served.run(stocked, scenario)


def test_all_documents_are_one_request_to_the_engine(
    stocked: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_rows, step = [], Model.states

    def counted(model: Model, batch: Any, cache: Any) -> Any:
        n_rows.append(len(batch.wanted))
        return step(model, batch, cache)

    monkeypatch.setattr(Model, "states", counted)
    answer = rerank(stocked)
    assert n_rows == [answer.prompt_eval_count]


def test_keep_alive_zero_answers_and_then_unloads(stocked: Store) -> None:
    async def scenario(serving: Serving) -> None:
        call = RerankRequest(model="r", query=QUERY, documents=["a"], keep_alive=Duration(0))
        await serving.rerank(call)
        await served.until(lambda: not serving.running())

    served.run(stocked, scenario)


def test_a_client_that_leaves_while_documents_are_read_stops_that(
    stocked: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_go_on, seen = threading.Event(), threading.Event(), []

    def slow(text: str, *_: Any) -> list[int]:
        seen.append(text)
        if text != QUERY:
            begun.set()
            assert may_go_on.wait(60)
        return [5]

    monkeypatch.setattr("pyollama.serving.rerank.plain", slow)

    async def scenario(serving: Serving) -> None:
        call = RerankRequest(model="r", query=QUERY, documents=["hello"] * 100)
        task = asyncio.ensure_future(serving.rerank(call))
        await served.until(begun.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        may_go_on.set()
        (slot,) = serving.scheduler.slots.values()
        assert slot.n_users == 0

    served.run(stocked, scenario)
    assert seen == [QUERY, "hello"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_errors(
    stocked: Store, monkeypatch: pytest.MonkeyPatch, bad: float
) -> None:
    monkeypatch.setattr(Model, "scores", lambda model, rows: np.array([[bad]], np.float32))
    with pytest.raises(BadRequest, match=NOT_FINITE):
        rerank(stocked)


def test_a_failing_engine_fails_the_request(
    stocked: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(encoder: Encoder) -> list[Encoded]:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(Encoder, "step", broken)
    with pytest.raises(EngineError, match="while running the model: out of luck"):
        rerank(stocked)
