"""New layers of text: template, system, licenses, parameters and messages."""

from typing import Any

from msgspec import to_builtins

from pyollama.api import Message
from pyollama.errors import BadRequest
from pyollama.gotemplate import GoTemplateError
from pyollama.gotemplate.prompts import GoPrompt
from pyollama.gotext import go_json
from pyollama.store.create.assembly import Assembly
from pyollama.store.errors import StoreError

__all__ = ["add_texts", "licenses"]

LICENSE_KINDS = {bool: "bool", int: "number", float: "number", dict: "object", str: "string"}


def add_texts(new: Assembly) -> None:
    """Write what the request says in words, each kind in the place of the base's."""
    request = new.request
    if request.template:
        require_template(request.template)
        new.replace("template", new.add_blob("template", request.template.encode()))
    if request.system:
        new.replace("system", new.add_blob("system", request.system.encode()))
    for text in licenses(request.license):
        new.parts.append(new.add_blob("license", text.encode()))
    parameters = new.parameters | request.parameters
    try:
        if parameters:
            new.replace("params", new.add_blob("params", go_json(parameters)))
        if request.messages:
            new.replace("messages", new.add_blob("messages", _messages(request.messages)))
    except RecursionError as error:  # a thousand levels are more than Python goes down
        raise BadRequest("parameters or messages are nested too deeply") from error


def require_template(text: str) -> None:
    """Raise BadRequest unless a text is a Go template."""
    try:
        GoPrompt(text)
    except GoTemplateError as error:
        raise BadRequest(f"template error: {error}") from error


def licenses(value: Any) -> list[str]:
    """The license field as a list; StoreError with Go's words for a wrong type."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        kind = LICENSE_KINDS.get(type(value), "object")
        raise StoreError(f"json: cannot unmarshal {kind} into Go value of type []string")
    for item in value:
        if not isinstance(item, str | None):
            kind = "array" if isinstance(item, list) else LICENSE_KINDS.get(type(item), "object")
            raise StoreError(f"json: cannot unmarshal {kind} into Go value of type string")
    return [item or "" for item in value]


def _messages(messages: list[Message]) -> bytes:
    """The messages in Go's JSON, where role and content are there even when they are empty."""
    values = [
        {"role": message.role, "content": message.content} | to_builtins(message)
        for message in messages
    ]
    return go_json(values, sort_keys=False)
