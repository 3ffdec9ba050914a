"""Options: names, defaults, types and refusals."""

from typing import Any

import pytest

from pyollama.errors import BadRequest, OptionError
from pyollama.sampling import Options, parse_options, require_valid


def test_defaults_are_ollamas() -> None:
    options = parse_options({}, {})
    assert options == Options()
    assert (options.temperature, options.top_k, options.top_p) == (0.8, 40, 0.9)
    assert (options.repeat_penalty, options.repeat_last_n, options.num_keep) == (1.0, 64, 4)
    assert options.num_ctx is None


def test_the_request_goes_over_the_model_and_the_model_over_the_defaults() -> None:
    options = parse_options(
        {"temperature": 0.1, "top_k": 5, "stop": ["a", "b"]}, {"top_k": 7, "stop": ["c"]}
    )
    assert (options.temperature, options.top_k, options.stop) == (0.1, 7, ("c",))


def test_null_and_unknown_options_are_ignored() -> None:
    request = {"top_k": None, "mirostat": 2, "tfs_z": "x", "Top_K": 3}
    assert parse_options({"top_k": 5}, request) == Options(top_k=5)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.9, 1), (-1.9, -1), (7, 7), (1e300, -(2**63)), (-1e300, -(2**63)), (10**400, -(2**63))],
)
def test_integers_take_any_number_and_cut_the_fraction_off(value: float, expected: int) -> None:
    assert parse_options({}, {"num_ctx": value}).num_ctx == expected


@pytest.mark.parametrize("name", ["seed", "top_k", "repeat_last_n", "num_keep"])
def test_integers_of_the_engine_wrap_to_32_bits(name: str) -> None:
    assert getattr(parse_options({}, {name: 3_000_000_000}), name) == -1_294_967_296


def test_floats_take_integers() -> None:
    temperature = parse_options({}, {"temperature": 1}).temperature
    assert (temperature, type(temperature)) == (1.0, float)


@pytest.mark.parametrize(
    ("name", "value", "type_name"),
    [
        ("seed", "1", "of type integer"),
        ("num_ctx", True, "of type integer"),
        ("num_predict", [1], "of type integer"),
        ("temperature", "hot", "of type float32"),
        ("top_p", False, "of type float32"),
        ("use_mmap", 1, "of type boolean"),
        ("stop", "text", "of type array"),
        ("stop", ["a", 5], "of an array of strings"),
    ],
)
def test_wrong_types_are_refused_in_ollamas_words(name: str, value: Any, type_name: str) -> None:
    for parameters, request in ({}, {name: value}), ({name: value}, {}):
        with pytest.raises(OptionError) as error:
            parse_options(parameters, request)
        assert str(error.value) == f'option "{name}" must be {type_name}'


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            {"repeat_last_n": -1},
            "Field 'repeat_last_n': Value must be between 0 <= value <= 2147483647, but got -1",
        ),
        (
            {"repeat_last_n": 3_000_000_000},
            "Field 'repeat_last_n': Value must be between 0 <= value <= 2147483647, "
            "but got -1294967296",
        ),
        (
            {"num_keep": -2},
            "Field 'n_keep': Value must be between -1 <= value <= 2147483647, but got -2",
        ),
        (
            {"repeat_penalty": 0},
            "Failed to initialize samplers: penalty_repeat must be finite and greater than 0",
        ),
        (
            {"repeat_penalty": float("inf")},
            "Failed to initialize samplers: penalty_repeat must be finite and greater than 0",
        ),
    ],
)
def test_values_that_the_engine_refuses(option: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequest) as error:
        require_valid(parse_options({}, option))
    start, end = '{"error":{"code":400,"message":"', '","type":"invalid_request_error"}}'
    assert str(error.value) == start + message + end


def test_the_defaults_and_the_limits_pass() -> None:
    require_valid(Options())
    require_valid(Options(repeat_last_n=0, num_keep=-1, repeat_penalty=1e-9))
