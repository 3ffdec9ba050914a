"""From a JSON Schema to a grammar: which keywords count, in which order, and what they become.

The rules are Ollama's, and simpler than the standard's: of the keywords of a schema the first that
has a meaning decides, and the others are ignored. Keys come in the order of their declaration,
required ones first. Every part of a schema becomes a rule once, however often it is referred to.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from math import ceil, floor
from typing import Any, NamedTuple, TypeVar

from pyollama.grammar.characters import literal
from pyollama.grammar.errors import GrammarError, SchemaError
from pyollama.grammar.integers import integers_between
from pyollama.grammar.lark import Definitions
from pyollama.grammar.pattern import pattern_expression
from pyollama.grammar.primitives import FORMATS, PRIMITIVES, bounded_string, with_space
from pyollama.grammar.refs import MAX_ERRORS, require_resolved, resolve, shown
from pyollama.grammar.shapes import MAX_ITEMS, Shapes

MAX_BYTES = 1_000_000  # of a schema
MAX_LEVELS = 256  # of lists and objects in a schema
MAX_DEPTH = 100  # of schemas within schemas, references followed
MAX_REFERENCES = 100  # that lead from one to the next
MAX_MERGED = 50_000  # properties and values that the parts of all allOf have together

INT64 = 2**63 - 1
SCALARS = ("string", "number", "boolean", "null")
RANGE_KEYWORDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")

Schema = Mapping[str, Any]
T = TypeVar("T")


def schema_grammar(text: bytes) -> str:
    """The grammar, in llguidance's dialect of Lark, of the values that a schema's JSON text admits.

    Raises SchemaError for what no grammar is made of, GrammarError for one that matches nothing,
    recurses to the left or is too large.
    """
    schema = _parsed(text)
    require_resolved(schema)
    writer = _Writer(schema)
    start = writer.symbol(schema)
    writer.require_success()
    require_no_left_recursion(writer.choices)
    return writer.grammar.text(start)


def _parsed(text: bytes) -> Any:
    """The schema with its keys in their order, small enough to be walked through."""
    if len(text) > MAX_BYTES:
        raise SchemaError(f"the schema is longer than {MAX_BYTES} bytes")
    try:
        schema = json.loads(text.decode("utf-8", "replace"), parse_constant=_refuse_constant)
        if "\\u" in json.dumps(schema):  # also half a surrogate pair, which no text can hold
            plain = json.dumps(schema, ensure_ascii=False).encode("utf-8", "replace")
            schema = json.loads(plain)
    except ValueError as error:
        raise SchemaError(f"the schema is not valid JSON: {error}") from error
    except RecursionError as error:
        raise SchemaError("the schema is nested too deeply") from error
    _require_shallow(schema)
    return schema


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _require_shallow(schema: Any) -> None:
    level = [schema]
    for _ in range(MAX_LEVELS):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise SchemaError("the schema is nested too deeply")


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, Mapping):
        return node.values()
    return node if isinstance(node, list) else ()


def require_no_left_recursion(choices: Mapping[str, list[str]]) -> None:
    """Raise GrammarError if a rule is one of its own alternatives, be it through other rules.

    All rules that are no mere choice begin with a terminal, so these alone could recurse.
    """
    done: set[str] = set()
    for start in choices:
        path: list[tuple[str, Iterator[str]]] = [(start, iter(choices[start]))]
        on_path = {start}
        while path:
            name, others = path[-1]
            following = next((other for other in others if other not in done), None)
            if following is None:
                done.add(name)
                on_path.discard(name)
                path.pop()
            elif following in on_path:
                raise GrammarError("left recursion")
            elif following in choices:
                path.append((following, iter(choices[following])))
                on_path.add(following)


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
        self._n_merged = 0

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
        try:
            if not isinstance(schema, Mapping):
                raise _unrecognized(schema)
            choices = self._choices(schema, type)
            if choices is not None:
                self.choices[name] = choices
                return _either(choices)
            return self._value(schema, schema.get("type") if type is None else type)
        except SchemaError as error:
            self.problems.append(str(error))
            if len(self.problems) >= MAX_ERRORS:
                self.require_success()
            return ""

    def _choices(self, schema: Schema, type: str | None) -> list[str] | None:
        """The symbols of a schema that is a reference or a union; None if it is neither."""
        if isinstance(schema.get("$ref"), str):
            return [self.symbol(resolve(self.root, schema["$ref"]))]
        for union in ("oneOf", "anyOf"):
            if union in schema:
                return [self.symbol(part) for part in _members(schema[union])]
        types = schema.get("type")
        if type is None and isinstance(types, list):
            if not all(isinstance(each, str) for each in types):
                raise _unrecognized(schema)
            return [self.symbol(schema, each) for each in types]
        return None

    def _value(self, schema: Schema, type: Any) -> str:
        """The body for a schema that is neither a reference nor a union."""
        if "const" in schema:
            return self._literals([schema["const"]])
        if "enum" in schema:
            return self._literals(_members(schema["enum"]))
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
            return self.grammar.expression(with_space(integers_between(*_bounds(schema))))
        if not schema or type == "object":
            return self._anything.object
        if type == "array":
            return self._anything.array
        if isinstance(type, str) and type in PRIMITIVES:
            return self.grammar.expression(PRIMITIVES[type])
        raise _unrecognized(schema)

    def _literals(self, values: Iterable[Any]) -> str:
        """One of these values, spelled as JSON without white space inside."""
        texts = [json.dumps(v, separators=(",", ":"), ensure_ascii=False) for v in values]
        if not texts:
            raise GrammarError("an enum without values")
        return self.grammar.expression(with_space("|".join(literal(text) for text in texts)))

    def _is_object(self, schema: Schema) -> bool:
        return "properties" in schema or schema.get("additionalProperties", True) is not True

    def _object(self, schema: Schema) -> str:
        members = {name: self.symbol(part) for name, part in _items(schema.get("properties"))}
        required = {name for name in _members(schema.get("required")) if isinstance(name, str)}
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
        parts = _members(schema["allOf"])
        for part, is_required in _components(parts):
            part = self._dereferenced(part)
            if "properties" in part:
                properties = self._counted(list(_items(part["properties"])))
                found = {name: self.symbol(value) for name, value in properties}
                members |= found
                required |= found.keys() if is_required else set()
            elif "enum" in part:
                enums.append(self._counted(_members(part["enum"])))
        if enums and len(enums) == len(parts):
            return self._literals(_shared(enums))
        return self.shapes.object(members, required)

    def _counted(self, found: list[T]) -> list[T]:
        """What a part of an allOf has; through references a short text can have very much."""
        self._n_merged += len(found)
        if self._n_merged > MAX_MERGED:
            raise GrammarError("the grammar of this schema is too large")
        return found

    def _dereferenced(self, schema: Any) -> Schema:
        """What a reference leads to in the end; {} for what is no schema."""
        for _ in range(MAX_REFERENCES):
            if not isinstance(schema, Mapping):
                return {}
            if not isinstance(schema.get("$ref"), str):
                return schema
            schema = resolve(self.root, schema["$ref"])
        raise GrammarError("left recursion")

    def _array(self, schema: Schema) -> str:
        items = schema.get("items", schema.get("prefixItems"))
        if isinstance(items, list):
            return self.shapes.tuple([self.symbol(item) for item in items])
        least, most = _count(schema, "minItems"), _count(schema, "maxItems")
        return self.shapes.array(self.symbol(items), least or 0, most)

    def _string(self, schema: Schema) -> str:
        """A string with a pattern, or of a format that is known; "" for others."""
        if "pattern" in schema:
            if not isinstance(schema["pattern"], str):
                raise _unrecognized(schema)
            return self.grammar.expression(with_space(f'"{pattern_expression(schema["pattern"])}"'))
        name = schema.get("format")
        known = FORMATS.get(name) if isinstance(name, str) else None
        return self.grammar.expression(known) if known else ""

    def _bounded_string(self, schema: Schema) -> str:
        shortest, longest = _count(schema, "minLength") or 0, _count(schema, "maxLength")
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


def _unrecognized(schema: Any) -> SchemaError:
    return SchemaError(f"Unrecognized schema: {shown(schema)}")


def _members(value: Any) -> list[Any]:
    """What a list holds; a value that should have been a list is taken for its only member."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else [value]


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    """Names and values of an object; what should have been one is taken for a nameless member."""
    if isinstance(value, Mapping):
        return value.items()
    if isinstance(value, list):
        return [(str(place), member) for place, member in enumerate(value)]
    return [] if value is None else [("", value)]


def _components(parts: list[Any]) -> Iterator[tuple[Any, bool]]:
    """The parts of an allOf, and whether the properties of each are required."""
    for part in parts:
        if isinstance(part, Mapping) and "anyOf" in part:
            yield from ((option, False) for option in _members(part["anyOf"]))
        else:
            yield part, True


def _shared(lists: list[list[Any]]) -> list[Any]:
    """The values that all lists have, in the first one's order."""
    others = [{shown(value) for value in values} for values in lists[1:]]
    return [value for value in lists[0] if all(shown(value) in other for other in others)]


def _count(schema: Schema, keyword: str) -> int | None:
    """A number of items or characters, None where the schema does not say."""
    value = schema.get(keyword)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _unrecognized(schema)
    return max(0, _whole(value, floor))


def _bounds(schema: Schema) -> tuple[int | None, int | None]:
    """The least and the largest integer that a schema admits, None where nothing is said."""
    least, above, most, below = (_number(schema, keyword) for keyword in RANGE_KEYWORDS)
    lows = [_whole(least, ceil)] if least is not None else []
    highs = [_whole(most, floor)] if most is not None else []
    lows += [_whole(above, floor) + 1] if above is not None else []
    highs += [_whole(below, ceil) - 1] if below is not None else []
    return max(lows, default=None), min(highs, default=None)


def _number(schema: Schema, keyword: str) -> int | float | None:
    """A bound. `true`, in old schemas, says that the other keyword's bound is left out itself."""
    value = schema.get(keyword)
    if value is True and keyword.startswith("exclusive"):
        return _number(schema, keyword.removeprefix("exclusive").lower())
    if value is None or value is False:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _unrecognized(schema)
    return value


def _whole(number: int | float, rounded: Callable[[float], int]) -> int:
    """A number as an integer of 64 bits: what lies beyond is the nearest one."""
    return rounded(min(max(number, -INT64), INT64))
