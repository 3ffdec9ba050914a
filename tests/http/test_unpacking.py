"""Compressed bodies, and those that only say so."""

import json

import pytest
import zstandard
from starlette.testclient import TestClient

URL = "/v1/chat/completions"
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
ZSTD = {"content-encoding": "zstd"}


def test_a_compressed_request_is_a_request(client: TestClient) -> None:
    packed = zstandard.compress(BODY[:9]) + zstandard.compress(BODY[9:])
    assert client.post(URL, content=packed, headers=ZSTD).status_code == 200


def test_other_encodings_are_passed_over(client: TestClient) -> None:
    assert client.post(URL, content=BODY, headers={"content-encoding": "gzip"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (BODY, "invalid input: magic number mismatch"),
        (zstandard.compress(b" " * (21 << 20)), "http: request body too large"),
        (zstandard.compress(BODY)[:-5] + b"xxxxx", None),
    ],
)
def test_what_cannot_be_unpacked_is_refused_in_ollamas_own_form(
    client: TestClient, body: bytes, message: str | None
) -> None:
    answer = client.post(URL, content=body, headers=ZSTD)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error == message if message else isinstance(error, str | dict)


def test_a_window_that_is_too_wide_is_refused(client: TestClient) -> None:
    wide = zstandard.ZstdCompressionParameters(window_log=27)
    packed = zstandard.ZstdCompressor(compression_params=wide).stream_reader(b"x" * (9 << 20))
    answer = client.post(URL, content=packed.read(), headers=ZSTD)
    assert answer.status_code == 400
    assert "error" in answer.json()


def test_a_bomb_stays_small(client: TestClient) -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(300 << 20))
    assert len(bomb) < 1 << 20
    answer = client.post(URL, content=bomb, headers=ZSTD)
    assert answer.json() == {"error": "http: request body too large"}
