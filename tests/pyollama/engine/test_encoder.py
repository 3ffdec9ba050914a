"""The engine of embeddings: texts in order, several to a pass, none depending on another."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from random_bert import BertShape, bert_vocabulary, write_random_bert
from random_gguf import LLAMA, write_random_model

from pyollama.engine import Encoded, Encoder, EncodeRequest
from pyollama.engine.encoder import PAGES_PER_PASS, ROWS_PER_PASS, whole_texts
from pyollama.models.loader import Model, load_model
from pyollama.models.pooling import Pooling, PoolingType, pool
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import open_gguf
from pyollama_tensor.types import F32

RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = write_random_bert(tmp_path_factory.mktemp("bert") / "bert.gguf", BertShape(n_layer=1))
    with open_gguf(path) as file:
        return load_model(file)


def texts_of(*lengths: int) -> list[list[int]]:
    return [RNG.integers(0, len(bert_vocabulary()), n).tolist() for n in lengths]


def finished(encoder: Encoder) -> list[Encoded]:
    """Step until there is nothing left to do; gives every event."""
    events = []
    while encoder.busy:
        events += encoder.step()
    return events


def alone(model: Model, text: list[int]) -> F32:
    request = EncodeRequest([text])
    encoder = Encoder(model, 128)
    encoder.add(request)
    encoder.step()
    return request.vectors[0]


def test_each_text_gets_the_vector_that_it_gets_alone(model: Model) -> None:
    encoder, texts = Encoder(model, 128), texts_of(3, 128, 1, 40, 128, 128, 128, 7)
    requests = [EncodeRequest(texts[:5]), EncodeRequest(texts[5:])]
    for request in requests:
        encoder.add(request)
    finished(encoder)
    vectors = [vector for request in requests for vector in request.vectors]
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_array_equal(vector, alone(model, text))


def test_requests_end_in_the_order_in_which_they_came(model: Model) -> None:
    encoder = Encoder(model, 128)
    requests = [EncodeRequest(texts_of(*[128] * n)) for n in (6, 1, 2)]
    for request in requests:
        encoder.add(request)
    assert [event.request for event in finished(encoder)] == requests


def test_short_texts_share_a_pass_and_long_ones_do_not(model: Model) -> None:
    encoder = Encoder(model, 128)
    encoder.add(EncodeRequest(texts_of(*[2] * PAGES_PER_PASS)))
    assert len(encoder.step()) == 1  # each on a page of its own, and no page is left
    n = ROWS_PER_PASS // 128
    request = EncodeRequest(texts_of(*[128] * (n + 1)))
    encoder.add(request)
    assert encoder.step() == []
    assert len(request.vectors) == n
    assert [event.request for event in encoder.step()] == [request]


def test_a_cancelled_request_is_not_worked_on(model: Model) -> None:
    encoder = Encoder(model, 128)
    dropped, kept = EncodeRequest(texts_of(*[128] * 9)), EncodeRequest(texts_of(5))
    encoder.add(dropped)
    encoder.add(kept)
    encoder.step()
    encoder.cancel(dropped)
    encoder.cancel(dropped)
    assert [event.request for event in encoder.step()] == [kept]
    assert not encoder.busy


def test_tokens_are_counted(model: Model) -> None:
    assert EncodeRequest(texts_of(3, 9)).prompt_eval_count == 12


@pytest.mark.parametrize(
    ("n_ctx", "n_batch", "longest"),
    [
        (128, 0, 128),
        (8, 0, 8),  # a batch is no larger than the context
        (8, 64, 64),  # the context itself is rounded up to 256
        (128, 5, 5),
        (128, 4096, 128),  # what the model knows
    ],
)
def test_the_longest_text(model: Model, n_ctx: int, n_batch: int, longest: int) -> None:
    encoder = Encoder(model, n_ctx, n_batch)
    assert [encoder.fits(n) for n in (0, 1, longest, longest + 1)] == [False, True, True, False]


def test_a_decoder_embeds_what_its_rows_see_before_them(tmp_path: Path) -> None:
    path = write_random_model(tmp_path / "m.gguf", LLAMA, GGMLType.F32)
    with open_gguf(path) as file:
        pooling = Pooling(PoolingType.LAST, normalizes=True)
        model = replace(load_model(file), pooling=pooling)
    encoder, text = Encoder(model, 64), [5, 9, 7, 30]
    requests = [EncodeRequest([text, text[:2]]), EncodeRequest([[*text[:2], 11]])]
    for request in requests:
        encoder.add(request)
    encoder.step()
    rows = model.states(whole_texts([text], model), model.new_cache_for_one_pass(4))
    np.testing.assert_array_equal(pool(rows, pooling), requests[0].vectors[0])
    np.testing.assert_array_equal(pool(rows[:2], pooling), requests[0].vectors[1])
