"""Tags in the text of messages where their images belong, for the families that see images.

[img-N] stands for the image with number N, counted from 0 over the whole conversation; before the
prompt is tokenized the tags become what the model knows images by.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from pyollama.api import Message
from pyollama.prompt.parsers.machine import SPACE

__all__ = ["tagged"]


def tagged(messages: Sequence[Message]) -> list[Message]:
    """The messages with a tag for each image; those without images are the same objects."""
    return list(_tagged(messages))


def _tagged(messages: Sequence[Message]) -> Iterator[Message]:
    number = 0
    for message in messages:
        tags = [f"[img-{number + i}]" for i in range(len(message.images))]
        number += len(tags)  # also of images that the client tagged himself
        yield replace(message, content=_with_tags(message.content, tags)) if tags else message


def _with_tags(content: str, tags: list[str]) -> str:
    """The text with each [img] replaced by the next tag, and the tags that are left before it."""
    if "[img-" in content:
        return content
    texts = content.split("[img]", len(tags))
    placed = len(texts) - 1
    text = texts[0] + "".join(tag + after for tag, after in zip(tags, texts[1:], strict=False))
    left = "".join(tags[placed:])
    return left + (" " if left and text and text[0] not in SPACE else "") + text
