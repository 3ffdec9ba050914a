"""A request whose model is loaded: its prompt is written, and the engine started on it.

Where an answer has a format and the model thinks, there are two passes: in the first the model
thinks freely; when it begins to answer, that is thrown away, and a second pass over the prompt and
the thoughts answers within the format.
"""

import asyncio
from collections.abc import Callable
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
        exchange, room, prompt = await asyncio.to_thread(self._written, thinks)
        if endpoint.call.debug_render_only:
            return self._without_running(endpoint.rendered(prompt))
        requested_format(endpoint.call.format)
        form = endpoint.form(exchange, prompt)
        try:
            require_text_only(endpoint.images)
            work = self._constraint_and_tokens
            constraint, tokens = await asyncio.to_thread(work, exchange, room, prompt)
        except PyollamaError as error:
            self.lease.release()
            return Refused(error)
        return self._answer(exchange, room, tokens, constraint, form)

    def _answer(
        self,
        exchange: Exchange,
        room: Room,
        tokens: list[int],
        constraint: Constraint | None,
        form: ReadingForm[R],
    ) -> Answer[R]:
        """Start the one pass, or the first of two."""
        if constraint is None or not form.awaits_thoughts:
            one = self._pass(room, tokens, constraint, form, self.lease.release)
            return Answer(self.lease, one, form, self.clock)

        async def second(thoughts: str) -> Pass:
            prompt = await asyncio.to_thread(self.endpoint.prompt, exchange, room, thoughts)
            tokens = await asyncio.to_thread(self._tokens, room, prompt)
            return self._pass(room, tokens, constraint, form, self.lease.release)

        first = self._pass(room, tokens, None, form, ended=lambda: None)
        return Answer(self.lease, first, form, self.clock, second)

    def _written(self, thinks: bool) -> tuple[Exchange, Room, str]:
        """Who writes the prompt, how long it may be, and the prompt."""
        endpoint, loaded = self.endpoint, self.lease.loaded
        exchange = endpoint.exchange(self.stored, loaded, thinks)
        room = prompt_room(endpoint.call, self.options, exchange, loaded.num_ctx)
        room.strict = self.strict
        return exchange, room, endpoint.prompt(exchange, room)

    def _constraint_and_tokens(
        self, exchange: Exchange, room: Room, prompt: str
    ) -> tuple[Constraint | None, list[int]]:
        """What keeps the answer within its format, and the prompt's tokens."""
        constraint = answer_constraint(exchange, self.endpoint.call.format)
        return constraint, self._tokens(room, prompt)

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
