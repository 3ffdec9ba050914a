"""The format that an answer shall keep to, which Ollama does not look for in these requests."""

from pyollama.api import RawJSON
from pyollama_http.anthropic.types import OutputConfig
from pyollama_http.gojson.scanner import Pairs, parse
from pyollama_http.gojson.values import tree_text

__all__ = ["format_of"]


def format_of(config: OutputConfig | None) -> RawJSON | None:
    """The JSON schema that a request asks for; None if it asks for none, or for something else."""
    tree = parse(config.format) if config and config.format else None
    fields = dict(tree) if isinstance(tree, Pairs) else {}
    schema = fields.get("schema")
    if fields.get("type") != "json_schema" or not isinstance(schema, Pairs):
        return None
    return RawJSON(tree_text(schema).encode())
