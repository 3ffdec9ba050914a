"""A streamed completion: a chunk for each native event, the usage, [DONE]."""

import time
from collections.abc import Mapping, Sequence

from pyollama.api import GenerateResponse, Logprob
from pyollama.errors import PyollamaError
from pyollama_http import sse
from pyollama_http.errors import status_of
from pyollama_http.openai.conversion import new_number, usage_of
from pyollama_http.openai.dialect import OPENAI
from pyollama_http.openai.types import StreamOptions
from pyollama_http.openai.wire import (
    FINGERPRINT,
    CompletionChunk,
    CompletionLogprobs,
    TextChoice,
    Usage,
)

__all__ = ["TextChunks", "text_logprobs"]

NO_USAGE = Usage(prompt_tokens=0, completion_tokens=0, total_tokens=0)


def text_logprobs(entries: Sequence[Logprob], offset: int = 0) -> CompletionLogprobs | None:
    """Log probabilities as this endpoint tells them, of text that begins at an offset."""
    if not entries:
        return None
    found = CompletionLogprobs(tokens=[], token_logprobs=[], top_logprobs=[], text_offset=[])
    for entry in entries:
        found.tokens.append(entry.token)
        found.token_logprobs.append(entry.logprob)
        found.top_logprobs.append({each.token: each.logprob for each in entry.top_logprobs})
        found.text_offset.append(offset)
        offset += len(entry.token)
    return found


class TextChunks:
    """The frames of a stream; see streams.Frames. An event comes with the number of its answer."""

    headers: Mapping[str, str] = sse.HEADERS

    def __init__(self, model: str, n: int, options: StreamOptions | None, *, strict: bool) -> None:
        self.model = model
        self.strict = strict
        self.includes_usage = bool(options and options.include_usage)
        self.id = f"cmpl-{new_number()}"
        self.offsets = [0] * n
        self.finals: list[GenerateResponse] = []

    def event(self, event: tuple[int, GenerateResponse]) -> bytes:
        """The chunk for a native event."""
        index, native = event
        if native.done:
            self.finals.append(native)
        logprobs = None if self.strict else text_logprobs(native.logprobs, self.offsets[index])
        self.offsets[index] += sum(len(entry.token) for entry in native.logprobs)
        choice = TextChoice(
            text=native.response,
            index=index,
            finish_reason=native.done_reason or None,
            logprobs=logprobs,
        )
        return sse.frame(self._chunk([choice], NO_USAGE))

    def end(self) -> bytes:
        """The usage if it is wanted, and the mark of the end."""
        if not self.includes_usage or not self.finals:
            return sse.DONE
        return sse.frame(self._chunk([], usage_of(*self.finals))) + sse.DONE

    def failure(self, error: PyollamaError) -> bytes:
        """The error; as in Ollama, where nothing knows of it, a chunk of nothing."""
        if not self.strict:
            return sse.frame(OPENAI.error(str(error), status_of(error)))
        chunk = self._chunk([TextChoice(text="", index=0, finish_reason=None)], NO_USAGE)
        chunk.model = ""
        return sse.frame(chunk)

    def _chunk(self, choices: list[TextChoice], usage: Usage) -> CompletionChunk:
        return CompletionChunk(
            id=self.id,
            object="text_completion",
            created=int(time.time()),
            choices=choices,
            model=self.model,
            system_fingerprint=FINGERPRINT,
            usage=usage if self.includes_usage else None,
        )
