"""Images and sounds named in a message: which paths are seen, read, refused and taken out."""

import base64
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.cli import media
from pyollama.cli.errors import MediaError
from pyollama.cli.media import accepts_media, media_paths, take_media

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
JPEG = b"\xff\xd8\xff\xe0" + bytes(8)
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(8)
WAVE = b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(8)
# What media_paths finds, as one expression: simple, and slow for long lines full of slashes.
TWIN = re.compile(
    r"(?:[a-zA-Z]:)?(?:\./|/|\\)[^\t\n\f\r]+?\.(?i:jpg|jpeg|png|webp|wav)\b", re.ASCII
)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("what is ./a.png", ["./a.png"]),
        ("/a/b.jpg and /c d.JPEG?", ["/a/b.jpg", "/c d.JPEG"]),
        ("'/a b.WebP'", ["/a b.WebP"]),
        (r"/a\ b\(1\).wav", [r"/a\ b\(1\).wav"]),
        (r"C:\pictures\a.png", [r"C:\pictures\a.png"]),
        ("photo.jpg", []),
        ("~/x.png", ["/x.png"]),
        ("../x.png", ["./x.png"]),
        ("/x.pngs /y.gif", []),
        ("/.png", []),
        ("/a\n/b.png", ["/b.png"]),
        ("see http://x.org/a.png", ["p://x.org/a.png"]),
    ],
)
def test_a_path_goes_from_a_slash_to_a_known_ending(text: str, paths: list[str]) -> None:
    assert list(media_paths(text)) == paths


@given(
    st.lists(
        st.sampled_from(
            ["/", "./", "\\", "C:", ".png", ".JPG", ".webp", "é", "a", " ", "\n", "\t", ".", "s"]
        )
    )
)
def test_the_search_finds_what_the_expression_does(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert list(media_paths(text)) == TWIN.findall(text)


def test_a_long_text_of_slashes_is_searched_in_linear_time() -> None:
    started = time.process_time()
    assert list(media_paths("/a" * 200_000)) == []
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.png", PNG, "image"),
        ("a.JPG", JPEG, "image"),
        ("a.jpeg", JPEG, "image"),
        ("a.webp", WEBP, "image"),
        ("a.wav", WAVE, "audio"),
        ("a.png", JPEG, "image"),  # what counts is inside
    ],
)
def test_a_file_goes_with_the_message_and_its_path_leaves_the_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes, kind: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    text, found = take_media(f" what is {path} here? ")
    assert (text, found) == ("what is  here?", [base64.b64encode(data).decode()])
    assert capsys.readouterr().err == f"Added {kind} '{path}'\n"


@pytest.mark.parametrize("written", ["'{}/a b(1).png'", r"{}/a\ b\(1\).png", r"'{}/a\ b(1).png'"])
def test_quotes_and_escapes_around_a_name_are_taken_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str
) -> None:
    (tmp_path / "a b(1).png").write_bytes(PNG)
    text, found = take_media(f"look: {written.format(tmp_path)}")
    assert (text, len(found)) == ("look:", 1)
    assert capsys.readouterr().err == f"Added image '{tmp_path}/a b(1).png'\n"


@pytest.mark.parametrize("escaped", [r" ", *"()[]{}$&;'\\*?~"])
def test_each_escape_of_a_shell_is_undone(tmp_path: Path, escaped: str) -> None:
    (tmp_path / f"a{escaped}b.png").write_bytes(PNG)
    _, found = take_media(f"{tmp_path}/a\\{escaped}b.png")
    assert len(found) == 1


def test_several_files_keep_their_order(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "b.jpg").write_bytes(JPEG)
    text, found = take_media(f"{tmp_path}/b.jpg or {tmp_path}/a.png?")
    assert text == "or ?"
    assert found == [base64.b64encode(data).decode() for data in (JPEG, PNG)]


@pytest.mark.parametrize("name", ["none.png", "a.png/b.png", "x" * 300 + ".png", "n\0l.png"])
def test_what_is_no_file_stays_in_the_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    text = f"see {tmp_path}/{name}"
    if name.startswith("a.png"):  # the shortest path is the file itself
        assert take_media(text)[0] == "see /b.png"
        return
    assert take_media(text) == (text, [])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"no picture", "invalid file type: text/plain; charset=utf-8"),
        (b"GIF89a", "invalid file type: image/gif"),
        (bytes(20), "invalid file type: application/octet-stream"),
    ],
)
def test_a_file_of_another_kind_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, words: str
) -> None:
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(MediaError, match=re.escape(words)):
        take_media(f"{tmp_path}/a.png")
    assert capsys.readouterr().err == f'Couldn\'t process file: "{words}"\n'


def test_a_file_that_is_too_large_is_refused_unread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    os.truncate(path, media.MAX_FILE)
    assert len(media.read_media(str(path)) or b"") == media.MAX_FILE
    os.truncate(path, media.MAX_FILE + 1)
    with pytest.raises(MediaError):
        take_media(str(path))
    words = "file size exceeds maximum limit (100MB)"
    assert capsys.readouterr().err == f'Couldn\'t process file: "{words}"\n'


def test_a_folder_or_a_pipe_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    os.mkfifo(tmp_path / "b.png")
    for name in ("a.png", "b.png"):
        with pytest.raises(MediaError, match="not a regular file"):
            take_media(f"{tmp_path}/{name}")


@pytest.mark.parametrize(
    ("capabilities", "accepted"),
    [(["completion"], False), (["completion", "vision"], True), (["audio"], True), (None, False)],
)
def test_models_that_see_or_hear_take_files(capabilities: list[str] | None, accepted: bool) -> None:
    shown: dict[str, Any] = {"capabilities": capabilities}
    assert accepts_media(shown) is accepted
