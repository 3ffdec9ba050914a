"""What is particular to an endpoint that generates, and how its answer is dressed."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from pyollama.api import ChatRequest, GenerateRequest
from pyollama.prompt.parsers import Parser
from pyollama.serving.answer import ThinkingForm
from pyollama.serving.context import Room
from pyollama.serving.exchange import Exchange
from pyollama.serving.text_side import TextSide
from pyollama.store import StoredModel

R = TypeVar("R")


class ReadingForm(ThinkingForm[R], Protocol[R]):
    """A form that takes the text apart by a parser."""

    reader: Parser

    @property
    def awaits_thoughts(self) -> bool:
        """Whether the text is free until the model has thought, and kept to the format then."""


class Endpoint(Protocol[R]):
    """One request, and what is particular to its endpoint."""

    @property
    def call(self) -> GenerateRequest | ChatRequest:
        """The request."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to answer: the request only loads or unloads the model."""

    @property
    def images(self) -> Sequence[bytes]:
        """Every image of the request."""

    def require_name(self) -> None:
        """Raise if the endpoint has words of its own for a missing name."""

    def check(self, stored: StoredModel) -> bool:
        """The checks between the model and its options; whether the answer may think."""

    def is_completion(self, stored: StoredModel) -> bool:
        """Whether the run is a text completion, with the limits that Ollama sets to those."""

    def exchange(self, stored: StoredModel, loaded: TextSide, thinks: bool) -> Exchange:
        """Who writes the prompt, and who reads the answer."""

    def prompt(self, exchange: Exchange, room: Room, thoughts: str = "") -> str:
        """The text that the model goes on from; thoughts are what it has thought already."""

    def form(self, exchange: Exchange, prompt: str) -> ReadingForm[R]:
        """What dresses the answer's text."""

    def bare(self, reason: str) -> R:
        """The answer to a load or an unload: no text, no statistics."""

    def rendered(self, prompt: str) -> R:
        """The answer to _debug_render_only."""
