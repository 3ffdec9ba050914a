"""The config of a new model: what its weights say, unless the request says otherwise."""

from typing import Any

from pyollama.errors import BadRequest
from pyollama.store.create.assembly import Assembly
from pyollama.store.facts import GGUFFacts, human_number
from pyollama_formats.gguf.file_types import file_type_name
from pyollama_formats.manifest import Config

__all__ = ["apply_info", "apply_request", "apply_weights"]

INFO_TEXTS = {
    "model_family": "model_family",
    "base_name": "base_name",
    "quantization_level": "file_type",
    "parameter_size": "model_type",
}
INFO_NUMBERS = ("context_length", "embedding_length")
RENDERERS = {  # of an architecture, where the request and the base name none; parsers likewise
    "gemma4": "gemma4",
    "laguna": "laguna",
    "nemotron_h": "nemotron-3-nano",
    "nemotron_h_moe": "nemotron-3-nano",
    "nemotron_h_omni": "nemotron-3-nano",
}
STOPS = {"gemma4": ["<turn|>"]}  # of an architecture, where no other stop is given


def apply_request(new: Assembly) -> None:
    """What the request says in fields of their own."""
    config, request = new.config, new.request
    config.renderer = request.renderer or config.renderer
    config.parser = request.parser or config.parser
    config.requires = request.requires or config.requires
    apply_info(config, request.info)


def apply_weights(new: Assembly) -> None:
    """What the files say, where nobody has said it yet."""
    for part in new.parts:
        if part.facts is not None and not part.is_draft:
            _apply_file(new.config, part.facts)
        if part.facts is not None and part.is_model:
            _apply_architecture(new, part.facts.architecture)


def _apply_file(config: Config, facts: GGUFFacts) -> None:
    config.model_format = config.model_format or "gguf"
    config.model_family = config.model_family or facts.architecture
    config.model_families = [*(config.model_families or []), facts.architecture]
    config.model_type = config.model_type or human_number(facts.parameter_count)
    config.file_type = config.file_type or file_type_name(facts.file_type)


def _apply_architecture(new: Assembly, architecture: str) -> None:
    """The renderer, the parser and the stop that some architectures imply."""
    renderer = RENDERERS.get(architecture, "")
    new.config.renderer = new.config.renderer or renderer
    new.config.parser = new.config.parser or renderer
    if architecture in STOPS:
        new.parameters.setdefault("stop", STOPS[architecture])


def apply_info(config: Config, info: dict[str, Any]) -> None:
    """Overrides from the request's info; BadRequest for a value of the wrong type."""
    for key, attribute in INFO_TEXTS.items():
        if info.get(key) is not None:
            setattr(config, attribute, _text(key, info[key]))
    for key in INFO_NUMBERS:
        if info.get(key) is not None:
            setattr(config, key, _whole(key, info[key]))
    more = info.get("capabilities")
    if isinstance(more, list):
        config.capabilities = [*config.capabilities, *filter(_is_text, more)]


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
    if not 0 <= value < 2**63 or value != value // 1:
        raise BadRequest(f'info field "{key}" must be a non-negative integer')
    return int(value)
