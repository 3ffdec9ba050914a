"""A serving for tests of the HTTP layer: it says what it is told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from pyollama.api import (
    ChatRequest,
    ChatResponse,
    GenerateRequest,
    GenerateResponse,
    ProcessModel,
    ResponseMessage,
    Time,
)


class FakeServing:
    """Answers every request with the script: texts, or an error to raise; notes how it is used."""

    def __init__(self) -> None:
        self.script: list[str | Exception] = ["Hello", " you"]
        self.refusal: Exception | None = None
        self.single: GenerateResponse | ChatResponse | None = None
        self.pause = 0.0  # seconds before each text
        self.calls: list[GenerateRequest | ChatRequest] = []
        self.sent = 0
        self.closed = 0

    async def generate(self, call: GenerateRequest) -> AsyncIterator[GenerateResponse]:
        self._start(call)
        return self._events(
            lambda **kw: GenerateResponse(model=call.model, created_at=Time(0), **kw)
        )

    async def chat(self, call: ChatRequest) -> AsyncIterator[ChatResponse]:
        self._start(call)

        def event(response: str, **kw: Any) -> ChatResponse:
            message = ResponseMessage(role="assistant", content=response)
            return ChatResponse(model=call.model, created_at=Time(0), message=message, **kw)

        return self._events(event)

    def _start(self, call: GenerateRequest | ChatRequest) -> None:
        self.calls.append(call)
        if self.refusal is not None:
            raise self.refusal

    async def _events(self, event: Any) -> AsyncIterator[Any]:
        try:
            if self.single is not None:
                yield self.single
                return
            for text in self.script:
                await asyncio.sleep(self.pause)
                if isinstance(text, Exception):
                    raise text
                self.sent += 1
                yield event(response=text, done=False)
            yield event(response="", done=True, done_reason="stop", eval_count=self.sent)
        finally:
            self.closed += 1

    def running(self) -> list[ProcessModel]:
        return []

    async def close(self) -> None:
        self.closed += 100
