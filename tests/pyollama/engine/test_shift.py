"""A full context: the oldest half goes, the rest moves down, the answer goes on."""

from pathlib import Path

import numpy as np
import pytest
import tiny_llama
from llamacpp_oracle import LlamaCpp
from stepping import Always, answer, request, run

from pyollama.engine import Engine
from pyollama.models.loader import Model, load_model
from pyollama_formats.gguf import open_gguf

PROMPT = list(range(1, 201))


@pytest.fixture(scope="module")
def shallow(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """One layer: its keys and values follow from each token and its position alone."""
    tensors = {name: w for name, w in tiny_llama.weights().items() if not name.startswith("blk.1")}
    keys = tiny_llama.metadata(llama__block_count=1)
    path = tiny_llama.write_model(tmp_path_factory.mktemp("shallow") / "m.gguf", keys, tensors)
    with open_gguf(path) as file:
        return load_model(file)


@pytest.mark.parametrize("num_keep", [0, 5, 32, 40, 100, -1])
def test_after_a_shift_keys_and_values_are_those_of_the_shorter_text(
    shallow: Model, num_keep: int
) -> None:
    said = answer(Engine(shallow, 256, element="f32"), PROMPT, 70, num_keep=num_keep)
    n_before = 256 - len(PROMPT)  # tokens sampled until all 255 usable positions are filled
    text = [*PROMPT, *said[:n_before]]
    keep = len(PROMPT) if num_keep < 0 else num_keep
    discard = (255 - keep) // 2
    shifted = [*text[:keep], *text[keep + discard :]]
    expected = answer(Engine(shallow, 256, element="f32"), shifted, 70 - n_before)
    assert said[n_before:] == expected


def test_an_answer_may_be_longer_than_its_context(model: Model) -> None:
    tokens, reasons = run(Engine(model, 256), [request([1] * 250, 700, Always(3))])
    assert (len(tokens[0]), reasons) == (700, ["length"])


def test_a_shifted_sequence_shares_no_page_with_others(model: Model) -> None:
    engine = Engine(model, 256, 1)
    said = answer(engine, PROMPT, 200)
    text = [*PROMPT, *said][-150:]
    assert answer(engine, text) == answer(Engine(model, 256), text)
    assert engine.pool.n_free == engine.pool.n_page


def test_a_shift_leaves_the_neighbours_alone(model: Model) -> None:
    alone = answer(Engine(model, 256), [5, 6, 7], 120)
    both, _ = run(Engine(model, 256, 2), [request(PROMPT, 120), request([5, 6, 7], 120)])
    assert both[1] == alone


def test_the_cache_holds_a_shift_in_halves_as_well_as_in_floats(model: Model) -> None:
    answers = [answer(Engine(model, 256, element=e), PROMPT, 60) for e in ("f16", "f32")]
    same = np.mean([a == b for a, b in zip(*answers, strict=True)])
    assert same > 0.9


@pytest.mark.oracle
@pytest.mark.parametrize("num_keep", [0, 10, 40])
def test_a_shifted_answer_is_llama_cpps(tmp_path: Path, num_keep: int) -> None:
    path = tiny_llama.write_model(tmp_path / "m.gguf")
    theirs = LlamaCpp(path, exact_cache=True, n_ctx=256, shifts=True)
    with open_gguf(path) as file:
        engine = Engine(load_model(file), 256, element="f32")
        ours = answer(engine, PROMPT, 200, num_keep=num_keep)
    assert ours == theirs.greedy(PROMPT, 200, n_keep=num_keep)
