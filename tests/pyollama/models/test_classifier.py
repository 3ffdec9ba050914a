"""Models that rank: their scores are right to float64, and llama.cpp's."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exact_bert import ExactBert
from llamacpp_oracle import LlamaCpp
from random_bert import BertShape, bert_metadata, bert_vocabulary, write_random_bert

from pyollama.engine import Encoder, EncodeRequest
from pyollama.models.hyperparameters import ModelError
from pyollama.models.loader import Model, load_model
from pyollama.models.parts.classifier import MAX_LABELS
from pyollama.tokenizer import load_tokenizer
from pyollama.tokenizer.pairs import pair_form
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import open_gguf
from pyollama_formats.gguf.writer import write_gguf
from pyollama_tensor.types import F32

Load = Callable[[Path], Model]
SHAPE = BertShape(pooling_type=4, n_label=1, float_tables=True)
RNG = np.random.default_rng(6)
PAIRS = [RNG.integers(0, len(bert_vocabulary()), n).tolist() for n in (3, 8, 33, 128)]
QUERY = "why is the sky blue?"
DOCUMENTS = ["the sky is blue, is the sky", "hello world", "", "[SEP] [CLS]", "hello " * 100]


def scored(model: Model, texts: Sequence[Sequence[int]]) -> F32:
    """The scores of several pairs in one request, (N, labels)."""
    encoder, request = Encoder(model, 128), EncodeRequest(texts)
    encoder.add(request)
    while encoder.busy:
        encoder.step()
    return np.stack(request.vectors)


@pytest.mark.parametrize("n_label", [1, 3])
@pytest.mark.parametrize("has_dense", [True, False])
@pytest.mark.usefixtures("each_backend")
def test_scores_in_f32_are_those_of_a_float64_forward_pass(
    n_label: int, has_dense: bool, tmp_path: Path, load: Load
) -> None:
    shape = BertShape(pooling_type=4, n_label=n_label, has_dense=has_dense)
    path = write_random_bert(tmp_path / "rank.gguf", shape)
    exact = np.stack([ExactBert(path).scores(pair) for pair in PAIRS])
    assert exact.shape == (len(PAIRS), n_label)
    np.testing.assert_allclose(scored(load(path), PAIRS), exact, atol=3e-5)


def test_a_score_has_the_same_bits_whatever_else_is_in_the_pass(tmp_path: Path, load: Load) -> None:
    model = load(write_random_bert(tmp_path / "rank.gguf", SHAPE))
    alone = np.concatenate([scored(model, [pair]) for pair in PAIRS])
    np.testing.assert_array_equal(scored(model, PAIRS), alone)


def test_a_single_row_may_be_written_as_a_vector(tmp_path: Path, load: Load) -> None:
    """Where it is the only one, ggml's own tools do not count the axis of the rows."""
    path = write_random_bert(tmp_path / "rank.gguf", SHAPE)
    with open_gguf(path) as file:
        tensors = {name: (file.data(name), file.tensors[name].type) for name in file.tensors}
        data, type = tensors["cls.output.weight"]
        assert data.shape == (1, 256)
        tensors["cls.output.weight"] = (data[0].copy(), type)
        write_gguf(tmp_path / "flat.gguf", bert_metadata(SHAPE), tensors)
    flat = load(tmp_path / "flat.gguf")
    np.testing.assert_array_equal(scored(flat, PAIRS), scored(load(path), PAIRS))


@pytest.mark.oracle
@pytest.mark.slow
@pytest.mark.parametrize(
    "type", [GGMLType.F32, GGMLType.F16, GGMLType.Q8_0], ids=lambda type: type.name
)
@pytest.mark.parametrize(
    "ends", [(True, False), (True, True), (False, True)], ids=["bert", "roberta", "open"]
)
def test_scores_are_llama_cpps_and_no_less_exact(
    type: GGMLType, ends: tuple[bool, bool], tmp_path: Path, load: Load
) -> None:
    keys: dict[str, Any] = dict(
        zip(("tokenizer__ggml__add_eos_token", "tokenizer__ggml__add_sep_token"), ends, strict=True)
    )
    path = write_random_bert(tmp_path / "rank.gguf", SHAPE, type, **keys)
    with open_gguf(path) as file:
        tokenizer = load_tokenizer(file.metadata)
        form = pair_form(tokenizer, file.metadata)
    ids = [
        tokenizer.encode(text, add_special=False, parse_special=False)
        for text in (QUERY, *DOCUMENTS)
    ]
    pairs = [form.join(ids[0], document) for document in ids[1:]]
    exact = np.concatenate([ExactBert(path).scores(pair) for pair in pairs])
    theirs = LlamaCpp(path, n_ctx=128, ranks=True).rank(QUERY, DOCUMENTS) - exact
    ours = scored(load(path), pairs)[:, 0] - exact
    print(type.name, ends, np.abs(ours).mean(), np.abs(theirs).mean(), np.ptp(exact))
    assert np.abs(ours).mean() <= 1.2 * np.abs(theirs).mean()
    # both have read the same tokens: another separator changes some score by more than 0.01
    assert np.abs(theirs).max() < (0.02 if type is GGMLType.Q8_0 else 0.004)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"bert__classifier__output_labels": ["a", "b"]}, r"'cls\.output\.weight' has wrong shape"),
    ({"bert__classifier__output_labels": 1}, "output_labels is not a list of 1 to"),
    ({"bert__classifier__output_labels": "ab"}, "output_labels is not a list of 1 to"),
    ({"bert__classifier__output_labels": ["x"] * (MAX_LABELS + 1)}, "is not a list of 1 to 1024"),
]


@pytest.mark.parametrize(("keys", "words"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_file_that_does_not_fit_is_refused(
    keys: dict[str, Any], words: str, tmp_path: Path
) -> None:
    path = write_random_bert(tmp_path / "rank.gguf", SHAPE, **keys)
    with open_gguf(path) as file, pytest.raises(ModelError, match=words):
        load_model(file)


def test_an_architecture_without_a_classifier_does_not_rank(tmp_path: Path) -> None:
    path = write_random_bert(tmp_path / "rank.gguf", BertShape("nomic-bert", pooling_type=4))
    with open_gguf(path) as file, pytest.raises(ModelError, match="nomic-bert models that rank"):
        load_model(file)


def test_a_classifier_is_not_read_by_a_model_that_embeds(tmp_path: Path, load: Load) -> None:
    path = write_random_bert(tmp_path / "embed.gguf", BertShape(pooling_type=2, n_label=1))
    assert scored(load(path), PAIRS).shape == (len(PAIRS), SHAPE.n_embd)
