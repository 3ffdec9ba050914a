"""JSON as Go reads and writes it, by tables of types: the bytes on the wire come from here."""

from typing import TypeVar

from msgspec import Struct

from pyollama.api import RawJSON
from pyollama_http.gojson import fields, tools, values  # noqa: F401  they enter their parsers
from pyollama_http.gojson.bind import VERBATIM, bind, fields_of, fold
from pyollama_http.gojson.encode import encode, map_text
from pyollama_http.gojson.scanner import MISSING_BODY, DecodeError, Pairs, parse, scan

__all__ = ["DecodeError", "decode", "encode", "map_text", "with_text"]

T = TypeVar("T", bound=Struct)


def decode(kind: type[T], body: bytes, if_empty: str = MISSING_BODY) -> T:
    """The request that a body holds; DecodeError carries Go's words for what is wrong with it.

    if_empty: the words for a body of nothing but blanks
    """
    tree = parse(body, if_empty)
    if isinstance(tree, Pairs):
        tree = with_text(kind, body, tree)
    try:
        request: T = bind(kind, tree)
    except RecursionError as error:  # schemas inside schemas; free-form values have no limit
        raise DecodeError("json: the request is nested too deeply") from error
    return request


def with_text(kind: type[Struct], body: bytes, pairs: Pairs) -> Pairs:
    """The object that a body holds, where its table wants it the text that the client wrote."""
    raw = {key for key, entry in fields_of(kind).items() if entry.parser in VERBATIM}
    if not any(fold(key) in raw for key, _ in pairs):
        return pairs
    spans = scan(body)[1]
    return Pairs(
        (key, RawJSON(body[slice(*span)]) if fold(key) in raw else value)
        for (key, value), span in zip(pairs, spans, strict=True)
    )
