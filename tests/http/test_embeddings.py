"""/api/embed and /api/embeddings: the bytes of their answers, long ones, clients that leave."""

import asyncio
import json
import re
import time
from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import served
from hypothesis import given
from hypothesis import strategies as st
from random_bert import BertShape, write_random_bert
from starlette.testclient import TestClient

from pyollama.api import EmbedResponse
from pyollama.settings import Settings
from pyollama_http import gojson
from pyollama_http.app import create_app
from pyollama_http.gojson.float32 import float32s_text
from pyollama_http.native.embeddings import _answer

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?")


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server with the embedding model e and the text models small and other."""
    folder = tmp_path_factory.mktemp("bert")
    store = served.new_store(folder)
    path = write_random_bert(folder / "e.gguf", BertShape(n_layer=1))
    served.add_model(store, "e", path.read_bytes())
    with TestClient(
        create_app(Settings(models=store.root)), base_url="http://127.0.0.1:11434"
    ) as client:
        yield client


def test_an_answer_of_embed_byte_for_byte(bert: TestClient) -> None:
    response = bert.post("/api/embed", json={"model": "e", "input": ["hello", "world"]})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    vector = rf"\[{NUMBER.pattern}(?:,{NUMBER.pattern}){{63}}\]"
    times = r'"total_duration":\d+,"load_duration":\d+,"prompt_eval_count":6'
    body = rf'\{{"model":"e","embeddings":\[{vector},{vector}\],{times}\}}'
    assert re.fullmatch(body, response.text)
    for text in NUMBER.findall(response.text.partition("[[")[2].partition("]]")[0]):
        assert text == float32s_text(array("f", [float(text)]))[1:-1]
        assert len(text.lstrip("-0.").replace(".", "")) <= 9  # digits enough for 32 bits


def test_an_answer_of_embeddings_has_the_same_values_in_64_bits(bert: TestClient) -> None:
    short = bert.post("/api/embed", json={"model": "e", "input": "hello"}).json()["embeddings"][0]
    response = bert.post("/api/embeddings", json={"model": "e", "prompt": "hello"})
    (values,) = response.json().values()
    np.testing.assert_allclose(values, short, rtol=1e-6)
    assert values == [float(np.float32(value)) for value in values]
    assert any(len(str(value)) > 14 for value in values)  # all the digits of 64 bits


def test_dimensions_and_the_words_of_a_wrong_type(bert: TestClient) -> None:
    body = {"model": "e", "input": "hello", "dimensions": 8}
    assert len(bert.post("/api/embed", json=body).json()["embeddings"][0]) == 8
    response = bert.post("/api/embed", content=b'{"dimensions":"8"}')
    words = "json: cannot unmarshal string into Go struct field EmbedRequest.dimensions of type int"
    assert (response.status_code, response.json()) == (400, {"error": words})


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/embed", {"model": "small", "input": "a"}, 501),
        ("/api/embeddings", {"model": "small", "prompt": "a"}, 500),
        ("/api/embed", {"model": "x"}, 404),
        ("/api/embed", {"model": "x:cloud"}, 403),
        ("/api/embed", {"model": "e", "input": 1}, 400),
        ("/api/embed", {"model": "e", "options": {"seed": "1"}}, 500),
        ("/api/embed", {"model": "e", "input": "a " * 200, "truncate": False}, 400),
        ("/api/embeddings", {"model": "e", "prompt": "a " * 200}, 500),
    ],
)
def test_errors_have_their_status(
    bert: TestClient, path: str, body: dict[str, Any], status: int
) -> None:
    response = bert.post(path, json=body)
    assert response.status_code == status
    assert list(response.json()) == ["error"]


def test_an_embedding_model_makes_no_text(bert: TestClient) -> None:
    said = bert.post("/api/generate", json={"model": "e", "prompt": "hello"})
    assert (said.status_code, said.json()) == (400, {"error": '"e" does not support generate'})
    said = bert.post("/api/chat", json={"model": "e"})
    assert (said.status_code, said.json()) == (400, {"error": '"e" does not support chat'})
    assert bert.post("/api/chat", json={"model": "e", "keep_alive": 0}).json()["done"]


def test_tags_show_and_ps_tell_what_it_is(bert: TestClient) -> None:
    bert.post("/api/embed", json={"model": "e"})
    (listed,) = (m for m in bert.get("/api/tags").json()["models"] if m["name"] == "e:latest")
    assert listed["capabilities"] == ["embedding"]
    assert listed["details"]["embedding_length"] == 64
    assert bert.post("/api/show", json={"model": "e"}).json()["capabilities"] == ["embedding"]
    (running,) = (m for m in bert.get("/api/ps").json()["models"] if m["name"] == "e:latest")
    assert running["context_length"] == 128


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_values_of_32_bits_are_the_shortest_that_read_back(value: float) -> None:
    text = float32s_text(array("f", [value]))[1:-1]
    assert NUMBER.fullmatch(text)
    assert np.float32(text) == np.float32(value)
    digits = len(text.partition("e")[0].replace(".", "").strip("-0"))
    with np.errstate(over="ignore"):  # the largest values, rounded up
        for precision in range(1, digits):
            assert np.float32(f"{value:.{precision - 1}e}") != np.float32(value)
    assert ("e" in text) == (value != 0 and not np.float32(1e-6) <= abs(value) < 1e21)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (0.0, "0"), (-0.0, "-0"), (1.0, "1"), (1e-5, "0.00001"), (1.5e-7, "1.5e-7")],
)
def test_values_of_32_bits_are_written_as_go_does(value: float, text: str) -> None:
    assert gojson.encode(array("f", [float(value)])) == f"[{text}]".encode()


@pytest.mark.slow
def test_writing_a_long_answer_does_not_hold_up_the_event_loop() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((512, 1024)).astype(np.float32) / 32
    value = EmbedResponse(model="e", embeddings=[array("f", row.tobytes()) for row in rows])
    gaps: list[float] = []

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            gaps.append(time.perf_counter() - before)

    async def scenario() -> bytes:
        ticking = asyncio.ensure_future(tick())
        response = await _answer(value)
        ticking.cancel()
        return bytes(response.body)

    body = asyncio.run(scenario())
    np.testing.assert_array_equal(np.float32(json.loads(body)["embeddings"]), rows)
    assert len(gaps) > 10
    assert sorted(gaps)[-2] < 0.25  # the last one joins the parts
