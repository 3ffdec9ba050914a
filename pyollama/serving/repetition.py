"""The guard against a model that says the same thing for ever."""

MAX_REPEATS = 30


class RepetitionGuard:
    """Watches for a piece of text that comes more than 30 times after itself.

    Blanks around a piece do not count, so pieces of blanks are all the same. Source: the guard of
    Ollama's own server, which acts on text completions.
    """

    def __init__(self) -> None:
        self.last = ""
        self.n_repeat = 0

    def trips(self, text: str) -> bool:
        """Take note of a piece; whether the answer has to end before it."""
        piece = text.strip()
        self.n_repeat = self.n_repeat + 1 if piece == self.last else 0
        self.last = piece
        return self.n_repeat > MAX_REPEATS
