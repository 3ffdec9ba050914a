"""Names of tools, found in a text that grows."""

from bisect import bisect_right
from collections.abc import Sequence

__all__ = ["NameFinder"]

MAX_NAME = 1024  # characters; a longer name is not looked for


class NameFinder:
    """Finds the first name in a growing text; of two at one place the longer one."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = {name for name in names if 0 < len(name) <= MAX_NAME}
        self.sorted = sorted(self.names)
        self.longest = max(map(len, self.names), default=0)
        self.places = dict.fromkeys(self.names, -1)
        self.searched = dict.fromkeys(self.names, 0)

    def may_go_on(self, text: str) -> bool:
        """Whether the text ends in what may become a name: "get" may become "get_weather"."""
        most = min(len(text), self.longest)
        return any(self._begins_one(text[-n:]) for n in range(1, most + 1))

    def _begins_one(self, text: str) -> bool:
        """Whether there is a longer name that begins so: it would come next in their order."""
        place = bisect_right(self.sorted, text)
        return place < len(self.sorted) and self.sorted[place].startswith(text)

    def find(self, text: str, begin: int) -> tuple[int, str] | None:
        """Place and name of the first one at or after a place that only moves forward."""
        found = [(self._place(name, text, begin), -len(name), name) for name in self.names]
        place, _, name = min((each for each in found if each[0] >= 0), default=(-1, 0, ""))
        return (place, name) if name else None

    def _place(self, name: str, text: str, begin: int) -> int:
        """Where a name is, or -1; no part of the text is searched twice for it."""
        if self.places[name] < begin:
            start = max(begin, self.searched[name] - len(name))
            self.places[name] = text.find(name, start)
            self.searched[name] = len(text)
        return self.places[name]
