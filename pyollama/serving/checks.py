"""The checks that generate and chat share, each with Ollama's own words."""

from collections.abc import Iterable, Sequence

from pyollama.api import ChatRequest, GenerateRequest
from pyollama.errors import (
    BadRequest,
    Forbidden,
    NotFound,
    PyollamaError,
    refused_by_engine,
)
from pyollama.gotext import go_quoted
from pyollama.store import Name, Store, StoredModel, parse_name, split_source

CLOUD_DISABLED = "ollama cloud is disabled: remote model is unavailable"
Call = GenerateRequest | ChatRequest


def require_top_logprobs(call: Call) -> None:
    """Raise BadRequest unless top_logprobs is within its limits."""
    if not 0 <= call.top_logprobs <= 20:
        raise BadRequest("top_logprobs must be between 0 and 20")


def requested_name(raw_name: str) -> tuple[Name, str | None]:
    """The name in a request, and the source that its suffix selects.

    Raises BadRequest for an invalid name, Forbidden for a cloud model.
    """
    text, source = split_source(raw_name)
    name = parse_name(text)
    if source == "cloud":
        raise Forbidden(CLOUD_DISABLED)
    return name, source


def find_model(store: Store, raw_name: str) -> StoredModel:
    """The stored model that a request names; its source suffix is understood.

    Raises BadRequest for an invalid name, Forbidden for a cloud model, NotFound otherwise.
    """
    if not raw_name.strip():
        raise NotFound(f"model '{raw_name}' not found")
    name, source = requested_name(raw_name)
    try:
        stored = store.find(name)
    except NotFound as error:
        raise NotFound(f"model '{raw_name}' not found") from error
    if stored.config.remote_host:
        if source == "local":
            raise NotFound(f"model '{raw_name}' not found")
        raise Forbidden(CLOUD_DISABLED)
    return stored


def still_stored(store: Store, raw_name: str, models: Iterable[StoredModel]) -> StoredModel | None:
    """The one among models that a request names, if it is stored as it was when it was read."""
    try:
        name, _ = requested_name(raw_name)
    except PyollamaError:
        return None
    return next((each for each in models if each.name == name and store.is_current(each)), None)


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


def not_pulled(raw_name: str) -> NotFound:
    """The words for a model whose weights are wanted and are not here."""
    return NotFound(f"model {go_quoted(raw_name)} not found, try pulling it first")


def require_weights(stored: StoredModel, raw_name: str) -> None:
    """Raise NotFound if the manifest names weights that are not there."""
    if stored.model_layer is not None and not stored.has_weights:
        raise not_pulled(raw_name)


def require_text_only(images: Sequence[bytes]) -> None:
    """Raise BadRequest if there are images: no model that is run here sees any."""
    if images:
        raise refused_by_engine(
            "Multimodal data provided, but model does not support multimodal requests."
        )
