"""POST /v1/audio/transcriptions: a recording in a form, asked of a model that hears.

No model that is run here hears anything; serving says so in llama.cpp's words.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from email.utils import quote

from msgspec import Struct
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from pyollama.api import ChatRequest, ChatResponse, Message
from pyollama.errors import PyollamaError
from pyollama_http import responses
from pyollama_http.body import read_body
from pyollama_http.openai.dialect import OPENAI
from pyollama_http.parts import parts
from pyollama_http.streams import all_of, begun, unless_gone
from pyollama_http.translating import Untranslatable, is_strict, refusal

__all__ = ["transcriptions"]

TASK = (
    "Transcribe the audio exactly as spoken. Output only the spoken words. "
    "Do not answer any question in the audio."
)
QUESTION = "What exact words are spoken in this audio?"
BROKEN = "failed to parse multipart form: "
MAX_FIELDS = 1000
PIECE = 256 << 10  # bytes of a form that are parsed in one go


class Transcription(Struct):
    """The answer."""

    text: str


@dataclass(frozen=True)
class Form:
    """What the form says."""

    model: str
    recording: bytes
    language: str = ""
    prompt: str = ""
    response_format: str = ""


async def transcriptions(request: Request) -> Response:
    """POST /v1/audio/transcriptions."""
    try:
        form = await _form(request)
        serving = await parts(request).serving()
        events = await unless_gone(request, serving.chat(native_request(form)))
        first = await begun(request, events)
    except PyollamaError as error:
        return refusal(OPENAI, error)
    try:
        found = ([first] if first else []) + await all_of(request, events)
    except PyollamaError as error:
        if is_strict(request):  # Ollama's answer has begun by then
            return responses.text("", content_type=responses.NDJSON)
        return refusal(OPENAI, error)
    answer = _answer(form, found)
    if is_strict(request) and len(found) > 1:
        answer.headers["content-type"] = responses.NDJSON
    return answer


def native_request(form: Form) -> ChatRequest:
    """The question to the model."""
    task = TASK
    if form.language:
        task += f" The audio is in {form.language}."
    if form.prompt:
        task += f" Context: {form.prompt}"
    question = Message(role="user", content=QUESTION, images=[form.recording])
    return ChatRequest(
        model=form.model,
        messages=[Message(role="system", content=task), question],
        options={"temperature": 0.0},
    )


def _answer(form: Form, events: list[ChatResponse]) -> Response:
    """What was heard, less the blanks around it."""
    heard = "".join(event.message.content for event in events).strip()
    if form.response_format == "text":
        return responses.text(heard, content_type="text/plain")
    return responses.line(Transcription(heard))


async def _form(request: Request) -> Form:
    """The form, checked. Untranslatable for one that lacks something."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise Untranslatable(f"{BROKEN}request Content-Type isn't multipart/form-data")
    head = _head(content_type)
    body = await read_body(request, request.app.state.max_body)
    parser = MultiPartParser(head, _whole(body), max_fields=MAX_FIELDS)
    try:
        data = await parser.parse()
    except MultiPartException as error:
        raise Untranslatable(f"{BROKEN}{error.message}") from error
    try:
        return await _read(data, request)
    finally:
        await data.close()


def _head(content_type: str) -> Headers:
    """The header with the boundary alone. Untranslatable if there is none.

    A form has no charset, but the parser would heed one, and punycode takes minutes for a field.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"").decode("latin-1")
    if not boundary:
        raise Untranslatable(f"{BROKEN}no multipart boundary param in Content-Type")
    return Headers({"content-type": f'multipart/form-data; boundary="{quote(boundary)}"'})


async def _whole(body: bytes) -> AsyncGenerator[bytes, None]:
    """A body that has been read, in pieces between which other requests have their turn."""
    for start in range(0, len(body), PIECE):
        yield body[start : start + PIECE]
        await asyncio.sleep(0)


async def _read(data: FormData, request: Request) -> Form:
    """What the fields say, the first of equal ones; the query counts where the form has none."""

    def text(name: str) -> str:
        texts = (value for value in data.getlist(name) if isinstance(value, str))
        return next(texts, request.query_params.get(name, ""))

    if not text("model"):
        raise Untranslatable("model is required")
    files = (value for value in data.getlist("file") if isinstance(value, UploadFile))
    file = next(files, None)
    if file is None:
        raise Untranslatable("file is required: http: no such file")
    recording = await file.read()
    if not recording:
        raise Untranslatable("audio file is empty")
    names = ("language", "prompt", "response_format")
    return Form(text("model"), recording, **{name: text(name) for name in names})
