"""A streamed chat completion: chunks, a chunk that tells why it ended, the usage, [DONE]."""

from collections.abc import Iterator, Mapping

from pyollama.api import ChatResponse, ResponseMessage
from pyollama.errors import PyollamaError
from pyollama_http import sse
from pyollama_http.errors import status_of
from pyollama_http.openai.conversion import (
    finish_reason,
    logprobs_of,
    new_number,
    tool_calls_of,
    usage_of,
)
from pyollama_http.openai.dialect import OPENAI
from pyollama_http.openai.types import StreamOptions
from pyollama_http.openai.wire import (
    FINGERPRINT,
    ChatCompletionChunk,
    ChunkChoice,
    Delta,
    Logprobs,
)

__all__ = ["ChatChunks"]


class ChoiceState:
    """How far one of the answers has come."""

    def __init__(self) -> None:
        self.n_call = 0
        self.has_begun = False


class ChatChunks:
    """The frames of a stream; see streams.Frames. An event comes with the number of its answer."""

    headers: Mapping[str, str] = sse.HEADERS

    def __init__(self, model: str, n: int, options: StreamOptions | None, strict: bool) -> None:
        self.model = model
        self.strict = strict
        self.includes_usage = bool(options and options.include_usage)
        self.id = f"chatcmpl-{new_number()}"
        self.created: int | None = None
        self.states = [ChoiceState() for _ in range(n)]
        self.finals: list[ChatResponse] = []
        self.is_rendered = False

    def event(self, event: tuple[int, ChatResponse]) -> bytes:
        """The chunks for a native event."""
        index, native = event
        if self.created is None:
            self.created = native.created_at // 10**9
        self.is_rendered = native.debug_info is not None
        if native.done:
            self.finals.append(native)
        return b"".join(map(sse.frame, self._chunks(index, native, self.states[index])))

    def end(self) -> bytes:
        """The usage if it is wanted, and the mark of the end."""
        if self.is_rendered:
            return b""
        usage = b""
        if self.includes_usage and self.finals:
            usage = sse.frame(self._chunk([], usage=usage_of(*self.finals)))
        return usage + sse.DONE

    def failure(self, error: PyollamaError) -> bytes:
        """The error; as in Ollama, where nothing knows of it, a chunk of nothing."""
        if not self.strict:
            return sse.frame(OPENAI.error(str(error), status_of(error)))
        choice = ChunkChoice(index=0, delta=Delta(content=""), finish_reason=None)
        chunk = self._chunk([choice])
        chunk.model = ""
        return sse.frame(chunk)

    def _chunks(
        self, index: int, native: ChatResponse, state: ChoiceState
    ) -> Iterator[ChatCompletionChunk]:
        """What an event says, and, if it is the last of its answer, why that ended."""
        message, logprobs = native.message, logprobs_of(native)
        says = message.content or message.thinking or message.tool_calls or native.logprobs
        if says or not native.done or not state.has_begun:
            for delta in self._deltas(message, state):
                yield self._chunk([_choice(index, delta, logprobs)])
                logprobs = None
        if native.done:
            reason = finish_reason(native.done_reason or "stop", has_calls=state.n_call > 0)
            yield self._chunk([_choice(index, Delta(), None, reason)])

    def _deltas(self, message: ResponseMessage, state: ChoiceState) -> Iterator[Delta]:
        """One, or first the thoughts and then the rest."""
        calls = tool_calls_of(message.tool_calls, state.n_call)
        state.n_call += len(calls)
        role = "" if state.has_begun else "assistant"
        state.has_begun = True
        if message.thinking and (message.content or calls):
            yield Delta(role=role, reasoning=message.thinking)
            yield Delta(content=message.content, tool_calls=calls)
            return
        yield Delta(
            role=role, content=message.content, reasoning=message.thinking, tool_calls=calls
        )

    def _chunk(self, choices: list[ChunkChoice], **more: object) -> ChatCompletionChunk:
        return ChatCompletionChunk(
            id=self.id,
            object="chat.completion.chunk",
            created=self.created or 0,
            model=self.model,
            system_fingerprint=FINGERPRINT,
            choices=choices,
            **more,  # type: ignore[arg-type]
        )


def _choice(
    index: int, delta: Delta, logprobs: Logprobs | None, reason: str | None = None
) -> ChunkChoice:
    return ChunkChoice(index=index, delta=delta, finish_reason=reason, logprobs=logprobs)
