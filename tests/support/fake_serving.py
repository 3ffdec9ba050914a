"""A serving for tests of the HTTP layer: it says what it is told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from pyollama.api import (
    ChatRequest,
    ChatResponse,
    GenerateRequest,
    GenerateResponse,
    Logprob,
    ProcessModel,
    ResponseMessage,
    Steering,
    Time,
)


class FakeServing:
    """Answers each request by the script: texts, messages, an error to raise; notes its use."""

    def __init__(self) -> None:
        self.script: list[str | ResponseMessage | Exception] = ["Hello", " you"]
        self.final = ResponseMessage(role="assistant", content="")  # what the last event says
        self.done_reason = "stop"
        self.prompt_eval_count = 0
        self.logprobs: list[Logprob] = []  # of each text
        self.refusal: Exception | None = None
        self.single: GenerateResponse | ChatResponse | None = None
        self.pause = 0.0  # seconds before each text
        self.calls: list[GenerateRequest | ChatRequest] = []
        self.steerings: list[Steering] = []
        self.sent = 0
        self.closed = 0

    async def generate(
        self, call: GenerateRequest, steering: Steering | None = None
    ) -> AsyncIterator[GenerateResponse]:
        self._start(call, steering)

        def event(message: ResponseMessage, **kw: Any) -> GenerateResponse:
            return GenerateResponse(
                model=call.model,
                created_at=Time(0),
                response=message.content,
                thinking=message.thinking,
                **kw,
            )

        return self._events(event)

    async def chat(
        self, call: ChatRequest, steering: Steering | None = None
    ) -> AsyncIterator[ChatResponse]:
        self._start(call, steering)

        def event(message: ResponseMessage, **kw: Any) -> ChatResponse:
            return ChatResponse(model=call.model, created_at=Time(0), message=message, **kw)

        return self._events(event)

    def _start(self, call: GenerateRequest | ChatRequest, steering: Steering | None) -> None:
        self.calls.append(call)
        if steering is not None:
            self.steerings.append(steering)
        if self.refusal is not None:
            raise self.refusal

    async def _events(self, event: Any) -> AsyncIterator[Any]:
        try:
            if self.single is not None:
                yield self.single
                return
            for item in self.script:
                await asyncio.sleep(self.pause)
                if isinstance(item, Exception):
                    raise item
                self.sent += 1
                yield event(message_of(item), done=False, logprobs=self.logprobs)
            yield event(
                self.final,
                done=True,
                done_reason=self.done_reason,
                eval_count=self.sent,
                prompt_eval_count=self.prompt_eval_count,
            )
        finally:
            self.closed += 1

    def running(self) -> list[ProcessModel]:
        return []

    async def close(self) -> None:
        self.closed += 100


def message_of(item: str | ResponseMessage) -> ResponseMessage:
    """A message of a text."""
    return ResponseMessage(role="assistant", content=item) if isinstance(item, str) else item
