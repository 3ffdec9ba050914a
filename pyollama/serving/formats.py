"""The field `format` of a request: what it asks for, and the constraint that sees to it."""

import logging

from pyollama.api import RawJSON
from pyollama.errors import EngineError, refused_by_engine
from pyollama.gotext import go_quoted
from pyollama.grammar import (
    JSON_OBJECT,
    GrammarConstraint,
    GrammarError,
    SchemaError,
    schema_grammar,
)
from pyollama.sampling.constraint import Constraint
from pyollama.serving.loaded import LoadedModel

ANY_OBJECT = b'"json"'

logger = logging.getLogger(__name__)


def requested_format(format: RawJSON | None) -> bytes:
    """`"json"` or a schema's text; empty where the answer is free.

    Raises EngineError, in Ollama's words, for anything else.
    """
    text = b"" if format is None else format.strip()
    if text in (b"", b"null", b'""'):
        return b""
    if text == ANY_OBJECT or text.startswith(b"{"):
        return text
    shown = go_quoted(text.decode("utf-8", "replace"))
    raise EngineError(f'invalid format: {shown}; expected "json" or a valid JSON Schema object')


def constraint_for(format: RawJSON | None, loaded: LoadedModel) -> Constraint | None:
    """What keeps an answer of this model within a format; None for a free one.

    It compiles a grammar, which may take some tenths of a second, and more where the model has
    not been asked for a format before: not for the event loop.

    Raises EngineError for what is no format, BadRequest in llama.cpp's words for a schema that it
    cannot convert.
    """
    wanted = requested_format(format)
    if not wanted:
        return None
    try:
        grammar = JSON_OBJECT if wanted == ANY_OBJECT else schema_grammar(wanted)
        return GrammarConstraint(loaded.token_table, grammar)
    except SchemaError as error:
        raise refused_by_engine(
            f"Field 'json_schema': \"json_schema\": JSON schema conversion failed:\n{error}"
        ) from error
    except GrammarError as error:
        logger.info("no grammar for the format: %s", error)
        raise refused_by_engine("Failed to initialize samplers: failed to parse grammar") from error
