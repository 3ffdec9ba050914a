"""The models of the store: /api/show, /api/copy, /api/delete, /api/create, /api/pull,
/api/push."""

import asyncio
from collections.abc import AsyncIterator, Iterator

from starlette.requests import Request
from starlette.responses import Response

from pyollama.errors import BadRequest, Forbidden, NotFound, PyollamaError
from pyollama.gotext import go_quoted
from pyollama.stepwise import in_thread
from pyollama.store import Name, Store, StoredModel, parse_name, split_source
from pyollama.store.types import (
    CopyRequest,
    CreateRequest,
    DeleteRequest,
    ProgressResponse,
    PullRequest,
    PushRequest,
    ShowRequest,
    ShowResponse,
)
from pyollama_http import gojson, responses
from pyollama_http.body import decoded
from pyollama_http.errors import status_of
from pyollama_http.parts import parts
from pyollama_http.streams import closing, ndjson, unless_gone

__all__ = ["copy", "create", "delete", "find_shown", "pull", "push", "show"]

CLOUD_DISABLED = "ollama cloud is disabled: remote model details are unavailable"
COPILOT = "GitHubCopilotChat/"  # its versions expect their own name back in general.basename


async def show(request: Request) -> Response:
    """POST /api/show: everything there is to know of a model."""
    call = await decoded(request, ShowRequest)
    is_copilot = request.headers.get("user-agent", "").startswith(COPILOT)
    store = await parts(request).store()
    body = await asyncio.to_thread(_shown, store, call, is_copilot)
    return responses.text(body, content_type=responses.JSON)


def _shown(store: Store, call: ShowRequest, is_copilot: bool) -> bytes:
    """The answer's bytes; with verbose they hold a whole vocabulary."""
    raw_name = call.model or call.name
    model = find_shown(store, raw_name)
    shown: ShowResponse = store.show(
        model, verbose=call.verbose, system=call.system, options=call.options
    )
    if is_copilot:
        shown.model_info = dict(sorted((shown.model_info | {"general.basename": raw_name}).items()))
    return gojson.encode(shown)


def find_shown(store: Store, raw_name: str) -> StoredModel:
    """The model to show; a cloud model, or a stored stand-in of one, is refused."""
    text, source = split_source(_required(raw_name))
    name = parse_name(text)
    if source == "cloud":
        raise Forbidden(CLOUD_DISABLED)
    model = store.find(name)
    if model.config.remote_host:
        raise Forbidden(CLOUD_DISABLED)
    return model


def _required(raw_name: str) -> str:
    """The name, or BadRequest if there is none."""
    if not raw_name.strip():
        raise BadRequest("model is required")
    return raw_name


async def copy(request: Request) -> Response:
    """POST /api/copy: give a model a second name. Source suffixes are part of the names here."""
    call = await decoded(request, CopyRequest)
    source = _valid("source", call.source)
    destination = _valid("destination", call.destination)
    store = await parts(request).store()
    try:
        await asyncio.to_thread(store.copy, source, destination)
    except NotFound as error:
        raise NotFound(f"model {go_quoted(call.source)} not found") from error
    return responses.empty()


def _valid(role: str, raw_name: str) -> Name:
    """The name, or BadRequest that says which one is wrong."""
    try:
        return parse_name(raw_name)
    except BadRequest as error:
        raise BadRequest(f"{role} {go_quoted(raw_name)} is invalid") from error


async def delete(request: Request) -> Response:
    """DELETE /api/delete: forget a model, and the layers that no other model uses."""
    call = await decoded(request, DeleteRequest)
    raw_name = _required(call.model or call.name)
    text = _with_cloud_tag(raw_name)
    try:
        name = parse_name(text)
    except BadRequest as error:
        raise BadRequest(f"name {go_quoted(raw_name)} is invalid") from error
    try:
        store = await parts(request).store()
        await asyncio.to_thread(store.delete, name)
    except NotFound as error:
        raise NotFound(f"model '{raw_name}' not found") from error
    return responses.empty()


def _with_cloud_tag(raw_name: str) -> str:
    """The name without ``:local``; here a cloud suffix is part of the tag: m:cloud, m:8b-cloud."""
    text, source = split_source(raw_name)
    if source != "cloud":
        return text
    return text + ("-cloud" if ":" in text.rpartition("/")[2] else ":cloud")


async def create(request: Request) -> Response:
    """POST /api/create: lines of progress, the last of which is {"status":"success"}."""
    call = await decoded(request, CreateRequest)
    store = await parts(request).store()
    lines = store.create(call)  # checks the request; drawing the lines does the work
    return await _progress(request, call.stream, _created(store, call, lines))


async def _created(
    store: Store, call: CreateRequest, lines: Iterator[ProgressResponse]
) -> AsyncIterator[ProgressResponse]:
    """The lines of a creation, behind those of a pull if the base is not here."""
    async with closing(store.pull_base(call)) as pulled:
        async for line in pulled:
            yield line
    async with closing(in_thread(lines)) as made:
        async for line in made:
            yield line


async def pull(request: Request) -> Response:
    """POST /api/pull: lines of progress, the last of which is {"status":"success"}."""
    call = await decoded(request, PullRequest)
    name = parse_name(_with_cloud_tag(call.model or call.name))
    store = await parts(request).store()
    return await _progress(request, call.stream, store.pull(name, insecure=call.insecure))


async def push(request: Request) -> Response:
    """POST /api/push: lines of progress, the last of which is {"status":"success"}."""
    call = await decoded(request, PushRequest)
    raw_name = call.model or call.name
    if not raw_name:
        raise BadRequest("model is required")
    store = await parts(request).store()
    return await _progress(request, call.stream, store.push(raw_name, insecure=call.insecure))


async def _progress(
    request: Request, stream: bool | None, lines: AsyncIterator[ProgressResponse]
) -> Response:
    """All lines as they come, or the last one alone."""
    if stream is not False:
        return await ndjson(request, lines)
    try:
        async with closing(lines):
            last = await unless_gone(request, _last(lines))
    except PyollamaError as error:
        return responses.error(str(error), status_of(error), responses.JSON_OF_STREAM)
    return responses.answer(last, content_type=responses.JSON_OF_STREAM)


async def _last(lines: AsyncIterator[ProgressResponse]) -> ProgressResponse:
    """The line that all of them lead to."""
    return [line async for line in lines][-1]
