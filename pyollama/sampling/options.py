"""The options of a request: their names, types and defaults, as Ollama has them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from pyollama.errors import BadRequest, OptionError

INT32_MAX = 2**31 - 1
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class SamplerOptions:
    """What decides how the next token is drawn."""

    seed: int = -1  # -1 draws a seed
    top_k: int = 40  # 0 or less: off
    top_p: float = 0.9  # 1 or more: off
    min_p: float = 0.0  # 0 or less: off
    typical_p: float = 1.0  # 1 or more: off
    repeat_last_n: int = 64  # how many tokens the penalties look back; 0: none
    temperature: float = 0.8  # 0 or less: the likeliest token
    repeat_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0


@dataclass(frozen=True)
class Options(SamplerOptions):
    """All options. Changing num_ctx, num_batch or num_thread reloads a model; num_gpu, main_gpu,
    use_mmap and draft_num_predict are understood and change nothing on a CPU.
    """

    num_keep: int = 4  # tokens kept at the front when the context shifts; -1: the whole prompt
    num_predict: int = -1  # tokens to generate; negative: open-ended
    stop: tuple[str, ...] = ()

    num_ctx: int | None = None  # None: neither the model nor the request says
    num_batch: int = 512
    num_gpu: int = -1
    main_gpu: int | None = None
    use_mmap: bool | None = None
    num_thread: int = 0  # 0: as many as the machine has
    draft_num_predict: int = 4


def parse_options(parameters: Mapping[str, Any], request: Mapping[str, Any]) -> Options:
    """The defaults, overlaid by the model's stored parameters, overlaid by the request's options.

    Unknown keys and nulls are ignored. OptionError, in Ollama's words, for a wrong type.
    """
    values = {
        name: _READERS[name](name, value)
        for source in (parameters, request)
        for name, value in source.items()
        if value is not None and name in _READERS
    }
    return Options(**values)


def require_valid(options: Options) -> None:
    """Refuse what the engine refuses when a run starts: BadRequest, in llama.cpp's words."""
    _check_range("repeat_last_n", options.repeat_last_n, 0)
    _check_range("n_keep", options.num_keep, -1)
    if not (isfinite(options.repeat_penalty) and options.repeat_penalty > 0):
        raise _refusal(
            "Failed to initialize samplers: penalty_repeat must be finite and greater than 0"
        )


def _check_range(field: str, value: int, lowest: int) -> None:
    if not lowest <= value <= INT32_MAX:
        limits = f"{lowest} <= value <= {INT32_MAX}"
        raise _refusal(f"Field '{field}': Value must be between {limits}, but got {value}")


def _refusal(message: str) -> BadRequest:
    """llama.cpp's error object, which Ollama passes on as text."""
    error = {"code": 400, "message": message, "type": "invalid_request_error"}
    return BadRequest(json.dumps({"error": error}, separators=(",", ":")))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _integer(name: str, value: Any) -> int:
    """Any number, its fraction cut off; what 64 bits cannot hold becomes the least of them."""
    if not _is_number(value):
        raise OptionError(f'option "{name}" must be of type integer')
    number = float(value) if abs(value) < 2**1000 else float("inf")
    if not INT64_MIN <= number <= INT64_MAX:  # also infinity and what is not a number
        return INT64_MIN
    return min(int(number), INT64_MAX)


def _integer32(name: str, value: Any) -> int:
    """An integer that the engine keeps in 32 bits: larger ones wrap around."""
    return (_integer(name, value) + 2**31) % 2**32 - 2**31


def _float(name: str, value: Any) -> float:
    if not _is_number(value):
        raise OptionError(f'option "{name}" must be of type float32')
    return float(value)


def _boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise OptionError(f'option "{name}" must be of type boolean')
    return value


def _strings(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise OptionError(f'option "{name}" must be of type array')
    if not all(isinstance(item, str) for item in value):
        raise OptionError(f'option "{name}" must be of an array of strings')
    return tuple(value)


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("num_keep", "seed", "top_k", "repeat_last_n"), _integer32),
    **dict.fromkeys(("num_predict", "num_ctx", "num_batch", "num_gpu", "main_gpu"), _integer),
    **dict.fromkeys(("num_thread", "draft_num_predict"), _integer),
    **dict.fromkeys(("top_p", "min_p", "typical_p", "temperature", "repeat_penalty"), _float),
    **dict.fromkeys(("presence_penalty", "frequency_penalty"), _float),
    "use_mmap": _boolean,
    "stop": _strings,
}
