"""The answers of families of models that chain models say."""

import pytest

from pyollama_conformance.chain_model import N_EMBD, chain, vocabulary
from pyollama_conformance.fixtures import fixtures
from pyollama_conformance.spoken import SPOKEN, pieces


@pytest.mark.parametrize("text", SPOKEN.values(), ids=SPOKEN.keys())
def test_a_chain_model_can_say_it(text: str) -> None:
    spoken = pieces(text)
    ids = chain(vocabulary(spoken), spoken)
    assert len(set(ids)) == len(ids) < N_EMBD


def test_each_has_a_model() -> None:
    assert {f"{name}.gguf" for name in SPOKEN} < set(fixtures().files)
