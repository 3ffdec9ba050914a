"""Log probabilities in the events of an answer."""

from math import exp
from typing import Any

import pytest
import served

from pyollama.api import GenerateResponse, Logprob
from pyollama.engine import DoneReason, Event, Request
from pyollama.ids import call_id
from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers import Parser, Start
from pyollama.sampling import Sampler, SamplerOptions
from pyollama.sampling.logprobs import TokenLogprob
from pyollama.serving import Serving
from pyollama.serving.chat import ChatForm
from pyollama.serving.generation import Piece, new_generation
from pyollama.serving.logprobs import token_text, told
from pyollama.store import Store


def events(store: Store, **fields: Any) -> list[GenerateResponse]:
    call = served.generation(**fields)
    return served.run(store, lambda serving: served.collect(serving, call))


def entries(store: Store, **fields: Any) -> list[Logprob]:
    return [entry for event in events(store, **fields) for entry in event.logprobs]


def test_each_piece_of_text_comes_with_its_tokens(store: Store) -> None:
    *pieces, final = events(store, logprobs=True)
    assert final.logprobs == []
    for piece in pieces:
        assert piece.logprobs
        for entry in piece.logprobs:
            assert entry.logprob <= 0
            assert bytes(entry.bytes) == entry.token.encode()
            assert entry.top_logprobs == []


def test_alternatives_are_the_likeliest_tokens_and_greedy_takes_the_first(store: Store) -> None:
    found = entries(store, logprobs=True, top_logprobs=20)
    assert len(found) == 5
    for entry in found:
        values = [other.logprob for other in entry.top_logprobs]
        assert len(values) == 20
        assert values == sorted(values, reverse=True)
        assert (entry.token, entry.logprob) == (entry.top_logprobs[0].token, values[0])
        assert sum(map(exp, values)) < 1


def test_they_tell_what_the_model_says_whatever_the_sampler_does(store: Store) -> None:
    hot = {"temperature": 9.0, "seed": 1, "num_predict": 1, "repeat_penalty": 1.9, "top_k": 2}
    options = ({"temperature": 0, "num_predict": 1}, hot)
    first, second = (entries(store, logprobs=True, top_logprobs=3, options=o)[0] for o in options)
    assert first.top_logprobs == second.top_logprobs


@pytest.mark.parametrize("fields", [{}, {"top_logprobs": 3}, {"logprobs": False}])
def test_without_logprobs_there_are_none(store: Store, fields: dict[str, Any]) -> None:
    assert entries(store, **fields) == []


def test_a_chat_has_them_too_even_while_text_is_held_back(store: Store) -> None:
    async def scenario(serving: Serving) -> None:
        events = [event async for event in await serving.chat(served.chat(logprobs=True))]
        assert len([entry for event in events for entry in event.logprobs]) == 5
        (slot,) = serving.scheduler.slots.values()
        assert slot.loaded is not None
        form = ChatForm(served.chat(), Withholding(Start()), slot.loaded.tokenizer, call_id)
        (event,) = form.text("text", [TokenLogprob(5, -1.0, ())])
        assert event.message.content == ""
        assert [entry.logprob for entry in event.logprobs] == [-1.0]
        assert form.text("text", []) == []

    served.run(store, scenario)


class Withholding(Parser):
    """A parser that takes all text for the beginning of a tool call."""

    def add(self, text: str, *, done: bool) -> Delta:
        return Delta()


def test_tokens_whose_text_is_held_back_come_with_the_text(store: Store) -> None:
    async def scenario(serving: Serving) -> list[Piece]:
        await served.text_of(serving, served.generation())
        (slot,) = serving.scheduler.slots.values()
        assert slot.loaded is not None
        tokenizer = slot.loaded.tokenizer
        pieces: list[Piece] = []
        sampler = Sampler(SamplerOptions(), tokenizer.n_vocab)
        request = Request([1], sampler, 9, frozenset())
        generation = new_generation(request, ["bcd"], tokenizer, pieces.append)
        ids = tokenizer.encode("abcx", add_special=False)
        assert len(ids) == 4
        for n, id in enumerate(ids):
            reason: DoneReason | None = "length" if n == 3 else None
            generation.take(Event(request, id, reason, TokenLogprob(id, -float(n), ())))
        return pieces

    first, second = served.run(store, scenario)
    assert (first.text, [entry.logprob for entry in first.logprobs]) == ("a", [0])
    assert (second.text, [entry.logprob for entry in second.logprobs]) == ("bcx", [-1, -2, -3])
    assert second.done_reason == "length"


def test_the_text_of_a_token_has_only_whole_characters() -> None:
    class Bytes:
        """A tokenizer of these pieces."""

        pieces = (b" caf\xc3\xa9", b"\xc3", b"\xa9", b"", b"a\xe2\x82")

        def piece(self, id: int) -> bytes:
            return self.pieces[id]

    texts = [token_text(id, Bytes()) for id in range(5)]  # type: ignore[arg-type]
    assert texts == [" café", "", "\ufffd", "", "a"]
    (entry,) = told([TokenLogprob(2, -1.5, ((0, -0.5),))], Bytes())  # type: ignore[arg-type]
    assert (entry.token, entry.bytes) == ("\ufffd", [0xEF, 0xBF, 0xBD])
    assert (entry.top_logprobs[0].token, entry.top_logprobs[0].logprob) == (" café", -0.5)
