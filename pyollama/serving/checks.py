"""The checks that generate and chat share, each with Ollama's own words."""

from collections.abc import Sequence

from pyollama.api import ChatRequest, GenerateRequest
from pyollama.errors import (
    BadRequest,
    Forbidden,
    NotFound,
    PyollamaError,
    refused_by_engine,
)
from pyollama.store import Store, StoredModel, parse_name, split_source

CLOUD_DISABLED = "ollama cloud is disabled: remote model is unavailable"
Call = GenerateRequest | ChatRequest


def require_top_logprobs(call: Call) -> None:
    """Raise BadRequest unless top_logprobs is within its limits."""
    if not 0 <= call.top_logprobs <= 20:
        raise BadRequest("top_logprobs must be between 0 and 20")


def find_model(store: Store, raw_name: str) -> StoredModel:
    """The stored model that a request names; its source suffix is understood.

    Raises BadRequest for an invalid name, Forbidden for a cloud model, NotFound otherwise.
    """
    text, source = split_source(raw_name)
    if not raw_name.strip():
        raise NotFound(f"model '{raw_name}' not found")
    name = parse_name(text)
    if source == "cloud":
        raise Forbidden(CLOUD_DISABLED)
    try:
        stored = store.find(name)
    except NotFound as error:
        raise NotFound(f"model '{raw_name}' not found") from error
    if stored.config.remote_host:
        if source == "local":
            raise NotFound(f"model '{raw_name}' not found")
        raise Forbidden(CLOUD_DISABLED)
    return stored


def capabilities_of(stored: StoredModel) -> frozenset[str]:
    """What the model can do; nothing if its weights are missing or damaged."""
    try:
        return frozenset(stored.capabilities())
    except PyollamaError:
        return frozenset()


def may_think(call: Call, capabilities: frozenset[str]) -> bool:
    """Whether the answer may think: as asked, else as the model can.

    Raises BadRequest if it is asked of a model that cannot.
    """
    if call.think and "thinking" not in capabilities:
        raise BadRequest(f'"{call.model}" does not support thinking')
    return "thinking" in capabilities if call.think is None else bool(call.think)


def require_weights(stored: StoredModel, raw_name: str) -> None:
    """Raise NotFound if the manifest names weights that are not there."""
    if stored.model_layer is not None and not stored.has_weights:
        raise NotFound(f'model "{raw_name}" not found, try pulling it first')


def require_text_only(images: Sequence[bytes]) -> None:
    """Raise BadRequest if there are images: no model that is run here sees any."""
    if images:
        raise refused_by_engine(
            "Multimodal data provided, but model does not support multimodal requests."
        )
