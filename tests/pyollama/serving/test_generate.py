"""/api/generate below HTTP: events, their order, and the order of the checks."""

from pathlib import Path
from typing import Any

import pytest
import served
import tiny_llama

from pyollama.api import Duration, GenerateResponse, RawJSON, Steering
from pyollama.errors import BadRequest, EngineError, NotFound, OptionError, PyollamaError
from pyollama.serving import Serving
from pyollama.serving.answer import Refused
from pyollama.store import Store


def test_pieces_of_text_are_followed_by_one_final_event(store: Store) -> None:
    events = served.run(store, lambda serving: served.collect(serving, served.generation()))
    *pieces, final = events
    assert all(piece.response and not piece.done for piece in pieces)
    assert final.done
    assert (final.response, final.done_reason, final.eval_count) == ("", "length", 5)
    assert final.prompt_eval_count > 0
    assert final.total_duration >= final.load_duration > 0
    assert final.eval_duration > 0


def test_the_context_continues_the_conversation(store: Store) -> None:
    async def rendered(serving: Serving) -> str:
        first = await served.collect(serving, served.generation())
        text = "".join(event.response for event in first)
        call = served.generation(context=first[-1].context, debug_render_only=True)
        (event,) = await served.collect(serving, call)
        assert event.debug_info is not None
        assert event.debug_info.rendered_template.startswith(f"<user>hello<assistant>{text}")
        return event.debug_info.rendered_template

    assert served.run(store, rendered).endswith("<user>hello<assistant>")


def test_raw_prompts_are_sent_as_they_are_and_give_no_context(store: Store) -> None:
    events = served.run(
        store, lambda serving: served.collect(serving, served.generation(prompt="hi", raw=True))
    )
    assert events[-1].prompt_eval_count == 2
    assert events[-1].context == []


def test_a_context_that_nobody_wants_is_not_made(store: Store) -> None:
    async def scenario(serving: Serving) -> list[GenerateResponse]:
        events = await serving.generate(served.generation(), Steering(tells_context=False))
        return [event async for event in events]

    *pieces, final = served.run(store, scenario)
    assert pieces and final.done
    assert final.context == []


def test_a_refusal_that_waits_to_be_told_does_not_hold_the_prompt(store: Store) -> None:
    async def scenario(serving: Serving) -> PyollamaError | None:
        call = served.generation(prompt="x" * 600, truncate=False)
        refused = await serving.generate(call)
        assert isinstance(refused, Refused)
        return refused.error

    error = served.run(store, scenario)
    assert "exceeds the available context size" in str(error)
    assert error is not None and error.__traceback__ is None  # its frames know the tokens


def test_the_same_seed_gives_the_same_text(store: Store) -> None:
    def call(seed: int) -> Any:
        return served.generation(options={"seed": seed, "num_predict": 12, "temperature": 2.0})

    async def scenario(serving: Serving) -> list[str]:
        return [await served.text_of(serving, call(seed)) for seed in (1, 1, 2)]

    first, again, other = served.run(store, scenario)
    assert first == again != other


def test_a_stop_string_ends_the_answer_and_is_not_shown(store: Store) -> None:
    async def scenario(serving: Serving) -> tuple[str, list[Any]]:
        whole = await served.text_of(serving, served.generation())
        options = {**served.GREEDY, "stop": [whole[2:4]]}
        return whole, await served.collect(serving, served.generation(options=options))

    whole, events = served.run(store, scenario)
    assert "".join(event.response for event in events) == whole[: whole.index(whole[2:4])]
    assert events[-1].done_reason == "stop"


def test_an_empty_prompt_loads_and_keep_alive_zero_unloads(store: Store) -> None:
    async def scenario(serving: Serving) -> list[tuple[str, int]]:
        seen = []
        for keep_alive in (None, Duration(0)):
            call = served.generation(prompt="", keep_alive=keep_alive)
            (event,) = await served.collect(serving, call)
            seen.append((event.done_reason, len(serving.running())))
        return seen

    assert served.run(store, scenario) == [("load", 1), ("unload", 0)]


def test_only_the_rendered_prompt_is_given_on_request(store: Store) -> None:
    call = served.generation(debug_render_only=True, system="be brief")
    (event,) = served.run(store, lambda serving: served.collect(serving, call))
    assert event.debug_info is not None
    assert event.debug_info.rendered_template == "<system>be brief<user>hello<assistant>"


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"top_logprobs": 21, "model": ""}, BadRequest, "top_logprobs must be between 0 and 20"),
        ({"model": ""}, NotFound, "model '' not found"),
        ({"model": "a b"}, BadRequest, "invalid model name"),
        ({"model": "nobody"}, NotFound, "model 'nobody' not found"),
        ({"raw": True, "system": "x", "think": True}, BadRequest, "raw mode does not support"),
        ({"think": True, "suffix": "x"}, BadRequest, '"small" does not support thinking'),
        ({"suffix": "x"}, BadRequest, "library/small:latest does not support insert"),
        ({"options": {"seed": "x"}}, OptionError, 'option "seed" must be of type integer'),
        ({"format": RawJSON(b'"xml"')}, EngineError, 'invalid format: "\\\\"xml\\\\""'),
    ],
)
def test_the_first_failing_check_is_reported(
    store: Store, fields: dict[str, Any], error: type[PyollamaError], message: str
) -> None:
    with pytest.raises(error, match=message):
        served.run(store, lambda serving: served.collect(serving, served.generation(**fields)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"prompt": "x" * 600, "truncate": False},
            r"request \(\d+ tokens\) exceeds the available context size",
        ),
        ({"options": {"repeat_last_n": -1}}, "Field 'repeat_last_n'"),
        (
            {"images": [b"png"], "template": "{{ .Prompt }}"},
            "does not support multimodal requests",
        ),
    ],
)
def test_what_the_engine_refuses_is_the_first_event(
    store: Store, fields: dict[str, Any], message: str
) -> None:
    async def scenario(serving: Serving) -> None:
        events = await serving.generate(served.generation(**fields))
        with pytest.raises(BadRequest, match=message):
            await anext(events)
        assert [slot.n_users for slot in serving.scheduler.slots.values()] == [0]

    served.run(store, scenario)


def test_a_model_whose_weights_are_gone_is_not_found(tmp_path: Path) -> None:
    store = served.new_store(tmp_path)
    path = store.list()[0].model_path
    assert path is not None
    path.unlink()
    name = store.list()[0].name.model
    with pytest.raises(NotFound, match="not found, try pulling it first"):
        served.run(store, lambda serving: served.collect(serving, served.generation(name)))


def test_a_damaged_model_is_an_error_and_the_server_goes_on(tmp_path: Path) -> None:
    store = served.new_store(tmp_path)
    keys = tiny_llama.metadata(llama__attention__head_count=3)
    data = tiny_llama.write_model(tmp_path / "bad.gguf", keys).read_bytes()
    served.add_model(store, "bad", data)

    async def scenario(serving: Serving) -> str:
        with pytest.raises(PyollamaError, match="heads"):
            await served.collect(serving, served.generation("bad"))
        return await served.text_of(serving, served.generation())

    assert served.run(store, scenario)
