"""Several answers as one: what becomes of the others when they are closed."""

import asyncio
import gc
from typing import Any

from pyollama.errors import EngineError
from pyollama_http.events import Merged


class Failing:
    """An answer that fails, by itself or when it is stopped."""

    def __init__(self, after: float) -> None:
        self.after = after
        self.is_closed = False

    def __aiter__(self) -> "Failing":
        return self

    async def __anext__(self) -> int:
        try:
            await asyncio.sleep(self.after)
        except asyncio.CancelledError:
            raise EngineError("failed while it unwound") from None
        raise EngineError("failed")

    async def aclose(self) -> None:
        self.is_closed = True


def test_answers_that_fail_while_they_are_closed_are_closed_in_silence() -> None:
    complaints: list[Any] = []

    async def scenario(answers: list[Failing]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        merged = Merged(answers)
        try:
            await anext(merged)
        except EngineError as error:
            assert str(error) == "failed"
        await merged.aclose()

    answers = [Failing(0.0), Failing(60.0), Failing(60.0)]
    asyncio.run(scenario(answers))
    gc.collect()
    assert all(answer.is_closed for answer in answers)
    assert not complaints
