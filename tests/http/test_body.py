"""Reading bodies: how many bytes, how many values, and where they are decoded."""

import json
import threading
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from pyollama_http import body, gojson, memory
from pyollama_http.app import create_app
from pyollama_http.body import joined
from pyollama_http.gojson import scanner
from pyollama_http.gojson.scanner import n_values
from pyollama_http.parts import Parts

ANY_JSON = st.recursive(
    st.none() | st.integers() | st.text(alphabet=',[{"\\\né'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet=',[{"\\'), inner),
)


def marks(value: Any) -> int:
    """The commas and opening brackets of the compact text of a value."""
    inside = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(inside, list):
        return 0
    return 1 + max(len(inside) - 1, 0) + sum(map(marks, inside))


@given(ANY_JSON, st.integers(2, 9))  # an escape has two bytes
def test_values_are_counted_outside_of_strings(value: Any, window: int) -> None:
    text = json.dumps(value, ensure_ascii=False).encode()
    exact = 1 + marks(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner, "WINDOW", window)
        assert n_values(text, exact) == exact
        assert n_values(text, exact - 1) == exact


@pytest.mark.parametrize("text", [b'"', b'"\\', b'"a\\"', b'{"a', b'{"a":"' + b"\\" * 9])
def test_a_body_that_breaks_off_is_counted_to_its_end(text: bytes) -> None:
    assert n_values(text + b"", 0) == 1 + text.count(b"{")


@pytest.mark.parametrize("unit", [b"0,", b"[],", b'"",', b"{},", b'{"a":0},'])
def test_a_body_of_too_many_values_is_refused_before_they_are_made(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, unit: bytes
) -> None:
    monkeypatch.setattr(body, "MAX_VALUES", 40_000)
    text = b'{"model":"m","context":[' + unit * 40_001 + b"0]}"
    with TestClient(create_app(parts=parts), base_url="http://127.0.0.1:11434") as client:
        tracemalloc.start()
        try:
            answer = client.post("/api/generate", content=text)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert answer.status_code == 413
    assert answer.json() == {"error": "http: request body has more than 40000 values"}
    assert peak < 10 * len(text)  # the tree of these values has 60 times as much


def test_a_long_text_may_have_any_number_of_commas(parts: Parts) -> None:
    assert memory.MAX_VALUES == 1_000_000
    text = b'{"model":"m","prompt":"' + b'a, [{\\"' * (memory.MAX_VALUES + 1) + b'"}'
    with TestClient(create_app(parts=parts), base_url="http://127.0.0.1:11434") as client:
        assert client.post("/api/generate", content=text).status_code == 200


@pytest.mark.parametrize(
    ("length", "pool"), [(10, None), (body.SHORT, "asyncio_"), (body.LONG, "decoder_")]
)
def test_a_long_body_is_decoded_apart_from_the_event_loop(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, length: int, pool: str | None
) -> None:
    threads: list[str] = []
    decode = gojson.decode

    def noted(kind: Any, data: bytes, if_empty: str) -> Any:
        threads.append(threading.current_thread().name)
        return decode(kind, data, if_empty)

    monkeypatch.setattr(gojson, "decode", noted)
    client.post("/api/show", content=b'{"model":"' + b"m" * length + b'"}')
    (thread,) = threads
    assert [name for name in ("asyncio_", "decoder_") if name in thread] == [pool] * bool(pool)


@pytest.mark.parametrize(("length", "is_apart"), [(10, False), (body.LONG, True)])
def test_the_chunks_of_a_long_body_are_joined_apart_from_the_event_loop(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, length: int, is_apart: bool
) -> None:
    threads: list[str] = []

    def noted(chunks: list[bytes]) -> bytes:
        threads.append(threading.current_thread().name)
        return joined(chunks)

    monkeypatch.setattr(body, "joined", noted)
    client.post("/api/show", content=b'{"model":"' + b"m" * length + b'"}')
    assert ["asyncio_" in name for name in threads] == [is_apart]
