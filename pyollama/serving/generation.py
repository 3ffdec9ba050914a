"""One answer while it is made: token ids come in, text goes out.

It lives in the runner's thread. What it delivers crosses to the event loop as Pieces.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pyollama.engine import DoneReason, Event, Request
from pyollama.errors import PyollamaError
from pyollama.prompt.stop import StopMatcher
from pyollama.sampling.logprobs import TokenLogprob
from pyollama.serving.repetition import RepetitionGuard
from pyollama.tokenizer import StreamDecoder, Tokenizer


@dataclass(frozen=True)
class Piece:
    """Some text of an answer, or its end, or both; a failure ends it too.

    logprobs: of the tokens that the text consists of.
    is_cut: the answer ends here for want of anything new, without a reason and statistics.
    """

    text: str = ""
    done_reason: DoneReason | None = None
    error: PyollamaError | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    is_cut: bool = False

    @property
    def is_last(self) -> bool:
        """Whether nothing follows."""
        return self.done_reason is not None or self.error is not None or self.is_cut


Deliver = Callable[[Piece], None]


@dataclass(eq=False)
class Generation:
    """A request to the engine, and what turns its tokens into text."""

    request: Request
    stops: StopMatcher
    decoder: StreamDecoder
    deliver: Deliver
    guard: RepetitionGuard | None = None
    logprobs: list[TokenLogprob] = field(default_factory=list)  # of tokens whose text is held back

    def take(self, event: Event) -> bool:
        """Deliver what an event adds. True if the answer ended here and the engine must stop."""
        reason = event.done_reason
        text = "" if event.token is None else self.stops.push(self.decoder.push(event.token))
        if event.logprob is not None:
            self.logprobs.append(event.logprob)
        if self.stops.stopped:
            reason = "stop"
        elif reason is not None:
            text += self.stops.push(self.decoder.flush()) + self.stops.flush()
        ended = self._pass_on(text, reason)
        return ended and event.done_reason is None

    def _pass_on(self, text: str, reason: DoneReason | None) -> bool:
        """Deliver text, an end or both; True if the answer has ended, be it by the guard."""
        if text and self.guard is not None and self.guard.trips(text):
            self.deliver(Piece(is_cut=True))
            return True
        if text or reason is not None:
            self.deliver(Piece(text, reason, logprobs=tuple(self.logprobs)))
            self.logprobs.clear()
        return reason is not None

    def fail(self, error: PyollamaError) -> None:
        """End the answer with an error."""
        self.deliver(Piece(error=error))


def new_generation(
    request: Request,
    stop: Sequence[str],
    tokenizer: Tokenizer,
    deliver: Deliver,
    guard: RepetitionGuard | None = None,
    preserved: Sequence[str] = (),
) -> Generation:
    """A generation that has not started.

    preserved: control tokens whose text is wanted; what is not exactly one token does not count
    """
    ids = [tokenizer.encode(text, add_special=False) for text in preserved]
    decoder = StreamDecoder(tokenizer, [id for id, *more in filter(None, ids) if not more])
    return Generation(request, StopMatcher(stop), decoder, deliver, guard)
