"""Prompts longer than the context: which messages go, which tokens go, what is refused."""

from collections.abc import Sequence
from typing import Any

import pytest
import served
from hypothesis import given
from hypothesis import strategies as st

from pyollama.api import ChatResponse, GenerateResponse, Message
from pyollama.errors import BadRequest, EngineError
from pyollama.serving import Serving, context
from pyollama.serving.context import MAX_TEXT, Messages, Room, cut, fitted, kept_at_front
from pyollama.store import Store


class Words:
    """A tokenizer whose tokens are words."""

    bos, eos = 1, 2
    add_bos, add_eos = True, False
    n_encoded = 0

    def encode(self, text: str) -> list[int]:
        self.n_encoded += 1
        return [self.bos] + [0] * len(text.split())


def room(n_token: int | None) -> Room:
    return Room(Words(), n_token)  # type: ignore[arg-type]


def render(messages: Messages) -> str:
    return " ".join(f"{m.role} {m.content}" for m in messages)


MESSAGES = st.lists(
    st.builds(
        Message,
        role=st.sampled_from(["system", "user", "assistant"]),
        content=st.integers(0, 6).map(lambda n: " ".join(["w"] * n)),
    ),
    min_size=1,
    max_size=12,
)


def one_by_one(messages: Messages, n_token: int) -> str:
    """Drop the oldest message until the rest fits, as the specification says it."""
    for i in range(len(messages)):
        kept = [*(m for m in messages[:i] if m.role == "system"), *messages[i:]]
        if len(render(kept).split()) <= n_token:
            return render(kept)
    return render(kept)


@given(MESSAGES, st.integers(0, 60))
def test_the_oldest_messages_go_first_and_those_of_the_system_never(
    messages: Messages, n_token: int
) -> None:
    assert fitted(messages, render, room(n_token)) == one_by_one(messages, n_token)


def test_without_a_limit_everything_stays() -> None:
    messages = [Message(role="user", content="w " * 500)] * 3
    assert fitted(messages, render, room(None)) == render(messages)


def test_a_long_chat_is_rendered_a_few_times_only() -> None:
    n_rendered = 0

    def counted(messages: Messages) -> str:
        nonlocal n_rendered
        n_rendered += 1
        return render(messages)

    fitted([Message(role="user", content="w")] * 1000, counted, room(100))
    assert n_rendered <= 13


def test_of_a_long_chat_little_more_is_rendered_than_there_is_room_for() -> None:
    lengths: list[int] = []

    def measured(messages: Messages) -> str:
        lengths.append(len(messages))
        return render(messages)

    kept = fitted([Message(role="user", content="w")] * 100_000, measured, room(100))
    assert kept == "user w " * 49 + "user w"
    assert sorted(lengths)[-2] < 200  # all of them once, for they might have fitted


def test_a_text_that_no_context_holds_is_not_tokenized() -> None:
    with pytest.raises(BadRequest, match="the prompt is longer than the context length"):
        room(None).tokens("w" * (MAX_TEXT + 1))
    measured = room(100)
    assert not measured.holds("w" * (MAX_TEXT + 1))
    assert measured.tokenizer.n_encoded == 0  # type: ignore[attr-defined]


def test_a_prompt_that_was_measured_is_not_tokenized_again_and_a_short_one_not_measured() -> None:
    measured, short = room(100), room(100)
    text = fitted([Message(role="user", content="w " * 60)] * 2, render, measured)
    assert len(measured.tokens(text)) == len(text.split()) + 1
    assert measured.tokenizer.n_encoded == 2  # type: ignore[attr-defined]
    fitted([Message(role="user", content="w")] * 2, render, short)
    assert short.tokenizer.n_encoded == 0  # type: ignore[attr-defined]


def test_conversations_that_the_template_refuses_are_passed_over() -> None:
    def alternating(messages: Messages) -> str:
        if messages[0].role != "user":
            raise EngineError("a conversation starts with the user")
        return render(messages)

    turns = [Message(role=role, content="w") for role in ("user", "assistant") * 10]
    question = Message(role="user", content="w")
    kept = fitted([*turns, question], alternating, room(7))
    assert kept.startswith("user")
    assert len(kept.split()) <= 7


def numbered(n: int) -> list[int]:
    return list(range(n))


@pytest.mark.parametrize(
    ("n_token", "n_ctx", "n_keep", "expected"),
    [
        (10, 8, 3, [0, 1, 2, 7, 8, 9]),  # the example of the specification
        (7, 8, 3, numbered(7)),  # one position is free: nothing is cut
        (8, 8, 3, [0, 1, 2, 5, 6, 7]),
        (10, 8, 0, [6, 7, 8, 9]),
        (10, 8, 7, numbered(7)),
        (10, 8, 99, numbered(7)),
        (10, 8, -1, numbered(7)),
        (18, 4, 4, [0, 1, 2]),
    ],
)
def test_a_cut_keeps_the_front_and_half_of_the_rest(
    n_token: int, n_ctx: int, n_keep: int, expected: Sequence[int]
) -> None:
    assert cut(numbered(n_token), n_ctx, n_keep, shift=True) == expected


def test_without_shift_a_prompt_is_not_cut_but_refused() -> None:
    assert cut(numbered(7), 8, 3, shift=False) == numbered(7)
    with pytest.raises(BadRequest, match="the prompt is longer than the context length currently"):
        cut(numbered(8), 8, 3, shift=False)


def test_num_keep_counts_from_behind_bos() -> None:
    words = Words()
    assert [kept_at_front(n, words) for n in (-1, 0, 4)] == [-1, 1, 5]  # type: ignore[arg-type]
    words.add_bos = False
    assert kept_at_front(4, words) == 4  # type: ignore[arg-type]


def final(store: Store, **fields: Any) -> GenerateResponse:
    """The last event of a generation with a context of 64 positions, rounded up to 256 inside."""
    fields.setdefault("options", {**served.GREEDY, "num_ctx": 64})
    call = served.generation(**fields)
    return served.run(store, lambda serving: served.collect(serving, call))[-1]


def test_a_long_prompt_of_generate_is_cut_to_half_the_context(store: Store) -> None:
    assert final(store, prompt="x" * 600).prompt_eval_count == 64 - (64 - 4) // 2
    assert final(store, prompt="x" * 600, raw=True).prompt_eval_count == 64 - (64 - 4) // 2


def test_without_truncation_the_rounded_context_counts(store: Store) -> None:
    assert final(store, prompt="x" * 200, raw=True, truncate=False).prompt_eval_count == 200
    with pytest.raises(BadRequest, match=r"request \(600 tokens\) exceeds .* \(256 tokens\)"):
        final(store, prompt="x" * 600, raw=True, truncate=False)


def test_a_long_prompt_without_shift_is_the_first_event(store: Store) -> None:
    async def scenario(serving: Serving) -> None:
        options = {"num_ctx": 64}
        call = served.generation(prompt="x" * 600, raw=True, shift=False, options=options)
        events = await serving.generate(call)
        with pytest.raises(BadRequest, match="the prompt is longer than"):
            await anext(events)

    served.run(store, scenario)


def test_the_last_message_of_a_chat_is_not_cut_where_the_engine_applies_the_template(
    store: Store,
) -> None:
    async def scenario(serving: Serving) -> None:
        events = await serving.chat(served.chat(content="x" * 600, options={"num_ctx": 64}))
        with pytest.raises(BadRequest, match="exceeds the available context size"):
            await anext(events)

    served.run(store, scenario)


@pytest.mark.parametrize(
    ("num_ctx", "truncate", "kept"),
    [(64, True, "bc"), (64, False, "abc"), (24, None, "c"), (-1, None, "abc"), (512, None, "abc")],
)
def test_a_chat_loses_its_oldest_messages(
    store: Store, num_ctx: int, truncate: bool | None, kept: str
) -> None:
    messages = [Message(role="user", content=letter * 15) for letter in "abc"]
    call = served.chat(messages=messages, truncate=truncate, options={"num_ctx": num_ctx})
    call.debug_render_only = True

    async def scenario(serving: Serving) -> str:
        (event,) = [event async for event in await serving.chat(call)]
        assert event.debug_info is not None
        return event.debug_info.rendered_template

    text = served.run(store, scenario)
    assert [letter for letter in "abc" if letter * 15 in text] == list(kept)


def final_of_chat(store: Store, options: dict[str, Any], shift: bool | None) -> ChatResponse:
    """The last event of a chat that says the same again and again, which is no end of a chat."""
    call = served.chat(options={"temperature": 0, **options}, shift=shift)

    async def scenario(serving: Serving) -> ChatResponse:
        return [event async for event in await serving.chat(call)][-1]

    return served.run(store, scenario)


def test_a_full_context_shifts_or_ends_the_answer(store: Store) -> None:
    options = {"num_ctx": 256, "num_predict": 400}
    shifted = final_of_chat(store, options, None)
    ended = final_of_chat(store, options, shift=False)
    assert (shifted.done_reason, shifted.eval_count) == ("length", 400)
    assert ended.done_reason == "length"
    assert ended.prompt_eval_count + ended.eval_count == 256


@pytest.mark.parametrize(
    ("num_predict", "n_token"), [(-1, 160), (-2, 160), (10**9, 160), (7, 7), (0, 1)]
)
def test_no_limit_is_ten_contexts_and_zero_is_one_token(
    store: Store, num_predict: int, n_token: int
) -> None:
    final = final_of_chat(store, {"num_ctx": 16, "num_predict": num_predict}, None)
    assert (final.done_reason, final.eval_count) == ("length", n_token)


def test_zero_is_no_limit_for_a_text_completion(store: Store) -> None:
    options = {"temperature": 3.0, "top_k": 0, "top_p": 1, "seed": 1, "num_ctx": 16}
    assert final(store, options={**options, "num_predict": 0}).eval_count > 1


def test_an_answer_that_repeats_itself_ends_without_a_final_event(store: Store) -> None:
    options = {"temperature": 0, "num_predict": 300}
    call = served.generation(options=options)

    async def scenario(serving: Serving) -> tuple[list[str], int]:
        events = await served.collect(serving, call)
        assert not any(event.done for event in events)
        n_users = sum(slot.n_users for slot in serving.scheduler.slots.values())
        return [event.response for event in events], n_users

    texts, n_users = served.run(store, scenario)
    assert texts[-31:] == texts[-1:] * 31
    assert texts[-32] != texts[-1]
    assert n_users == 0


def turns(*lengths: int) -> list[Message]:
    """Questions of so many letters each."""
    return [Message(role="user", content="x" * length) for length in lengths]


def test_a_prompt_that_is_cut_by_tokens_says_how_many_did_not_run(store: Store) -> None:
    last = final(store, prompt="x" * 600, raw=True)
    assert (last.prompt_eval_count, last.prompt_tokens_dropped) == (34, 566)


def test_a_chat_that_loses_messages_says_how_many_tokens_they_had(store: Store) -> None:
    options = {"num_ctx": 64, "num_predict": 1, "temperature": 0}
    messages = turns(15, 16, 17)

    async def scenario(serving: Serving) -> None:
        call = served.chat(messages=messages, options=options)
        events = [event async for event in await serving.chat(call)]
        assert events[-1].prompt_tokens_dropped == len("<user>") + 15
        assert not any(event.prompt_tokens_dropped for event in events[:-1])
        alone = served.chat(messages=messages[1:], options=options)
        last = [event async for event in await serving.chat(alone)][-1]
        assert last.prompt_eval_count == events[-1].prompt_eval_count
        assert last.prompt_tokens_dropped == 0

    served.run(store, scenario)


@pytest.mark.parametrize(
    "fields",
    [{"prompt": "x" * 63, "raw": True}, {"prompt": "x" * 200, "raw": True, "truncate": False}],
)
def test_a_prompt_that_is_not_cut_says_nothing(store: Store, fields: dict[str, Any]) -> None:
    assert final(store, **fields).prompt_tokens_dropped == 0


def test_messages_and_then_tokens_are_counted_together() -> None:
    crowded = room(10)
    text = fitted(turns(1, 1, 1, 1, 1, 1), render, crowded)
    assert text == "user x " * 4 + "user x"
    assert crowded.n_dropped == 2
    assert len(crowded.cut(crowded.tokens(text), 8, 3, shift=True)) == 6
    assert crowded.n_dropped == 2 + 5


def test_a_second_prompt_in_the_same_room_is_counted_anew() -> None:
    crowded = room(4)
    fitted(turns(1, 1, 1), render, crowded)
    assert crowded.n_dropped == 2
    fitted(turns(1, 1), render, crowded)
    assert crowded.n_dropped == 0


def test_of_a_prompt_without_end_so_much_is_counted_as_any_prompt_may_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(context, "MAX_TEXT", len("user " + "w " * 300))
    crowded = room(100)
    fitted([Message(role="user", content="w " * 9999), *turns(1)], render, crowded)
    assert crowded.n_dropped == (1 + 300) - 2


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"prompt": "x" * 600, "raw": True}, "the prompt has 600 tokens and the context 64:"),
        ({"prompt": "x" * 64, "raw": True}, "the prompt has 64 tokens and the context 64:"),
        ({"prompt": "x" * 600, "raw": True, "shift": False}, "the prompt has 600 tokens"),
    ],
)
def test_strictly_a_prompt_is_refused_with_both_counts_and_not_cut(
    store: Store, fields: dict[str, Any], counts: str
) -> None:
    async def scenario(serving: Serving) -> None:
        call = served.generation(options={**served.GREEDY, "num_ctx": 64}, **fields)
        with pytest.raises(BadRequest, match=counts):
            await served.collect(serving, call)
        assert all(slot.n_users == 0 for slot in serving.scheduler.slots.values())

    served.run(store, scenario, strict_context=True)


def test_strictly_a_chat_loses_no_message(store: Store) -> None:
    async def scenario(serving: Serving) -> None:
        call = served.chat(messages=turns(15, 16, 17), options={"num_ctx": 64})
        with pytest.raises(BadRequest, match="the prompt has 76 tokens and the context 64:"):
            await serving.chat(call)
        call.options = {"num_ctx": 128, "num_predict": 1}
        assert [event async for event in await serving.chat(call)][-1].done

    served.run(store, scenario, strict_context=True)


def test_strictly_what_leaves_nothing_out_is_let_pass() -> None:
    strict = room(3)
    strict.strict = True
    messages = [Message(role="system", content="w w w"), *turns(1)]
    assert fitted(messages, render, strict) == render(messages)
    assert strict.n_dropped == 0
