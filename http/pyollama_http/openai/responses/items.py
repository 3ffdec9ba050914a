"""The input of /v1/responses: a text, or items of several kinds; gojson reads it by this module.

An item is looked at twice, once for its kind and then by the table of that kind. What is wrong
with it ends the reading, and is told with the place where it stands: ``input[2]: content[0]: ...``.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct, field

from pyollama.gotext import go_quoted
from pyollama_http.gojson.bind import MISSING, PARSERS, Place, bind
from pyollama_http.gojson.scanner import DecodeError, Tree
from pyollama_http.gojson.text import clean
from pyollama_http.openai.types import OpenAIStruct

__all__ = [
    "Content",
    "Input",
    "ResponsesFileContent",
    "ResponsesFunctionCall",
    "ResponsesFunctionCallOutput",
    "ResponsesImageContent",
    "ResponsesInputMessage",
    "ResponsesReasoningInput",
    "ResponsesTextContent",
    "ResponsesWebSearchCall",
]


class ResponsesTextContent(OpenAIStruct):
    """A text of the user's or of the model's."""

    text: str = ""


class ResponsesImageContent(OpenAIStruct):
    """An image as a data URI; what names an uploaded file instead has none."""

    image_url: str = ""


class ResponsesFileContent(OpenAIStruct):
    """A file."""


class Content(list[Struct]):
    """The parts of a message, or of what a function gave; a text alone is one part."""


class Input(list[Struct]):
    """The items of a request; a text alone is a message of the user."""


class ResponsesInputMessage(OpenAIStruct):
    """A message of any role."""

    role: str = ""
    content: Content = field(default_factory=Content)


class ResponsesFunctionCall(OpenAIStruct):
    """A call that the model has made; the arguments are JSON text."""

    call_id: str = ""
    name: str = ""
    arguments: str = ""


class ResponsesFunctionCallOutput(OpenAIStruct):
    """What a call has given."""

    call_id: str = ""
    output: Content = field(default_factory=Content)


class ResponsesReasoningInput(OpenAIStruct):
    """What the model has thought; the text is as plain as any."""

    encrypted_content: str = ""


class ResponsesWebSearchCall(OpenAIStruct):
    """A search that was made; what it found has gone."""


class Kind(OpenAIStruct):
    """As much of an item or a part as tells what it is."""

    type: str = ""
    role: str = ""


ITEMS: dict[str, type[Struct]] = {
    "message": ResponsesInputMessage,
    "function_call": ResponsesFunctionCall,
    "function_call_output": ResponsesFunctionCallOutput,
    "reasoning": ResponsesReasoningInput,
    "web_search_call": ResponsesWebSearchCall,
}
PARTS: dict[str, type[Struct]] = {
    "input_text": ResponsesTextContent,
    "output_text": ResponsesTextContent,
    "input_image": ResponsesImageContent,
    "input_file": ResponsesFileContent,
}

S = TypeVar("S", Input, Content)


def _list_of(kind: type[S], name: str, tree: Tree, read: Callable[[Tree], Struct]) -> S:
    """The elements of a list, each read; DecodeError for no list, or with an element's place."""
    if type(tree) is not list:
        place = Place()
        place.mismatch(tree, "[]json.RawMessage")
        raise DecodeError(f"{name} must be a string or array: {place.notes[0]}")
    found = kind()
    for index, each in enumerate(tree):
        try:
            found.append(read(each))
        except DecodeError as error:
            raise DecodeError(f"{name}[{index}]: {error}") from error
    return found


def _item(tree: Tree) -> Struct:
    """An item. DecodeError for one of no kind or of an unknown one."""
    kind: Kind = bind(Kind, tree)
    name = kind.type or ("message" if kind.role else "")
    if not name:
        raise DecodeError("input item missing required 'type' field")
    if name not in ITEMS:
        raise DecodeError(f"unknown input item type: {go_quoted(name)}")
    item: Struct = bind(ITEMS[name], tree)
    return item


def _part(tree: Tree) -> Struct:
    """A part of a content. DecodeError for one of an unknown kind."""
    kind: Kind = bind(Kind, tree)
    if kind.type not in PARTS:
        raise DecodeError(f"unknown content type: {kind.type}")
    part: Struct = bind(PARTS[kind.type], tree)
    return part


def _input(tree: Tree, place: Place) -> Any:
    """A field of items."""
    if tree is None:
        return MISSING
    if type(tree) is not str:
        return _list_of(Input, "input", tree, _item)
    message = ResponsesInputMessage(role="user", content=_text(tree))
    return Input([message] if tree else [])


def _content(tree: Tree, place: Place) -> Any:
    """A field of parts; its name shows in errors."""
    if tree is None:
        return MISSING
    return _text(tree) if type(tree) is str else _list_of(Content, place.path, tree, _part)


def _text(text: str) -> Content:
    """The content that a text alone is."""
    return Content([ResponsesTextContent(text=clean(text))])


PARSERS.update({Input: _input, Content: _content})
