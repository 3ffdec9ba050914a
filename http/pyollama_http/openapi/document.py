"""The OpenAPI 3.1 document, of the routes and their tables."""

import re
import typing
from dataclasses import fields
from typing import Any

import pyollama
from pyollama.sampling import Options as SamplingOptions
from pyollama_http.openapi.operations import OPERATIONS, Operation
from pyollama_http.openapi.schemas import PLAIN, Schema, Schemas

__all__ = ["document"]

STOP = {"type": "array", "items": {"type": "string"}}
ERRORS = {
    400: "The request is wrong",
    403: "This is not done here",
    404: "There is no such model or blob",
    413: "The request is too large",
    500: "It cannot be answered",
    501: "The model cannot do that",
    503: "There is no room for more requests now",
}


def document() -> Schema:
    """The whole document."""
    schemas = Schemas()
    paths: dict[str, dict[str, Schema]] = {}
    for (method, path), operation in OPERATIONS.items():
        template = re.sub(r":(\w+)", r"{\1}", path)
        paths.setdefault(template, {})[method.lower()] = _operation(path, operation, schemas)
    _describe_options(schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "pyollama",
            "version": pyollama.__version__,
            "description": "Ollama's API, with OpenAI's and Anthropic's translated to it. A stream "
            "has one record per line or event; x-itemSchema is the schema of one.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.components.items()))},
    }


def _operation(path: str, operation: Operation, schemas: Schemas) -> Schema:
    """One operation."""
    found: Schema = {"summary": operation.summary, "responses": _responses(operation, schemas)}
    names = re.findall(r":(\w+)", path)
    if names:
        found["parameters"] = [_path_parameter(name) for name in names]
    if operation.request is not None:
        schema: Schema = schemas.request(operation.request)
        if operation.required:
            schema = {"allOf": [schema], "required": list(operation.required)}
        found["requestBody"] = _body("application/json", schema)
    elif operation.body:
        schema = {} if operation.body != "multipart/form-data" else FORM
        found["requestBody"] = _body(operation.body, schema)
    return found


FORM = {
    "type": "object",
    "required": ["model", "file"],
    "properties": {
        "model": PLAIN[str],
        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
        "language": PLAIN[str],
        "prompt": PLAIN[str],
        "response_format": {"enum": ["json", "verbose_json"]},
    },
}


def _body(media: str, schema: Schema) -> Schema:
    return {"required": True, "content": {media: {"schema": schema}}}


def _path_parameter(name: str) -> Schema:
    schema: Schema = {"type": "string", "minLength": 1}
    if name == "digest":
        schema = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _responses(operation: Operation, schemas: Schemas) -> Schema:
    """What an operation may answer, by status."""
    found: Schema = {}
    for status in operation.statuses:
        content = _content(operation, schemas)
        found[str(status)] = {"description": "Done", **({"content": content} if content else {})}
    for status in operation.failures:
        error = schemas.answer(operation.error)
        content = {"application/json": {"schema": error}}
        found[str(status)] = {"description": ERRORS[status], "content": content}
    return found


def _content(operation: Operation, schemas: Schemas) -> Schema:
    """The media types of a successful answer."""
    content: Schema = {}
    if isinstance(operation.answer, str):
        content[operation.answer] = {"schema": PLAIN[str]}
    elif operation.answer is not None:
        content["application/json"] = {"schema": schemas.answer(operation.answer)}
    if operation.lines is not None:
        kinds = operation.lines if isinstance(operation.lines, tuple) else (operation.lines,)
        items = [schemas.answer(kind) for kind in kinds]
        one: Schema = items[0] if len(items) == 1 else {"anyOf": items}
        content[operation.media] = {"schema": {}, "x-itemSchema": one}
    return content


def _describe_options(schemas: Schemas) -> None:
    """Tell the native options by name wherever they are a field."""
    hints = typing.get_type_hints(SamplingOptions)
    known = {entry.name: _option(hints[entry.name]) for entry in fields(SamplingOptions)}
    options = {"type": "object", "properties": known}
    for component in schemas.components.values():
        if "options" in component.get("properties", {}):
            component["properties"]["options"] = options


def _option(annotation: Any) -> Schema:
    """The schema of an option: a number, a switch, or the list of stop strings."""
    kinds = {annotation, *typing.get_args(annotation)}
    return next((PLAIN[kind] for kind in (bool, int, float) if kind in kinds), STOP)
