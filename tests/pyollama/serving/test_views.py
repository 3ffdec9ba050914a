"""Messages as templates see them."""

import time

import pytest

from pyollama.api import Message
from pyollama.serving.views import with_image_tags


@pytest.mark.parametrize(
    ("content", "n_image", "tagged"),
    [
        ("a [img] b", 1, "a [img-0] b"),
        ("a [img] b [img]", 1, "a [img-0] b [img]"),
        ("a [img] b", 3, "[img-1][img-2]a [img-0] b"),
        ("a", 0, "a"),
        ("", 2, "[img-0][img-1]"),
    ],
)
def test_each_image_has_its_place_or_else_the_front(
    content: str, n_image: int, tagged: str
) -> None:
    message = Message(role="user", content=content, images=[b"x"] * n_image)
    assert [each.content for each in with_image_tags([message])] == [tagged]


def test_images_are_counted_over_all_messages() -> None:
    message = Message(role="user", content="[img]", images=[b"x"])
    assert [each.content for each in with_image_tags([message] * 2)] == ["[img-0]", "[img-1]"]


def test_thousands_of_images_in_a_long_text_take_less_than_a_second() -> None:
    message = Message(role="user", content="[img]" * 100_000, images=[b"x"] * 50_000)
    begin = time.process_time()
    assert with_image_tags([message])[0].content.count("[img-") == 50_000
    assert time.process_time() - begin < 1.0
