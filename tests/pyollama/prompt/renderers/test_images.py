"""Tags of images in the text of messages."""

import pytest
from conversations import answer, user

from pyollama.prompt.renderers.images import tagged


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("what is it?", "[img-0] what is it?"),
        (" what?", "[img-0] what?"),
        ("\nwhat?", "[img-0]\nwhat?"),
        ("\x1fwhat?", "[img-0] \x1fwhat?"),  # white space to Python, not to Go
        ("", "[img-0]"),
        ("look: [img] here", "look: [img-0] here"),
        ("[img] and [img]", "[img-0] and [img]"),
        ("already [img-7]", "already [img-7]"),
        ("broken [img-", "broken [img-"),
    ],
)
def test_an_image_is_tagged_where_the_text_says_or_before_it(content: str, text: str) -> None:
    assert tagged([user(content, n_images=1)])[0].content == text


def test_tags_that_the_text_has_no_place_for_stand_before_it() -> None:
    (message,) = tagged([user("a [img] b", n_images=3)])
    assert message.content == "[img-1][img-2] a [img-0] b"


def test_numbers_run_on_over_the_conversation() -> None:
    first, answered, second, third = tagged(
        [
            user("one", n_images=2),
            answer("[img]"),
            user("own [img-9]", n_images=1),
            user("x", n_images=1),
        ]
    )
    assert first.content == "[img-0][img-1] one"
    assert answered.content == "[img]"
    assert second.content == "own [img-9]"
    assert third.content == "[img-3] x"


def test_messages_of_the_caller_are_not_changed() -> None:
    message = user("what?", n_images=1)
    tagged([message])
    assert message.content == "what?"


def test_a_megabyte_of_marks_is_read_once() -> None:
    message = user("[img]" * 200_000, n_images=1000)
    assert tagged([message])[0].content.count("[img-") == 1000
