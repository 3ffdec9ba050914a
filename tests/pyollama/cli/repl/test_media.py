"""Images in a conversation: for models that see; a line may then begin with a path."""

import base64
from pathlib import Path
from typing import Any

import pytest

from pyollama.cli.repl.conversation import Conversation

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
SENT = base64.b64encode(PNG).decode()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A file that is an image."""
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    return path


@pytest.fixture
def seeing(talk: Conversation) -> Conversation:
    """A conversation with a model that sees."""
    talk.shown["capabilities"] = ["completion", "vision"]
    return talk


def last(server: Any) -> Any:
    """The last message of the last chat request."""
    return server.bodies("POST /api/chat")[-1]["messages"][-1]


def test_an_image_goes_with_its_message_and_again_with_the_next(
    enter: Any, server: Any, seeing: Any, picture: Path
) -> None:
    printed = enter(f"what is {picture} ?", "and now?")
    assert printed.err == f"Added image '{picture}'\n"
    question = {"role": "user", "content": "what is  ?", "images": [SENT]}
    assert server.bodies("POST /api/chat")[0]["messages"] == [question]
    assert server.bodies("POST /api/chat")[1]["messages"][0] == question
    assert last(server) == {"role": "user", "content": "and now?"}


@pytest.mark.parametrize("form", ["{}", "{} what is this?"])
def test_a_line_that_begins_with_a_path_is_a_message_to_a_model_that_sees(
    enter: Any, server: Any, seeing: Any, picture: Path, form: str
) -> None:
    enter(form.format(picture))
    assert last(server)["images"] == [SENT]


def test_a_block_may_name_images_too(enter: Any, server: Any, seeing: Any, picture: Path) -> None:
    enter('"""look', f'{picture} """')
    assert last(server) == {"role": "user", "content": "look", "images": [SENT]}


def test_to_a_model_that_does_not_see_a_path_is_a_command_or_text(
    enter: Any, server: Any, picture: Path
) -> None:
    printed = enter(str(picture), f"see {picture}")
    assert printed.out.startswith(f"Unknown command '{picture}'. Type /? for help\n")
    assert (last(server), printed.err) == ({"role": "user", "content": f"see {picture}"}, "")


@pytest.mark.parametrize("line", ["/foo", "/foo bar", "/etc/passwd"])
def test_what_is_no_path_of_an_image_is_an_unknown_command(
    enter: Any, seeing: Any, line: str
) -> None:
    assert enter(line).out == f"Unknown command '{line.split()[0]}'. Type /? for help\n"


def test_commands_come_before_paths(enter: Any, server: Any, seeing: Any) -> None:
    assert enter("/bye/a.png", "never read").out == ""
    assert server.bodies("POST /api/chat") == []


def test_a_file_that_is_no_image_stops_its_message_and_not_the_session(
    enter: Any, server: Any, seeing: Any, picture: Path
) -> None:
    picture.write_text("a text")
    printed = enter(f"see {picture}", "hi")
    words = "invalid file type: text/plain; charset=utf-8"
    assert printed.err == f'Couldn\'t process file: "{words}"\n'
    bodies = server.bodies("POST /api/chat")
    assert [[m["content"] for m in body["messages"]] for body in bodies] == [["hi"]]


def test_the_help_tells_of_files_where_they_can_be_sent(enter: Any, talk: Conversation) -> None:
    hint = "Use /path/to/file to include .jpg, .png, .webp images, or .wav audio files."
    assert hint not in enter("/?").err
    talk.shown["capabilities"] = ["completion", "audio"]
    assert enter("/?").err.endswith(f'Use """ to begin a multi-line message.\n{hint}\n\n')


def test_the_models_that_are_loaded_later_decide_anew(
    enter: Any, server: Any, seeing: Conversation, picture: Path
) -> None:
    server.answers["POST /api/show"] = (200, {"capabilities": ["completion"]})
    enter("/load blind", f"see {picture}")
    assert "images" not in last(server)
