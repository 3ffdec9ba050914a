"""The config blob of a new model: what its weights say, unless the request says otherwise."""

from typing import Any

from pyollama.errors import BadRequest
from pyollama.store.facts import GGUFFacts, human_number
from pyollama.store.types import CreateRequest
from pyollama_formats.gguf.file_types import file_type_name
from pyollama_formats.manifest import Config

__all__ = ["derive_config"]

INFO_TEXTS = {
    "model_family": "model_family",
    "base_name": "base_name",
    "quantization_level": "file_type",
    "parameter_size": "model_type",
}
INFO_NUMBERS = ("context_length", "embedding_length")
NEMOTRON = ("nemotron_h", "nemotron_h_moe", "nemotron_h_omni")


def derive_config(base: Config, facts: list[GGUFFacts], request: CreateRequest) -> Config:
    """The config of a model made of these weights; base is that of the model it is made from."""
    config = Config(
        model_format=base.model_format,
        renderer=request.renderer or base.renderer,
        parser=request.parser or base.parser,
        requires=request.requires or base.requires,
        capabilities=list(base.capabilities or []),
    )
    for weights in facts:
        config.model_format = "gguf"
        config.model_family = config.model_family or weights.architecture
        config.model_families = [*(config.model_families or []), weights.architecture]
        config.model_type = config.model_type or human_number(weights.parameter_count)
        config.file_type = config.file_type or file_type_name(weights.file_type)
    _apply_defaults(config)
    _apply_info(config, request.info)
    return config


def _apply_defaults(config: Config) -> None:
    """The renderer and parser that some architectures imply."""
    renderer = {"gemma4": "gemma4", "laguna": "laguna"}.get(config.model_family)
    renderer = "nemotron-3-nano" if config.model_family in NEMOTRON else renderer
    if renderer:
        config.renderer = config.renderer or renderer
        config.parser = config.parser or renderer


def _apply_info(config: Config, info: dict[str, Any]) -> None:
    """Overrides from the request's info; BadRequest for a value of the wrong type."""
    for key, attribute in INFO_TEXTS.items():
        if info.get(key) is not None:
            setattr(config, attribute, _text(key, info[key]))
    for key in INFO_NUMBERS:
        if info.get(key) is not None:
            setattr(config, key, _whole(key, info[key]))
    more = info.get("capabilities")
    if isinstance(more, list):
        config.capabilities = [*(config.capabilities or []), *filter(_is_text, more)]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadRequest(f'info field "{key}" must be a string')
    return value


def _whole(key: str, value: Any) -> int:
    """A number that is whole and not negative, whatever JSON wrote it as."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRequest(f'info field "{key}" must be a number')
    if value < 0 or value != value // 1:
        raise BadRequest(f'info field "{key}" must be a non-negative integer')
    return int(value)
