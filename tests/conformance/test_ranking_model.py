"""The suite's model that ranks: its scores are what the cases say, here and in llama.cpp.

And the cases notice a server that ranks wrongly, and pass over one that does not rank.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from llamacpp_oracle import LlamaCpp
from thread_server import thread_server

from pyollama.api import RankedDocument
from pyollama.engine import Encoder, EncodeRequest
from pyollama.models.loader import load_model
from pyollama.serving import rerank
from pyollama.serving.inputs import Limits
from pyollama.tokenizer import load_tokenizer
from pyollama.tokenizer.pairs import pair_form
from pyollama_conformance.case import load_cases
from pyollama_conformance.client import Client
from pyollama_conformance.ranking_model import ranking_model
from pyollama_conformance.runner import Runner
from pyollama_formats.gguf.reader import open_gguf

QUERY = "sky"
SCORES = {"hello world": 0, "blue blue": 2, "blue sky": 1, "blue": 1, "blue " * 60: 3, "": 0}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ranking.gguf"
    path.write_bytes(ranking_model())
    return path


def test_the_file_is_the_same_every_time() -> None:
    assert ranking_model() == ranking_model()


def test_this_project_computes_the_scores_to_the_last_bit(path: Path) -> None:
    with open_gguf(path) as file:
        model, tokenizer = load_model(file), load_tokenizer(file.metadata)
        form = pair_form(tokenizer, file.metadata)
    query, *documents = (tokenizer.encode(text, add_special=False) for text in (QUERY, *SCORES))
    encoder = Encoder(model, 64)
    request = EncodeRequest([form.join(query, document) for document in documents])
    encoder.add(request)
    while encoder.busy:
        encoder.step()
    np.testing.assert_array_equal(np.concatenate(request.vectors), list(SCORES.values()))


@pytest.mark.oracle
@pytest.mark.slow
def test_so_does_llama_cpp(path: Path) -> None:
    oracle = LlamaCpp(path, n_ctx=64, ranks=True)
    np.testing.assert_array_equal(oracle.rank(QUERY, list(SCORES)), list(SCORES.values()))


def as_they_came(scores: Sequence[float], top_n: int | None) -> list[RankedDocument]:
    """The documents in the order of the request."""
    return [RankedDocument(index=i, relevance_score=s) for i, s in enumerate(scores)][:top_n]


def later_first(scores: Sequence[float], top_n: int | None) -> list[RankedDocument]:
    """The best documents; of equal ones the later comes first."""
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], -i))
    return [RankedDocument(index=i, relevance_score=scores[i]) for i in order][:top_n]


def read_as_special(text: str, limits: Limits, at_most: int) -> list[int]:
    """The tokens of a text, special ones where it spells them out."""
    return limits.tokenizer.encode(text, add_special=False)


FAULTS: dict[str, tuple[str, Callable[..., object]]] = {
    "rerank/documents come back by their scores, the highest first": ("best", as_they_came),
    "rerank/documents of equal scores stay in their order": ("best", later_first),
    "rerank/special tokens in texts are plain text": ("plain", read_as_special),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_server_that_ranks_wrongly_is_noticed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = next(case for case in load_cases() if case.name == name)
    part, fault = FAULTS[name]
    monkeypatch.setattr(f"{rerank.__name__}.{part}", fault)
    with thread_server(tmp_path / "models") as url:
        (result,) = Runner(Client(url)).run([case])
    assert result.outcome == "fail"


@pytest.mark.slow
def test_a_server_that_does_not_rank_is_not_asked_to(tmp_path: Path) -> None:
    cases = [case for case in load_cases() if case.topic == "rerank"]
    with thread_server(tmp_path / "models", strict_parity=True) as url:
        results = list(Runner(Client(url)).run(cases))
    assert {result.outcome for result in results} == {"skip"}
