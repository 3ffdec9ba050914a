"""One answer alone and among seven others, through every cut of the prompts.

In every format of weights, and with every way of keeping keys and values.
"""

from pathlib import Path

import numpy as np
import pytest
import random_gguf
from stepping import answer, request, run

from pyollama.engine import Engine
from pyollama.models.loader import Model, load_model
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import open_gguf
from pyollama_tensor.cache import Element

FORMATS = [
    GGMLType.F32, GGMLType.F16, GGMLType.BF16, GGMLType.Q4_0, GGMLType.Q4_1, GGMLType.Q5_0,
    GGMLType.Q5_1, GGMLType.Q8_0, GGMLType.Q2_K, GGMLType.Q3_K, GGMLType.Q4_K, GGMLType.Q5_K,
    GGMLType.Q6_K,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("type", FORMATS, ids=lambda type: type.name)
def test_an_answer_is_the_same_alone_and_among_seven_others(type: GGMLType, tmp_path: Path) -> None:
    path = random_gguf.write_random_model(tmp_path / "m.gguf", random_gguf.LLAMA, type)
    with open_gguf(path) as file:
        check(load_model(file), "f16")


@pytest.mark.slow
@pytest.mark.parametrize("element", ["f32", "q8_0", "q4_0"])
def test_an_answer_is_the_same_however_the_cache_keeps_it(element: Element, tmp_path: Path) -> None:
    path = random_gguf.write_random_model(tmp_path / "m.gguf", random_gguf.LLAMA, GGMLType.F32)
    with open_gguf(path) as file:
        check(load_model(file), element)


def check(model: Model, element: Element) -> None:
    """The same answers alone, together, and from what a cache has kept."""
    rng = np.random.default_rng(3)
    prompts = [rng.integers(0, 250, n).tolist() for n in (1, 3, 17, 31, 32, 33, 90, 200)]
    alone = [answer(Engine(model, 512, element=element), prompt, 12) for prompt in prompts]
    for n_slot, n_batch in ((8, 512), (3, 40)):
        engine = Engine(model, 512, n_slot, n_batch, element)
        together, _ = run(engine, [request(prompt, 12) for prompt in prompts])
        assert together == alone
        again, _ = run(engine, [request(prompt, 12) for prompt in reversed(prompts)])
        assert again[::-1] == alone  # from what the cache kept of the first round
