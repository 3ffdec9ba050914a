"""A request whose model is loaded: its prompt is written, and the engine started on it.

Where an answer has a format and the model thinks, there are two passes: in the first the model
thinks freely; when it begins to answer, that is thrown away, and a second pass over the prompt and
the thoughts answers within the format.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pyollama.api import Steering
from pyollama.engine import Request, Stats
from pyollama.errors import PyollamaError
from pyollama.sampling import Options, Sampler
from pyollama.sampling.constraint import Constraint
from pyollama.serving.answer import Answer, Clock, Pass, PieceQueue, Refused, Single
from pyollama.serving.checks import require_text_only
from pyollama.serving.context import Room, kept_at_front
from pyollama.serving.endpoint import Endpoint, ReadingForm
from pyollama.serving.exchange import Exchange
from pyollama.serving.formats import answer_constraint, requested_format
from pyollama.serving.generation import new_generation
from pyollama.serving.limits import predict_limit, prompt_room, require_acceptable
from pyollama.serving.repetition import RepetitionGuard
from pyollama.serving.slot import Lease
from pyollama.store import StoredModel

R = TypeVar("R")

Events = Answer[R] | Refused[R] | Single[R]


@dataclass(frozen=True)
class Ready(Generic[R]):
    """What the engine is started with."""

    exchange: Exchange
    room: Room
    tokens: list[int]
    constraint: Constraint | None
    form: ReadingForm[R]


class Run(Generic[R]):
    """A request whose model is leased."""

    def __init__(
        self,
        endpoint: Endpoint[R],
        stored: StoredModel,
        lease: Lease,
        options: Options,
        clock: Clock,
        steering: Steering,
        *,
        strict: bool = False,
    ) -> None:
        self.endpoint = endpoint
        self.stored = stored
        self.lease = lease
        self.options = options
        self.clock = clock
        self.steering = steering
        self.strict = strict  # about prompts that would have to be cut

    async def begin(self, thinks: bool) -> Events[R]:
        """Build the prompt and start; a model that need not run is given back at once."""
        endpoint = self.endpoint
        if endpoint.is_empty:
            return self._without_running(endpoint.bare("load"))
        ready = await asyncio.to_thread(self._prepared, thinks)
        if isinstance(ready, PyollamaError):
            self.lease.release()
            return Refused(ready)
        return self._answer(ready) if isinstance(ready, Ready) else self._without_running(ready)

    def _prepared(self, thinks: bool) -> "Ready[R] | PyollamaError | R":
        """All that is done before the engine starts, in one errand of a worker thread.

        Gives an event instead where nothing is to be run, and the error of a prompt that is refused
        once the answer has begun; others are raised.
        """
        endpoint = self.endpoint
        exchange, room, prompt = self._written(thinks)
        if endpoint.call.debug_render_only:
            return endpoint.rendered(prompt)
        requested_format(endpoint.call.format)
        form = endpoint.form(exchange, prompt)
        try:
            require_text_only(endpoint.images)
            constraint = answer_constraint(exchange, endpoint.call.format)
            return Ready(exchange, room, self._tokens(room, prompt), constraint, form)
        except PyollamaError as error:
            return error

    def _answer(self, ready: "Ready[R]") -> Answer[R]:
        """Start the one pass, or the first of two."""
        room, form, constraint = ready.room, ready.form, ready.constraint
        if constraint is None or not form.awaits_thoughts:
            one = self._pass(room, ready.tokens, constraint, form, self.lease.release)
            return Answer(self.lease, one, form, self.clock)

        async def second(thoughts: str) -> Pass:
            tokens = await asyncio.to_thread(self._tokens_behind, ready, thoughts)
            return self._pass(room, tokens, constraint, form, self.lease.release)

        first = self._pass(room, ready.tokens, None, form, ended=lambda: None)
        return Answer(self.lease, first, form, self.clock, second)

    def _written(self, thinks: bool) -> tuple[Exchange, Room, str]:
        """Who writes the prompt, how long it may be, and the prompt."""
        endpoint, loaded = self.endpoint, self.lease.loaded
        exchange = endpoint.exchange(self.stored, loaded, thinks)
        room = prompt_room(endpoint.call, self.options, exchange, loaded.num_ctx)
        room.strict = self.strict
        return exchange, room, endpoint.prompt(exchange, room)

    def _tokens_behind(self, ready: "Ready[R]", thoughts: str) -> list[int]:
        """The tokens of the prompt with the thoughts of a first pass. Raises BadRequest."""
        return self._tokens(ready.room, self.endpoint.prompt(ready.exchange, ready.room, thoughts))

    def _tokens(self, room: Room, prompt: str) -> list[int]:
        """The tokens of a prompt, cut where that is allowed. Raises BadRequest."""
        tokens = self._cut(room, room.tokens(prompt))
        require_acceptable(self.lease.loaded, tokens, self.options)
        return tokens

    @property
    def _shifts(self) -> bool:
        """Whether the runner's contexts shift when they are full."""
        return self.lease.slot.options.shift

    @property
    def _n_keep(self) -> int:
        return kept_at_front(self.options.num_keep, self.lease.loaded.tokenizer)

    def _cut(self, room: Room, tokens: list[int]) -> list[int]:
        """The prompt of a text completion cut to the context; that of a chat is the engine's."""
        if self.endpoint.call.truncate is False or not self._is_completion:
            return tokens
        return room.cut(tokens, self.lease.loaded.num_ctx, self._n_keep, shift=self._shifts)

    @property
    def _is_completion(self) -> bool:
        return self.endpoint.is_completion(self.stored)

    def _without_running(self, event: R) -> Single[R]:
        self.lease.release()
        return Single(event)

    def _pass(
        self,
        room: Room,
        tokens: list[int],
        constraint: Constraint | None,
        form: ReadingForm[R],
        ended: Callable[[], None],
    ) -> Pass:
        """A run of the engine after a prompt of token ids, not started yet."""
        loaded, options, call = self.lease.loaded, self.options, self.endpoint.call
        tokenizer, is_completion = loaded.tokenizer, self._is_completion
        request = Request(
            prompt=tokens,
            sampler=Sampler(
                options, tokenizer.n_vocab, tokenizer.suppressed, self.steering.logit_bias
            ),
            num_predict=predict_limit(options.num_predict, loaded.num_ctx, is_completion),
            end_tokens=tokenizer.eog,
            num_keep=self._n_keep,
            shift=self._shifts,
            n_top_logprobs=call.top_logprobs if call.logprobs else None,
            constraint=constraint,
            stats=Stats(prompt_tokens_dropped=room.n_dropped),
        )
        pieces = PieceQueue(ended)
        guard = RepetitionGuard() if is_completion else None
        preserved = form.reader.preserved
        generation = new_generation(
            request, options.stop, tokenizer, pieces.deliver, guard, preserved
        )
        return Pass(generation, pieces)
