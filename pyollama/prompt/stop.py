"""Stop strings, found in text that arrives in pieces."""

from collections.abc import Sequence


class StopMatcher:
    """Passes text on until a stop string appears; neither it nor what follows is passed on.

    While the text may end in the start of a stop string, all of what is not yet passed on is held
    back, and an empty stop string matches at once: both as in llama.cpp.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self.stops = tuple(stops)
        self.held = ""
        self.stopped = False

    def push(self, text: str) -> str:
        """Add text; what may be shown of it. ``stopped`` tells whether a stop string was met."""
        held = self.held + text
        known = len(self.held)  # characters that were searched before
        places = (held.find(stop, max(known - len(stop), 0)) for stop in self.stops)
        found = [place for place in places if place >= 0]
        if found:
            self.stopped = True
            self.held = ""
            return held[: min(found)]
        if any(overlap(held, stop) for stop in self.stops):
            self.held = held
            return ""
        self.held = ""
        return held

    def flush(self) -> str:
        """What was held back, once the answer has ended for another reason."""
        held, self.held = self.held, ""
        return held


def overlap(text: str, stop: str) -> int:
    """The length of the longest proper start of ``stop`` that ``text`` ends with."""
    length = min(len(stop) - 1, len(text))
    while length > 0:
        length = stop.rfind(text[-1], 0, length) + 1  # the next that ends as the text does
        if length and text.endswith(stop[:length]):
            return length
        length -= 1
    return 0
