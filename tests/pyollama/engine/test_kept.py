"""An engine whose cache keeps keys and values in 8 or 4 bits: prefixes, shifts, and memory."""

import numpy as np
import pytest
import random_gguf
from stepping import answer, request, run

from pyollama.engine import Engine
from pyollama.models.loader import Model, load_model
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import open_gguf
from pyollama_tensor.batch import PAGE
from pyollama_tensor.cache import Element

PROMPT = np.random.default_rng(5).integers(0, 250, 100).tolist()  # three pages and four tokens
SCALED: list[Element] = ["q8_0", "q4_0"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = tmp_path_factory.mktemp("kept") / "m.gguf"
    with open_gguf(random_gguf.write_random_model(path, random_gguf.LLAMA, GGMLType.F32)) as file:
        return load_model(file)


@pytest.mark.parametrize("element", SCALED)
@pytest.mark.parametrize("n_common", [1, 31, 32, 40, 70, 99])
def test_a_shared_prefix_gives_the_answer_of_a_fresh_cache(
    model: Model, element: Element, n_common: int
) -> None:
    other = [*PROMPT[:n_common], *PROMPT[:60:-1]]
    engine = Engine(model, 256, element=element)
    for prompt in (PROMPT, other, PROMPT):
        assert answer(engine, prompt) == answer(Engine(model, 256, element=element), prompt)
    assert engine.pool.n_touched < 3 * len(PROMPT) // PAGE + 3  # pages were shared


@pytest.mark.parametrize("element", SCALED)
def test_an_answer_goes_on_when_its_context_is_full(model: Model, element: Element) -> None:
    engine = Engine(model, 256, 2, element=element)
    asked = [request([*PROMPT, *PROMPT], 120, num_keep=5), request(PROMPT[:7], 50)]
    (shifted, beside), _ = run(engine, asked)
    assert len(shifted) == 120
    assert beside == answer(Engine(model, 256, element=element), PROMPT[:7], 50)
    assert engine.pool.n_free == engine.pool.n_page


def test_after_a_shift_eight_bits_say_what_floats_do(model: Model) -> None:
    prompt = [*PROMPT, *PROMPT]
    answers = [answer(Engine(model, 256, element=e), prompt, 80) for e in ("f32", "q8_0")]
    n_before = 256 - len(prompt)
    assert answers[0][: n_before + 1] == answers[1][: n_before + 1]


@pytest.mark.parametrize(("element", "bits"), [("f16", 16), ("q8_0", 8.5), ("q4_0", 4.5)])
def test_memory_is_that_of_the_bits(model: Model, element: Element, bits: float) -> None:
    heads = model.config.heads
    numbers = 256 * 2 * model.config.n_layer * heads.n_head_kv * heads.n_embd_head
    assert Engine(model, 256, element=element).cache.nbytes == numbers * bits / 8
