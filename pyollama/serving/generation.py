"""One answer while it is made: token ids come in, text goes out.

It lives in the runner's thread. What it delivers crosses to the event loop as Pieces.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pyollama.engine import DoneReason, Event, Request
from pyollama.errors import PyollamaError
from pyollama.prompt.stop import StopMatcher
from pyollama.tokenizer import StreamDecoder, Tokenizer


@dataclass(frozen=True)
class Piece:
    """Some text of an answer, or its end, or both; a failure ends it too."""

    text: str = ""
    done_reason: DoneReason | None = None
    error: PyollamaError | None = None

    @property
    def is_last(self) -> bool:
        """Whether nothing follows."""
        return self.done_reason is not None or self.error is not None


Deliver = Callable[[Piece], None]


@dataclass(eq=False)
class Generation:
    """A request to the engine, and what turns its tokens into text."""

    request: Request
    stops: StopMatcher
    decoder: StreamDecoder
    deliver: Deliver
    tokens: list[int] = field(default_factory=list)

    def take(self, event: Event) -> bool:
        """Deliver what an event adds. True if the answer ended here and the engine must stop."""
        text = ""
        if event.token is not None:
            self.tokens.append(event.token)
            text = self.stops.push(self.decoder.push(event.token))
        if self.stops.stopped:
            self.deliver(Piece(text, "stop"))
            return event.done_reason is None
        if event.done_reason is not None:
            text += self.stops.push(self.decoder.flush()) + self.stops.flush()
            self.deliver(Piece(text, event.done_reason))
        elif text:
            self.deliver(Piece(text))
        return False

    def fail(self, error: PyollamaError) -> None:
        """End the answer with an error."""
        self.deliver(Piece(error=error))


def new_generation(
    request: Request, stop: Sequence[str], tokenizer: Tokenizer, deliver: Deliver
) -> Generation:
    """A generation that has not started."""
    return Generation(request, StopMatcher(stop), StreamDecoder(tokenizer), deliver)
