"""Forms with a recording: what is asked of the model, and forms that are none."""

from typing import Any

import pytest
from fake_serving import FakeServing
from starlette.testclient import TestClient

from pyollama_http.openai.audio import PIECE

URL = "/v1/audio/transcriptions"
BROKEN = "failed to parse multipart form: "


def part(name: str, value: bytes, more: str = "") -> bytes:
    """A part of a form."""
    head = f'--B\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + value + b"\r\n"


def post(client: TestClient, *parts: bytes, kind: str = "multipart/form-data; boundary=B") -> Any:
    body = b"".join(parts) + b"--B--\r\n"
    return client.post(URL, content=body, headers={"content-type": kind})


MODEL = part("model", b"m")
FILE = part("file", b"RIFF", '; filename="a.wav"')


def test_the_recording_is_asked_about(client: TestClient, serving: FakeServing) -> None:
    answer = post(client, MODEL, FILE, part("language", b"fr"))
    assert answer.json() == {"text": "Hello you"}
    task, question = serving.calls[-1].messages  # type: ignore[union-attr]
    assert task.content.endswith("The audio is in fr.")
    assert question.images == [b"RIFF"]


def test_the_first_of_equal_fields_counts_and_a_field_is_no_file(
    client: TestClient, serving: FakeServing
) -> None:
    others = [part("file", b"x"), FILE, part("file", b"y", '; filename="b"'), part("file", b"z")]
    assert post(client, MODEL, part("model", b"other"), *others).status_code == 200
    assert serving.calls[-1].model == "m"
    assert serving.calls[-1].messages[1].images == [b"RIFF"]  # type: ignore[union-attr]


def test_a_long_recording_arrives_whole(client: TestClient, serving: FakeServing) -> None:
    recording = b"\r\n--A" * (PIECE // 2)
    assert post(client, MODEL, part("file", recording, '; filename="a"')).status_code == 200
    assert serving.calls[-1].messages[1].images == [recording]  # type: ignore[union-attr]


@pytest.mark.parametrize("charset", ["undefined", "punycode", "utf-16"])
def test_a_charset_is_passed_over(client: TestClient, serving: FakeServing, charset: str) -> None:
    kind = f"multipart/form-data; charset={charset}; boundary=B"
    assert post(client, MODEL, FILE, part("prompt", b"a-b9"), kind=kind).status_code == 200
    task, _ = serving.calls[-1].messages  # type: ignore[union-attr]
    assert task.content.endswith(" Context: a-b9")


def test_a_boundary_may_be_quoted(client: TestClient, serving: FakeServing) -> None:
    body = b'--a"\\\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--a"\\--\r\n'
    kind = r'multipart/form-data; boundary="a\"\\"'
    answer = client.post(URL, content=body, headers={"content-type": kind})
    assert answer.json()["error"]["message"] == "file is required: http: no such file"


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("application/json", [], f"{BROKEN}request Content-Type isn't multipart/form-data"),
        ("multipart/form-data", [], f"{BROKEN}no multipart boundary param in Content-Type"),
        (
            "multipart/form-data; xboundary=B",
            [],
            f"{BROKEN}no multipart boundary param in Content-Type",
        ),
        ("multipart/form-data; boundary=B", [FILE], "model is required"),
        ("Multipart/Form-Data; BOUNDARY=B", [MODEL], "file is required: http: no such file"),
        (
            "multipart/form-data; boundary=B",
            [MODEL, part("file", b"", '; filename="a"')],
            "audio file is empty",
        ),
    ],
)
def test_a_form_that_lacks_something_is_refused(
    client: TestClient, serving: FakeServing, kind: str, fields: list[bytes], message: str
) -> None:
    answer = post(client, *fields, kind=kind)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == message
    assert not serving.calls
