"""A serving with an answer for each request."""

import pytest
from fake_serving import FakeServing

from pyollama.api import ChatRequest, GenerateRequest, ResponseMessage, Steering


class RepliesServing(FakeServing):
    """Answers by the next of the replies, as long as there are some."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[list[str | ResponseMessage | Exception]] = []

    def _start(self, call: GenerateRequest | ChatRequest, steering: Steering | None) -> None:
        super()._start(call, steering)
        if self.replies:
            self.script = self.replies.pop(0)


@pytest.fixture
def serving() -> FakeServing:
    return RepliesServing()
