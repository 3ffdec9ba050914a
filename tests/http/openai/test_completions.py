"""Completions, embeddings and lists of models."""

import struct
from base64 import b64decode
from typing import Any

import pytest
from fake_serving import FakeServing
from openai_requests import chunks
from starlette.testclient import TestClient

from pyollama.api import EmbedRequest, EmbedResponse, Float32s, Logprob, TokenLogprob
from pyollama.errors import EngineError

ENTRIES = [
    Logprob(token="ab", logprob=-0.5, top_logprobs=[TokenLogprob(token="c", logprob=-2.0)]),
    Logprob(token="d", logprob=-0.25),
]


def post(client: TestClient, **fields: Any) -> Any:
    return client.post("/v1/completions", json={"model": "m", "prompt": "p", **fields})


def test_no_context_of_a_next_request_is_asked_for(
    client: TestClient, serving: FakeServing
) -> None:
    assert post(client, logit_bias={"5": 1}).status_code == 200
    (steering,) = serving.steerings
    assert (steering.tells_context, steering.logit_bias) == (False, {5: 1.0})


def test_a_completion_has_the_form_of_openai(client: TestClient, serving: FakeServing) -> None:
    serving.prompt_eval_count = 9
    body = post(client).json()
    assert body.pop("id").startswith("cmpl-")
    assert body == {
        "object": "text_completion",
        "created": 0,
        "model": "m",
        "system_fingerprint": "fp_ollama",
        "choices": [{"text": "Hello you", "index": 0, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
    }


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({}, {}),
        ({"top_p": 0}, {}),
        ({"top_p": 0.5, "temperature": 0}, {"top_p": 0.5, "temperature": 0.0}),
        ({"max_tokens": 3, "seed": 1, "stop": ["a"]}, {"num_predict": 3, "seed": 1, "stop": ["a"]}),
        ({"stop": 7}, {}),
        ({"presence_penalty": 1}, {"presence_penalty": 1.0}),
    ],
)
def test_fields_become_options_with_penalties_always(
    client: TestClient, serving: FakeServing, fields: Any, options: dict[str, Any]
) -> None:
    assert post(client, suffix="s", **fields).status_code == 200
    call = serving.calls[-1]
    fixed = {"temperature": 1.0, "top_p": 1.0, "frequency_penalty": 0.0, "presence_penalty": 0.0}
    assert call.options == {**fixed, **options}
    assert (call.prompt, call.suffix) == ("p", "s")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"prompt": ["p"]},
            "json: cannot unmarshal array into Go struct field "
            "CompletionRequest.prompt of type string",
        ),
        (
            {"temperature": "1"},
            "json: cannot unmarshal string into Go struct field "
            "CompletionRequest.temperature of type float32",
        ),
        ({"stop": ["a", 1]}, "invalid type for 'stop' field: float64"),
        ({"stop": ["a", None]}, "invalid type for 'stop' field: <nil>"),
        (
            {"logprobs": True},
            "json: cannot unmarshal bool into Go struct field "
            "CompletionRequest.logprobs of type int",
        ),
    ],
)
def test_completions_that_are_refused(client: TestClient, fields: Any, message: str) -> None:
    answer = post(client, **fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == message


def test_a_streamed_completion_has_usage_everywhere_or_nowhere(
    client: TestClient, serving: FakeServing
) -> None:
    answer = post(client, stream=True)
    assert all("usage" not in chunk for chunk in chunks(answer)[:-1])
    *found, done = chunks(post(client, stream=True, stream_options={"include_usage": True}))
    assert done == "[DONE]"
    assert list(found[0]) == [
        "id",
        "object",
        "created",
        "choices",
        "model",
        "system_fingerprint",
        "usage",
    ]
    assert [chunk["usage"]["total_tokens"] for chunk in found] == [0, 0, 0, 4]
    assert [chunk["choices"] for chunk in found[2:]] == [
        [{"text": "", "index": 0, "finish_reason": "stop"}],
        [],
    ]


def test_a_failing_completion_says_so(client: TestClient, serving: FakeServing) -> None:
    serving.script = ["a", EngineError("broken")]
    assert chunks(post(client, stream=True))[-1]["error"]["message"] == "broken"


def test_log_probabilities_of_completions_are_lists_of_equal_length(
    client: TestClient, serving: FakeServing
) -> None:
    serving.script, serving.logprobs = ["abd"], ENTRIES
    expected = {
        "tokens": ["ab", "d"],
        "token_logprobs": [-0.5, -0.25],
        "top_logprobs": [{"c": -2}, {}],
        "text_offset": [0, 2],
    }
    assert post(client, logprobs=1).json()["choices"][0]["logprobs"] == expected
    serving.script = ["abd", "abd"]
    second = chunks(post(client, logprobs=1, stream=True))[1]["choices"][0]
    assert second["logprobs"] == {**expected, "text_offset": [3, 5]}


class FakeEmbedding:
    """Serving's embed."""

    def __init__(self, serving: FakeServing) -> None:
        self.calls: list[EmbedRequest] = []
        serving.embed = self.embed  # type: ignore[attr-defined]

    async def embed(self, call: EmbedRequest) -> EmbedResponse:
        self.calls.append(call)
        vector = Float32s("f", [0.6, 0, 0.8, 0])
        return EmbedResponse(model="m", embeddings=[vector, vector], prompt_eval_count=4)


@pytest.fixture
def embedding(serving: FakeServing) -> FakeEmbedding:
    return FakeEmbedding(serving)


def embed(client: TestClient, **fields: Any) -> Any:
    return client.post("/v1/embeddings", json={"model": "m", "input": ["a", "b"], **fields})


def test_vectors_are_numbers_or_the_base64_of_their_bytes(
    client: TestClient, embedding: FakeEmbedding
) -> None:
    answer = embed(client)
    assert answer.text == (
        '{"object":"list","data":[{"object":"embedding","embedding":[0.6,0,0.8,0],"index":0},'
        '{"object":"embedding","embedding":[0.6,0,0.8,0],"index":1}],'
        '"model":"m","usage":{"prompt_tokens":4,"total_tokens":4}}\n'
    )
    packed = embed(client, encoding_format="BASE64").json()["data"][1]["embedding"]
    assert packed == "mpkZPwAAAADNzEw/AAAAAA=="
    assert struct.unpack("<4f", b64decode(packed))[2] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"encoding_format": "hex"},
            "Invalid value for 'encoding_format' = hex. Supported values: ['float', 'base64'].",
        ),
        ({"input": []}, "invalid input"),
        ({"input": None}, "invalid input"),
    ],
)
def test_embeddings_that_are_refused(
    client: TestClient, embedding: FakeEmbedding, fields: Any, message: str
) -> None:
    answer = embed(client, **fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == message
    assert not embedding.calls


def test_an_empty_text_is_a_text(client: TestClient, embedding: FakeEmbedding) -> None:
    assert embed(client, input="").status_code == 200
    assert embedding.calls[-1].input == [""]


def test_a_store_without_models_lists_null(client: TestClient) -> None:
    assert client.get("/v1/models").text == '{"object":"list","data":null}\n'


def test_a_model_that_is_not_there(client: TestClient) -> None:
    answer = client.get("/v1/models/nope")
    assert answer.status_code == 404
    assert answer.json()["error"] == {
        "message": "model 'nope:latest' not found",
        "type": "not_found_error",
        "param": None,
        "code": None,
    }
