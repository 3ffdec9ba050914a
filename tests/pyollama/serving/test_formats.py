"""The field `format`, from the request's bytes to an answer within it."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import served

from pyollama.api import RawJSON
from pyollama.errors import BadRequest, EngineError
from pyollama.grammar import TokenTable
from pyollama.serving import Serving
from pyollama.serving.formats import AfterThinking, constraint_for
from pyollama.serving.loaded import LoadedModel
from pyollama.store import Store
from pyollama_conformance.chain_model import chain_model

SAID = ('{"answer"', ": 42", ', "ok"', ": true", "}")  # by the model `json`, whatever it is asked
BYTES = TokenTable([bytes([value]) for value in range(256)], frozenset())
LOADED = cast(LoadedModel, SimpleNamespace(token_table=BYTES))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The models small and other, and json."""
    store = served.new_store(tmp_path_factory.mktemp("store"))
    served.add_model(store, "json", chain_model(pieces=SAID))
    return store


def schema(value: Any) -> RawJSON:
    return RawJSON(json.dumps(value).encode())


@pytest.mark.parametrize("format", [None, RawJSON(b"null"), RawJSON(b'""'), RawJSON(b"")])
def test_no_format_is_no_constraint(format: RawJSON | None) -> None:
    assert constraint_for(format, LOADED) is None


def test_json_and_a_schema_constrain() -> None:
    for format in (RawJSON(b'"json"'), RawJSON(b"{}"), RawJSON(b' {"type": "object"}\n')):
        constraint = constraint_for(format, LOADED)
        assert constraint is not None
        assert constraint.allows(ord("{"))
        assert not constraint.allows(ord("["))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b'"xml"', r'"\"xml\""'),
        (b'"JSON"', r'"\"JSON\""'),
        (b"5", '"5"'),
        (b"true", '"true"'),
        (b"[]", '"[]"'),
        (b'"{}"', r'"\"{}\""'),
    ],
)
def test_what_is_no_format_is_refused(text: bytes, shown: str) -> None:
    with pytest.raises(EngineError) as caught:
        constraint_for(RawJSON(text), LOADED)
    expected = f'invalid format: {shown}; expected "json" or a valid JSON Schema object'
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"type": "bogus"},
            "Field 'json_schema': \"json_schema\": JSON schema conversion failed:\n"
            'Unrecognized schema: {"type":"bogus"}',
        ),
        ({"anyOf": []}, "Failed to initialize samplers: failed to parse grammar"),
    ],
)
def test_a_schema_that_cannot_be_converted_is_refused_by_the_engine(
    value: Any, message: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        constraint_for(schema(value), LOADED)
    error = {"code": 400, "message": message, "type": "invalid_request_error"}
    assert json.loads(str(caught.value)) == {"error": error}


def answered(store: Store, format: RawJSON, model: str = "small", **more: Any) -> str:
    """The whole answer of a greedy generation of at most 60 tokens; more: other options."""
    options = {"temperature": 0, "num_predict": 60, **more}
    call = served.generation(model, format=format, options=options)
    return served.run(store, lambda serving: served.text_of(serving, call))


def test_what_a_model_says_within_the_format_is_left_as_it_is(store: Store) -> None:
    properties = {"answer": {"type": "integer"}, "ok": {"type": "boolean"}}
    wanted = {"properties": properties, "required": ["answer", "ok"]}
    for format in (RawJSON(b'"json"'), RawJSON(b"{}"), schema(wanted)):
        assert answered(store, format, "json") == "".join(SAID)


@pytest.mark.parametrize("temperature", [0, 2])
def test_a_random_model_says_json(store: Store, temperature: float) -> None:
    wanted = {
        "properties": {
            "b": {"enum": ["x", "y"]},
            "a": {"items": {"type": "boolean"}, "minItems": 2, "maxItems": 2},
            "c": {"type": "integer", "minimum": 10, "maximum": 99},
        },
        "required": ["a", "b", "c"],
    }
    said = json.loads(answered(store, schema(wanted), temperature=temperature, num_predict=400))
    assert list(said) == ["b", "a", "c"]
    assert said["b"] in ("x", "y")
    assert len(said["a"]) == 2
    assert 10 <= said["c"] <= 99


def test_answers_with_and_without_a_format_run_side_by_side(store: Store) -> None:
    const = schema({"const": "beside"})

    async def scenario(serving: Serving) -> list[str]:
        calls = [served.generation(format=const, options={"num_predict": 60, "temperature": 0})]
        calls += [served.generation(), served.generation(format=const, options={"num_predict": 60})]
        return await asyncio.gather(*(served.text_of(serving, call) for call in calls))

    alone = served.run(store, lambda serving: served.text_of(serving, served.generation()))
    first, free, last = served.run(store, scenario, num_parallel=3)
    assert [json.loads(first), json.loads(last), free] == ["beside", "beside", alone]


def test_the_same_seed_says_the_same_within_a_format(store: Store) -> None:
    texts = {answered(store, RawJSON(b'"json"'), temperature=3, seed=5) for _ in range(2)}
    assert len(texts) == 1


def test_the_table_of_a_model_is_made_once(store: Store) -> None:
    async def scenario(serving: Serving) -> bool:
        await served.text_of(serving, served.generation(format=RawJSON(b"{}")))
        loaded = next(iter(serving.scheduler.slots.values())).loaded
        assert loaded is not None
        table = loaded.token_table
        await served.text_of(serving, served.generation(format=RawJSON(b'"json"')))
        return loaded.token_table is table

    assert served.run(store, scenario)


@pytest.mark.parametrize("size", [1, 3, 20])
def test_where_the_engine_splits_off_thinking_a_format_waits_for_its_end(size: int) -> None:
    inner = constraint_for(RawJSON(b'{"enum": ["ab"]}'), LOADED)
    assert inner is not None
    text = b"so {free} </th </think>"
    pieces = [text[place : place + size] for place in range(0, len(text), size)]
    table = [*pieces, b"x"]
    constraint = AfterThinking(inner, lambda token: table[token], 256)
    for token in range(len(pieces)):
        assert constraint.allows(ord("x"))
        assert constraint.mask().all()
        assert not constraint.is_done
        constraint.accept(token)
    assert not constraint.allows(ord("x"))
    assert np.flatnonzero(constraint.mask()).tolist() == [ord('"')]
    for byte in b'"ab"':
        assert constraint.allows(byte)
        constraint.accept(byte)
