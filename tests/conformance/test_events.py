"""Reading server-sent events, and comparing them with what a case wants."""

from typing import Any

import pytest

from pyollama_conformance.checks import differences
from pyollama_conformance.client import Response
from pyollama_conformance.events import Event, events_of

BODY = b'event: a\ndata: {"t":["x"]}\n\nevent: a\ndata: {"t":["y"]}\n\ndata: [DONE]\n\n'


def differ(body: bytes, wanted: dict[str, Any]) -> list[str]:
    return differences(Response(200, [], body, "chunked"), {"events": wanted}, {})


def test_events_have_names_and_data() -> None:
    assert events_of(b"event: n\ndata: 1\ndata: 2\n\ndata:x\n\n") == [
        Event("n", "1\n2"),
        Event("", "x"),
    ]


@pytest.mark.parametrize("body", [b"data: 1", b"data: 1\n", b"nonsense\n\n", b": ping\n\n"])
def test_what_is_no_stream_is_told(body: bytes) -> None:
    with pytest.raises(ValueError, match="event"):
        events_of(body)
    assert "is no stream of events" in differ(body, {})[0]


@pytest.mark.parametrize(
    "wanted",
    [
        {"names": ["a", ""], "done": True},
        {"joined": {"/t/0": "xy"}},
        {"whole": {"minItems": 2, "maxItems": 2}, "last": {"required": ["t"]}},
    ],
)
def test_what_is_wanted_is_found(wanted: dict[str, Any]) -> None:
    assert differ(BODY, wanted) == []


@pytest.mark.parametrize(
    "wanted",
    [
        {"names": ["a"]},
        {"done": False},
        {"joined": {"/t/0": "x"}},
        {"joined": {"/t/7": "x"}},
        {"each": {"required": ["u"]}},
        {"whole": {"minItems": 3}},
    ],
)
def test_what_is_not_as_wanted_is_told(wanted: dict[str, Any]) -> None:
    assert differ(BODY, wanted)
