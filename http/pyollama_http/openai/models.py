"""GET /v1/models and GET /v1/models/{model}: the native tags and show in OpenAI's form."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from pyollama.errors import PyollamaError
from pyollama_http import responses
from pyollama_http.native.models import find_shown
from pyollama_http.openai.dialect import OPENAI
from pyollama_http.openai.wire import Model, ModelList
from pyollama_http.parts import parts
from pyollama_http.translating import refusal

__all__ = ["list_models", "retrieve_model"]


async def list_models(request: Request) -> Response:
    """GET /v1/models: those of the store, the newest first."""
    try:
        store = await parts(request).store()
        tags = await asyncio.to_thread(store.tags)
    except PyollamaError as error:
        return refusal(OPENAI, error)
    models = [_model(each.name, each.modified_at, each.name) for each in tags.models]
    return responses.line(ModelList(object="list", data=models or None))


async def retrieve_model(request: Request) -> Response:
    """GET /v1/models/{model}: its id is the name as it was asked for."""
    raw_name = request.path_params["model"]
    try:
        store = await parts(request).store()
        stored = await asyncio.to_thread(find_shown, store, raw_name)
    except PyollamaError as error:
        return refusal(OPENAI, error)
    return responses.line(_model(raw_name, stored.modified, stored.name.short))


def _model(model_id: str, modified_at: int, name: str) -> Model:
    """A model; modified_at in nanoseconds, its short name tells the namespace."""
    namespace = name.rpartition("/")[0].rpartition("/")[2]
    return Model(
        id=model_id,
        object="model",
        created=modified_at // 10**9,
        owned_by=namespace or "library",
    )
