"""What rendering one template may cost: a sum of work, and a time by which it must be done.

A unit of work is a character that is made, an item that is put somewhere, a step of a loop, a
call. What is about to be made is paid for first, so nothing large is ever allocated in vain.

Containers hold references, so a list of a few bytes may print as gigabytes, and comparing it may
take years: ``[x, x]`` of ``[x, x]``, forty times. Hence `size`, which counts what is inside as
often as it is referred to; it is taken of every new container and refuses what is too large.
"""

import time
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from jinja2 import TemplateError

__all__ = ["ITEM", "Items", "Size", "budgeted", "printed", "size", "spend"]

MAX_WORK = 100_000_000  # units; the longest prompt that a context has room for takes some 10 %
MAX_SECONDS = 10.0
MAX_ITEMS = 4_000_000  # in one value, those inside its items included
ITEM = 4  # units for an item of a container
COMPARED = 4096  # characters of a string that compare as fast as one item of a list
NUMBER_TEXT = 24  # characters of most numbers and constants, at most


class Items:
    """What a lazy filter has given, worked out at once: it can be looped over, and no more.

    Not a generator, of which one could stand on another until the stack ends; not a list, since
    templates see the difference: it has no length, and it is true even if it is empty.
    """

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


class Size(NamedTuple):
    """How large a value is when it is compared, and when it is printed."""

    items: int
    text: int  # characters, about


CONTAINERS = (list, tuple, set, frozenset, Items, KeysView, ValuesView, ItemsView)


class Budget:
    """What is left of the work and of the time, and the sizes that are known."""

    def __init__(self) -> None:
        self.left = MAX_WORK
        self.deadline = time.monotonic() + MAX_SECONDS
        # By id, with the value itself, so that no other gets its id. A size stays true: templates
        # cannot change a container.
        self.sizes: dict[int, tuple[Any, Size]] = {}

    def spend(self, units: int) -> None:
        """Pay; TemplateError if that is too much or too late."""
        self.left -= units
        if self.left < 0:
            raise TemplateError("it makes too much of too little")
        if time.monotonic() > self.deadline:
            raise TemplateError("took too long")

    def size(self, value: Any) -> Size:
        """The size of a value; TemplateError if it holds too much."""
        if isinstance(value, str):
            return Size(1 + len(value) // COMPARED, 2 + len(value))
        if isinstance(value, range):
            return Size(len(value), NUMBER_TEXT * len(value))
        if isinstance(value, int):
            return Size(1, NUMBER_TEXT + value.bit_length() // 3)
        if not isinstance(value, (dict, *CONTAINERS)):
            return Size(1, NUMBER_TEXT)
        if id(value) not in self.sizes:
            self.sizes[id(value)] = value, self._size_of_container(value)
        return self.sizes[id(value)][1]

    def _size_of_container(self, value: Any) -> Size:
        """The sum of what is in it."""
        inside = [*value, *value.values()] if isinstance(value, dict) else list(value)
        self.spend(1 + ITEM * len(inside))
        items, text = 1, 2
        for each in inside:
            part = self.size(each)
            items, text = items + part.items, text + part.text
            if items > MAX_ITEMS:
                raise TemplateError("it makes too much of too little")
        return Size(items, text)


CURRENT: ContextVar[Budget] = ContextVar("budget of the template that is being rendered")


@contextmanager
def budgeted() -> Iterator[None]:
    """Compile or render one template with a budget of its own."""
    token = CURRENT.set(Budget())
    try:
        yield
    finally:
        CURRENT.reset(token)


def spend(units: int) -> None:
    """Pay for some work of the current template."""
    CURRENT.get().spend(units)


def size(value: Any) -> Size:
    """The size of a value of the current template."""
    return CURRENT.get().size(value)


def printed(value: Any) -> int:
    """About how many characters the text of a value has."""
    return size(value).text
