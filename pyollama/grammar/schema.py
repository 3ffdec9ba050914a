"""From a JSON Schema to a grammar: which keywords count, in which order, and what they become.

The rules are Ollama's, and simpler than the standard's: of the keywords of a schema the first that
has a meaning decides, and the others are ignored. Keys come in the order of their declaration,
required ones first. Every part of a schema becomes a rule once, however often it is referred to.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from pyollama.grammar.characters import literal
from pyollama.grammar.errors import GrammarError, SchemaError
from pyollama.grammar.integers import integers_between
from pyollama.grammar.keywords import (
    RANGE_KEYWORDS,
    Schema,
    bounds_of,
    components,
    count_of,
    items_of,
    members_of,
    shared,
    unrecognized,
)
from pyollama.grammar.lark import Definitions
from pyollama.grammar.pattern import pattern_expression
from pyollama.grammar.primitives import FORMATS, PRIMITIVES, bounded_string, with_space
from pyollama.grammar.reading import parsed
from pyollama.grammar.recursion import require_no_left_recursion
from pyollama.grammar.refs import MAX_ERRORS, require_resolved, resolve
from pyollama.grammar.shapes import MAX_ITEMS, Shapes

MAX_DEPTH = 100  # of schemas within schemas, references followed
MAX_REFERENCES = 100  # that lead from one to the next
MAX_WORK = 50_000  # properties, values and references of all allOf, characters of patterns

SCALARS = ("string", "number", "boolean", "null")

T = TypeVar("T")


def schema_grammar(text: bytes) -> str:
    """The grammar, in llguidance's dialect of Lark, of the values that a schema's JSON text admits.

    Raises SchemaError for what no grammar is made of, GrammarError for one that matches nothing,
    recurses to the left or is too large.
    """
    schema = parsed(text)
    require_resolved(schema)
    writer = _Writer(schema)
    start = writer.symbol(schema)
    writer.require_success()
    require_no_left_recursion(writer.choices)
    return writer.grammar.text(start)


class _Writer:
    """Writes the rules of one schema and of everything below it."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.grammar = Definitions()
        self.shapes = Shapes(self.grammar)
        self.choices: dict[str, list[str]] = {}  # rules that are mere alternatives, and what of
        self.problems: list[str] = []
        self._known: dict[tuple[int, str | None], str] = {}
        self._depth = 0
        self._n_work = 0

    def require_success(self) -> None:
        """Raise SchemaError with everything that was found wrong."""
        if self.problems:
            raise SchemaError("\n".join(self.problems))

    def symbol(self, schema: Any, type: str | None = None) -> str:
        """The symbol of a schema. type: one of its list of types, which is taken to be its only."""
        key = (id(schema), type)
        if key not in self._known:
            name = self._known[key] = self.grammar.new_rule()
            if self._depth >= MAX_DEPTH:
                raise GrammarError("schemas are nested too deeply")
            self._depth += 1
            self.grammar.define(name, self._body(schema, type, name))
            self._depth -= 1
        return self._known[key]

    def _body(self, schema: Any, type: str | None, name: str) -> str:
        """What the rule `name` of a schema is made of; the first keyword with a meaning decides."""
        if len(self.problems) >= MAX_ERRORS:  # enough to refuse it; each is shown at length
            return ""
        try:
            if not isinstance(schema, Mapping):
                raise unrecognized(schema)
            choices = self._choices(schema, type)
            if choices is not None:
                self.choices[name] = choices
                return _either(choices)
            return self._value(schema, schema.get("type") if type is None else type)
        except SchemaError as error:
            self.problems.append(str(error))
            return ""

    def _choices(self, schema: Schema, type: str | None) -> list[str] | None:
        """The symbols of a schema that is a reference or a union; None if it is neither."""
        if isinstance(schema.get("$ref"), str):
            return [self.symbol(resolve(self.root, schema["$ref"]))]
        for union in ("oneOf", "anyOf"):
            if union in schema:
                return [self.symbol(part) for part in members_of(schema[union])]
        types = schema.get("type")
        if type is None and isinstance(types, list):
            if not all(isinstance(each, str) for each in types):
                raise unrecognized(schema)
            return [self.symbol(schema, each) for each in types]
        return None

    def _value(self, schema: Schema, type: Any) -> str:
        """The body for a schema that is neither a reference nor a union."""
        if "const" in schema:
            return self._literals([schema["const"]])
        if "enum" in schema:
            return self._literals(members_of(schema["enum"]))
        if type in (None, "object") and self._is_object(schema):
            return self._object(schema)
        if type in (None, "object", "string") and "allOf" in schema:
            return self._merged(schema)
        if type in (None, "array") and ("items" in schema or "prefixItems" in schema):
            return self._array(schema)
        if type in (None, "string") and (body := self._string(schema)):
            return body
        if type == "string" and ("minLength" in schema or "maxLength" in schema):
            return self._bounded_string(schema)
        if type == "integer" and any(keyword in schema for keyword in RANGE_KEYWORDS):
            return self.grammar.expression(with_space(integers_between(*bounds_of(schema))))
        if not schema or type == "object":
            return self._anything.object
        if type == "array":
            return self._anything.array
        if isinstance(type, str) and type in PRIMITIVES:
            return self.grammar.expression(PRIMITIVES[type])
        raise unrecognized(schema)

    def _literals(self, values: Iterable[Any]) -> str:
        """One of these values, spelled as JSON without white space inside."""
        texts = [json.dumps(v, separators=(",", ":"), ensure_ascii=False) for v in values]
        if not texts:
            raise GrammarError("an enum without values")
        return self.grammar.expression(with_space("|".join(literal(text) for text in texts)))

    def _is_object(self, schema: Schema) -> bool:
        return "properties" in schema or schema.get("additionalProperties", True) is not True

    def _object(self, schema: Schema) -> str:
        members = {name: self.symbol(part) for name, part in items_of(schema.get("properties"))}
        required = {name for name in members_of(schema.get("required")) if isinstance(name, str)}
        return self.shapes.object(members, required, self._further(schema))

    def _further(self, schema: Schema) -> str:
        """The symbol of the values under keys that are not declared, "" if there are no such."""
        further = schema.get("additionalProperties")
        if further is True or further == {}:
            return self._anything.value
        return self.symbol(further) if isinstance(further, Mapping) else ""

    def _merged(self, schema: Schema) -> str:
        """allOf: one object with the properties of all parts, or the values that all enums share.

        The properties of a part are required, but those of a part's anyOf are not.
        """
        members: dict[str, str] = {}
        required: set[str] = set()
        enums: list[list[Any]] = []
        parts = members_of(schema["allOf"])
        for part, is_required in components(parts):
            part = self._dereferenced(part)
            if "properties" in part:
                properties = self._counted(list(items_of(part["properties"])))
                found = {name: self.symbol(value) for name, value in properties}
                members |= found
                required |= found.keys() if is_required else set()
            elif "enum" in part:
                enums.append(self._counted(members_of(part["enum"])))
        if enums and len(enums) == len(parts):
            return self._literals(shared(enums))
        return self.shapes.object(members, required)

    def _counted(self, found: list[T]) -> list[T]:
        """What a part of an allOf has; through references a short text can have very much."""
        self._count(len(found))
        return found

    def _count(self, n: int) -> None:
        """Note so much work. Raises GrammarError once it is too much."""
        self._n_work += n
        if self._n_work > MAX_WORK:
            raise GrammarError("the grammar of this schema is too large")

    def _dereferenced(self, schema: Any) -> Schema:
        """What a reference leads to in the end; {} for what is no schema."""
        for _ in range(MAX_REFERENCES):
            if not isinstance(schema, Mapping):
                return {}
            if not isinstance(schema.get("$ref"), str):
                return schema
            self._count(schema["$ref"].count("/"))
            schema = resolve(self.root, schema["$ref"])
        raise GrammarError("left recursion")

    def _array(self, schema: Schema) -> str:
        items = schema.get("items", schema.get("prefixItems"))
        if isinstance(items, list):
            return self.shapes.tuple([self.symbol(item) for item in items])
        least, most = count_of(schema, "minItems"), count_of(schema, "maxItems")
        return self.shapes.array(self.symbol(items), least or 0, most)

    def _string(self, schema: Schema) -> str:
        """A string with a pattern, or of a format that is known; "" for others."""
        if "pattern" in schema:
            if not isinstance(schema["pattern"], str):
                raise unrecognized(schema)
            self._count(len(schema["pattern"]))
            return self.grammar.expression(with_space(f'"{pattern_expression(schema["pattern"])}"'))
        name = schema.get("format")
        known = FORMATS.get(name) if isinstance(name, str) else None
        return self.grammar.expression(known) if known else ""

    def _bounded_string(self, schema: Schema) -> str:
        shortest, longest = count_of(schema, "minLength") or 0, count_of(schema, "maxLength")
        if max(shortest, longest or 0) > MAX_ITEMS or (longest is not None and longest < shortest):
            raise GrammarError("a string's bounds cannot be met")
        return self.grammar.expression(bounded_string(shortest, longest))

    @cached_property
    def _anything(self) -> "_Anything":
        """The symbols of any JSON value, which hold each other."""
        value = self.grammar.new_rule()
        object = self.shapes.object({}, frozenset(), value)
        array = self.shapes.array(value, 0, None)
        scalars = [self.grammar.expression(PRIMITIVES[name]) for name in SCALARS]
        self.grammar.define(value, _either([object, array, *scalars]))
        return _Anything(value, object, array)


class _Anything(NamedTuple):
    """Symbols of any value, any object and any array."""

    value: str
    object: str
    array: str


def _either(symbols: list[str]) -> str:
    """A body that is any of the symbols."""
    if not symbols:
        raise GrammarError("a union of nothing")
    return " | ".join(symbols)
