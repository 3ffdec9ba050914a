"""A streamed answer: its items as they come, each begun, told piece by piece, and completed."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import count

from pyollama.api import ChatResponse
from pyollama.errors import PyollamaError
from pyollama_http import sse
from pyollama_http.errors import status_of
from pyollama_http.openai.dialect import OPENAI
from pyollama_http.openai.responses import payloads
from pyollama_http.openai.responses.objects import Answer, usage_of
from pyollama_http.openai.responses.output import Output
from pyollama_http.openai.responses.payloads import Payload
from pyollama_http.openai.responses.searching import Event, OtherCalls
from pyollama_http.openai.responses.wire import ResponseObject
from pyollama_http.web_search import Found, Searching

__all__ = ["ResponseFrames"]

CODES = {401: "authentication_error", 429: "rate_limit_exceeded"}


class ResponseFrames:
    """The frames of a stream; see streams.Frames.

    strict: with the flaws of Ollama's own
    tells_failures: a stream that fails says so, which Ollama's do only where searches are offered
    """

    headers: Mapping[str, str] = {**sse.HEADERS, **sse.KEPT_ALIVE}

    def __init__(self, answer: Answer, *, strict: bool, tells_failures: bool) -> None:
        self.strict = strict
        self.tells_failures = tells_failures
        self.answer = answer
        self.output = Output(answer.number, strict=strict)
        self.numbers = count()
        self.has_begun = False
        self.is_complete = False
        self.usage = usage_of()

    def event(self, event: Event) -> bytes:
        """The frames for an event."""
        return self._framed(self._begin()) + self._framed(self._told(event))

    def end(self) -> bytes:
        """Nothing, or what is missing after events that just stopped."""
        if self.is_complete or self.strict:
            return b""
        return self._framed(self._begin()) + self._framed(self._complete())

    def failure(self, error: PyollamaError) -> bytes:
        """The error; as in Ollama, where nothing knows of it, nothing."""
        if not self.tells_failures:
            return b""
        status = status_of(error)
        words = OPENAI.error(str(error), status).error.message
        failed = payloads.response_failed(
            self.answer.id,
            self.answer.call.model,
            CODES.get(status, "api_error"),
            words,
            self.usage,
        )
        return self._framed(self._begin()) + self._framed([failed])

    def _framed(self, made: Iterable[Payload]) -> bytes:
        """The bytes of payloads, with their numbers."""
        numbered = ({**payload, "sequence_number": next(self.numbers)} for payload in made)
        return b"".join(sse.frame(payload, payload["type"]) for payload in numbered)

    def _begin(self) -> Iterator[Payload]:
        """What stands before everything else."""
        if not self.has_begun:
            self.has_begun = True
            yield self._of_response("created", self.answer.begun())
            yield self._of_response("in_progress", self.answer.begun())

    def _told(self, event: Event) -> Iterator[Payload]:
        """What an event says."""
        match event:
            case Searching():
                yield from self.output.search(event)
            case Found():
                yield from self.output.found()
            case OtherCalls():
                yield from self.output.call(event.calls)
            case ChatResponse():
                yield from self._said(event)

    def _said(self, event: ChatResponse) -> Iterator[Payload]:
        """What the model says."""
        message = event.message
        yield from self.output.think(message.thinking)
        if not (self.strict and message.tool_calls):
            yield from self.output.say(message.content)
        yield from self.output.call(message.tool_calls)
        self.output.is_over |= bool(message.tool_calls)
        self.usage = usage_of(event)
        if event.done:
            yield from self._complete()

    def _complete(self) -> Iterator[Payload]:
        """What is still open, and the end."""
        self.is_complete = True
        yield from self.output.close()
        whole = self.answer.whole(self.output.items, self.usage)
        if self.strict and not whole.output:
            whole.output = None
        yield self._of_response("completed", whole)

    def _of_response(self, kind: str, response: ResponseObject) -> Payload:
        return payloads.of_response(kind, response, self.answer.streamed_tools)
