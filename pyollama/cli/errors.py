"""What ends a command: one line on stderr, and exit code 1."""

from pyollama.errors import PyollamaError

__all__ = ["ApiError", "CommandError", "MediaError", "NoServer"]


class CommandError(PyollamaError):
    """The command cannot go on; the message is what the user reads after "Error: "."""


class NoServer(CommandError):
    """Nobody listens at the server's address."""

    def __init__(self) -> None:
        super().__init__("could not connect to ollama server, run 'ollama serve' to start it")


class MediaError(CommandError):
    """A file that a message names cannot go with it; the user has been told."""


class ApiError(CommandError):
    """The server answered with an error; reason is the phrase of the status."""

    def __init__(self, text: str, status: int = 0, reason: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.reason = reason

    def with_status(self) -> "ApiError":
        """The same error as commands that stream print it: ``500 Internal Server Error: ...``."""
        if not self.status:
            return self
        return ApiError(f"{self.status} {self.reason}: {self}", self.status, self.reason)
