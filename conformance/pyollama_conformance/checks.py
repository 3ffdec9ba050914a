"""Does an answer hold what a case wants of it?

status        the status code, or a list of those that will do
content_type  the exact Content-Type, null for none
headers       per header a JSON Schema of its value, or just the value, or null for "not there"
framing       "content-length", "chunked" or "none"
text          the whole body
contains      texts that the raw body must hold: what parsed JSON cannot show, such as escapes
body          a JSON Schema of the body, which must be one JSON value
keys          the keys of the body (of a stream: of its last line) in this order, none besides
lines         of an NDJSON stream: schemas of "each", "first", "last" and "others" (all but the
              last), and of the "whole" list; "joined" texts, by the pointer at which each line
              holds its piece; "statuses" in their order, each once where it is said several times
              running; "progress": of each digest `completed` never falls and reaches `total`
events        of a stream of server-sent events: "names" in their order, each once where it comes
              several times running; "done", whether a last event says [DONE]; of the others the
              JSON, as in `lines`: "each", "first", "last", "others", "whole", "joined"
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pyollama_conformance.client import Response
from pyollama_conformance.events import DONE, events_of
from pyollama_conformance.schema import Schema, problems

Wanted = Mapping[str, Any]


def differences(response: Response, wanted: Wanted, definitions: Schema) -> list[str]:
    """Everything in which the answer is not what is wanted, in words; empty if it is."""
    found: list[str] = []
    for name, argument in wanted.items():
        found += CHECKS[name](response, argument, definitions)
    return found


def _status(response: Response, status: int | list[int], definitions: Schema) -> list[str]:
    if response.status in (status if isinstance(status, list) else [status]):
        return []
    return [f"status {response.status}, not {status}: {_text(response)[:300]}"]


def _content_type(response: Response, value: str | None, definitions: Schema) -> list[str]:
    return _headers(response, {"Content-Type": value}, definitions)


def _headers(response: Response, wanted: Wanted, definitions: Schema) -> list[str]:
    found = []
    for name, value in wanted.items():
        schema = value if isinstance(value, dict) else {"const": value}
        found += [f"header {name} {each}" for each in problems(response.header(name), schema)]
    return found


def _framing(response: Response, framing: str, definitions: Schema) -> list[str]:
    return [] if response.framing == framing else [f"framing {response.framing}, not {framing}"]


def _whole_text(response: Response, text: str, definitions: Schema) -> list[str]:
    return [] if _text(response) == text else [f"body {_text(response)[:300]!r}, not {text!r}"]


def _contains(response: Response, texts: list[str], definitions: Schema) -> list[str]:
    missing = [text for text in texts if text not in _text(response)]
    return [f"body {_text(response)[:300]!r} does not hold {text!r}" for text in missing]


def _body(response: Response, schema: Schema, definitions: Schema) -> list[str]:
    try:
        value = json.loads(response.body)
    except ValueError as error:
        return [f"body {_text(response)[:300]!r} is not JSON: {error}"]
    return [f"body {each}" for each in _problems(value, schema, definitions)]


def _keys(response: Response, keys: list[str], definitions: Schema) -> list[str]:
    lines = _lines(response)
    found = list(lines[-1]) if lines and isinstance(lines[-1], dict) else None
    return [] if found == keys else [f"keys {found}, not {keys}"]


def _stream(response: Response, wanted: Wanted, definitions: Schema) -> list[str]:
    lines = _lines(response)
    if lines is None or not response.body.endswith(b"\n"):
        return [f"body {_text(response)[:300]!r} is not lines of JSON, each ended by a newline"]
    found = _values("line", lines, wanted, definitions)
    if "statuses" in wanted and (said := _statuses(lines)) != wanted["statuses"]:
        found.append(f"statuses {said}, not {wanted['statuses']}")
    return found + (_progress(lines) if wanted.get("progress") else [])


def _events(response: Response, wanted: Wanted, definitions: Schema) -> list[str]:
    try:
        events = events_of(response.body)
        is_done = bool(events) and events[-1].data == DONE
        values = [event.value() for event in (events[:-1] if is_done else events)]
    except ValueError as error:
        return [f"body {_text(response)[:300]!r} is no stream of events: {error}"]
    found = _values("event", values, wanted, definitions)
    names = [event.name for event in events]
    said = [name for before, name in zip(["", *names], names, strict=False) if name != before]
    if "names" in wanted and said != wanted["names"]:
        found.append(f"names {said}, not {wanted['names']}")
    if "done" in wanted and is_done is not wanted["done"]:
        found.append(f"the stream {'ends' if is_done else 'does not end'} with {DONE}")
    return found


def _values(kind: str, values: list[Any], wanted: Wanted, definitions: Schema) -> list[str]:
    """Everything in which the JSON values of a stream are not what is wanted."""
    found = []
    for part, choose in PARTS.items():
        for value in choose(values) if part in wanted else ():
            found += [
                f"{part} {kind} {each}" for each in _problems(value, wanted[part], definitions)
            ]
    for pointer, text in wanted.get("joined", {}).items():
        joined = "".join(_at(value, pointer) for value in values)
        found += [] if joined == text else [f"joined {pointer} is {joined!r}, not {text!r}"]
    if "whole" in wanted:
        found += [f"{kind}s {each}" for each in _problems(values, wanted["whole"], definitions)]
    return found


def _statuses(lines: list[Any]) -> list[str]:
    """What each line says of itself, an error included, without repetitions."""
    said = [line.get("status") or f"error: {line.get('error')}" for line in lines]
    return [text for before, text in zip(["", *said], said, strict=False) if text != before]


def _progress(lines: list[Any]) -> list[str]:
    """What is wrong with `completed` and `total`, which are left out where they are zero."""
    found, furthest = [], dict[str, tuple[int, int]]()
    for line in lines:
        if key := line.get("digest"):
            completed, total = line.get("completed", 0), line.get("total", 0)
            if completed < furthest.get(key, (0, 0))[0]:
                found.append(f"{key} goes back to {completed}")
            furthest[key] = (completed, total)
    ends = furthest.items()
    return found + [f"{key} ends at {end}" for key, end in ends if end[0] != end[1]]


PARTS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "each": lambda lines: lines,
    "first": lambda lines: lines[:1],
    "last": lambda lines: lines[-1:],
    "others": lambda lines: lines[:-1],
}


def _lines(response: Response) -> list[Any] | None:
    """The JSON values of the body, one per line; None if there are none or they are not JSON."""
    try:
        return [json.loads(line) for line in response.body.splitlines()] or None
    except ValueError:
        return None


def _problems(value: Any, schema: Schema, definitions: Schema) -> list[str]:
    return problems(value, schema, {"$defs": definitions})


def _at(value: Any, pointer: str) -> str:
    """The text at a JSON pointer; empty if there is nothing."""
    for key in pointer.split("/")[1:]:
        if isinstance(value, list) and key.isdigit():
            value = value[int(key)] if int(key) < len(value) else ""
        else:
            value = value.get(key, "") if isinstance(value, dict) else ""
    return str(value or "")


def _text(response: Response) -> str:
    return response.body.decode("utf-8", "replace")


Check = Callable[[Response, Any, Schema], list[str]]
CHECKS: dict[str, Check] = {
    "status": _status,
    "content_type": _content_type,
    "headers": _headers,
    "framing": _framing,
    "text": _whole_text,
    "contains": _contains,
    "body": _body,
    "keys": _keys,
    "lines": _stream,
    "events": _events,
}
