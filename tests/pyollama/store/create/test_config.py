"""The config: what the weights say, what the request overrides, what architectures imply."""

from collections.abc import Callable
from typing import Any

import pytest

from pyollama.errors import BadRequest
from pyollama.store import Store, parse_name
from pyollama.store.types import CreateRequest

Make = Callable[..., str]


def test_info_overrides_the_config(store: Store, make: Make) -> None:
    info = {"model_family": "famous", "parameter_size": "9B", "quantization_level": "Q9"}
    info |= {"context_length": 99, "embedding_length": 77.0, "capabilities": ["vision", 5]}  # type: ignore[dict-item]
    make("m", info=info)
    details = store.find(parse_name("m")).details()
    assert (details.family, details.families) == ("famous", ["llama"])
    assert (details.parameter_size, details.quantization_level) == ("9B", "Q9")
    assert (details.context_length, details.embedding_length) == (99, 77)
    assert store.find(parse_name("m")).config.capabilities == ["vision"]


@pytest.mark.parametrize(
    ("info", "message"),
    [
        ({"model_family": 1}, 'info field "model_family" must be a string'),
        ({"base_name": []}, 'info field "base_name" must be a string'),
        ({"quantization_level": True}, 'info field "quantization_level" must be a string'),
        ({"parameter_size": 9}, 'info field "parameter_size" must be a string'),
        ({"context_length": "x"}, 'info field "context_length" must be a number'),
        ({"context_length": True}, 'info field "context_length" must be a number'),
        ({"context_length": -1}, 'info field "context_length" must be a non-negative integer'),
        ({"embedding_length": 1.5}, 'info field "embedding_length" must be a non-negative integer'),
        ({"embedding_length": 1e300}, 'info field "embedding_length" must be a non-negative'),
        ({"embedding_length": 1e400}, 'info field "embedding_length" must be a non-negative'),
    ],
)
def test_info_of_the_wrong_type_is_refused_before_anything_is_written(
    store: Store, make: Make, info: dict[str, Any], message: str
) -> None:
    make("base")
    before = sorted((store.root / "blobs").iterdir())
    with pytest.raises(BadRequest) as caught:
        list(store.create(CreateRequest(model="m", from_="base", system="new", info=info)))
    assert str(caught.value).startswith(message)
    assert sorted((store.root / "blobs").iterdir()) == before


@pytest.mark.parametrize(
    ("architecture", "renderer"),
    [
        ("gemma4", "gemma4"),
        ("laguna", "laguna"),
        ("nemotron_h", "nemotron-3-nano"),
        ("nemotron_h_moe", "nemotron-3-nano"),
        ("nemotron_h_omni", "nemotron-3-nano"),
        ("llama", ""),
    ],
)
def test_some_architectures_imply_a_renderer_and_a_parser(
    store: Store, make: Make, architecture: str, renderer: str
) -> None:
    make("m", {"general.architecture": architecture})
    config = store.find(parse_name("m")).config
    assert (config.renderer, config.parser) == (renderer, renderer)
    make("n", {"general.architecture": architecture}, renderer="mine")
    config = store.find(parse_name("n")).config
    assert (config.renderer, config.parser) == ("mine", renderer)


def test_gemma4_stops_at_the_end_of_its_turn_unless_told_otherwise(
    store: Store, make: Make
) -> None:
    make("m", {"general.architecture": "gemma4"}, parameters={"top_k": 1})
    assert store.find(parse_name("m")).parameters == {"stop": ["<turn|>"], "top_k": 1}
    make("n", {"general.architecture": "gemma4"}, parameters={"stop": ["x"]})
    assert store.find(parse_name("n")).parameters == {"stop": ["x"]}
    list(store.create(CreateRequest(model="o", from_="n")))
    assert store.find(parse_name("o")).parameters == {"stop": ["x"]}


def test_renderer_parser_requires_and_capabilities_are_inherited(store: Store, make: Make) -> None:
    fields = {"renderer": "any text", "parser": "p", "requires": "v0.14"}
    make("base", **fields, info={"capabilities": ["tools"], "model_family": "mine"})
    list(store.create(CreateRequest(model="m", from_="base", info={"capabilities": ["vision"]})))
    config = store.find(parse_name("m")).config
    assert {key: getattr(config, key) for key in fields} == fields
    assert config.capabilities == ["tools", "vision"]
    assert config.model_family == "llama"  # which the weights say again
