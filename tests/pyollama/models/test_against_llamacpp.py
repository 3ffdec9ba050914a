"""How exact the model is: against a float64 forward pass, and against llama.cpp on the same file.

An error is the root mean square of the difference of two logits rows, each with its mean taken off
(softmax does not see the mean, and llama.cpp tells log probabilities), over that of the exact row.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exact_model import ExactModel
from llamacpp_oracle import LlamaCpp
from numpy.typing import NDArray

from pyollama.models.loader import Model
from pyollama_formats.blocks import GGMLType, dequantize
from pyollama_formats.gguf.reader import open_gguf
from pyollama_formats.gguf.writer import write_gguf
from pyollama_tensor.batch import PAGE, Batch
from pyollama_tensor.cache import Element

pytestmark = [pytest.mark.slow, pytest.mark.oracle]

Array = NDArray[Any]
RandomModel = Callable[[str, GGMLType], Path]
Load = Callable[[Path], Model]
IDS = np.random.default_rng(1).integers(0, 256, 80).tolist()
ENDS = [1, 2, 3, 5, 9, 14, 21, 30]  # lengths of the prompts that are compared
MATRICES = [
    GGMLType.F16, GGMLType.BF16, GGMLType.Q4_0, GGMLType.Q4_1, GGMLType.Q5_0, GGMLType.Q5_1,
    GGMLType.Q8_0, GGMLType.Q2_K, GGMLType.Q3_K, GGMLType.Q4_K, GGMLType.Q5_K, GGMLType.Q6_K,
]  # fmt: skip


@pytest.fixture(scope="module")
def tiny_f32(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded model with every matrix dequantized, written by this project."""
    source = Path(__file__).parents[3] / "pyollama" / "tiny" / "tiny.gguf"
    path = tmp_path_factory.mktemp("tiny") / "tiny-f32.gguf"
    with open_gguf(source) as file:
        metadata = {**file.metadata, "general.file_type": 0}
        tensors = {
            name: (dequantize(file.data(name), info.type).reshape(info.shape), GGMLType.F32)
            for name, info in file.tensors.items()
        }
        write_gguf(path, metadata, tensors)
    return path


@pytest.fixture(params=["llama", "llama-biased", "qwen2", "qwen2-tied", "tiny"])
def f32_model(request: pytest.FixtureRequest, random_model: RandomModel, tiny_f32: Path) -> Path:
    """A model in F32: of random weights, or the embedded one."""
    return tiny_f32 if request.param == "tiny" else random_model(request.param, GGMLType.F32)


def batch_of(ids: Sequence[int], wanted: Sequence[int], start: int = 0) -> Batch:
    """Tokens of one sequence from position `start`, in the pages 0, 1, 2 ..."""
    n = len(ids)
    return Batch(
        tokens=np.asarray(ids, np.int32),
        rows=None,
        positions=np.arange(start, start + n, dtype=np.int32),
        sequences=np.zeros(n, np.int32),
        tables=np.arange((start + n) // PAGE + 1, dtype=np.int32)[None],
        wanted=np.asarray(wanted, np.int32),
    )


def together(model: Model, ids: Sequence[int], ends: Sequence[int], element: Element) -> Array:
    """The logits after each of several lengths of one prompt, computed in one pass."""
    wanted = [end - 1 for end in ends]
    return model.forward(batch_of(ids, wanted), model.new_cache(8, element))


def one_by_one(model: Model, ids: Sequence[int], ends: Sequence[int], element: Element) -> Array:
    """The same, one token per pass."""
    cache = model.new_cache(8, element)
    rows = [
        model.forward(batch_of([token], [0], start), cache)[0] for start, token in enumerate(ids)
    ]
    return np.stack([rows[end - 1] for end in ends])


def error(rows: Array, exact: Array) -> float:
    """The relative root mean square error of logits or log probabilities, (n, n_vocab) each."""
    centred = exact - exact.mean(-1, keepdims=True)
    difference = rows - rows.mean(-1, keepdims=True) - centred
    return float(np.sqrt((difference**2).mean() / (centred**2).mean()))


def theirs(oracle: LlamaCpp, ids: Sequence[int], ends: Sequence[int], n_vocab: int) -> Array:
    """The log probabilities that llama.cpp gives after each of several lengths of a prompt."""
    return np.stack([oracle.log_probabilities(ids[:end], n_vocab) for end in ends])


@pytest.mark.parametrize("compute", [together, one_by_one])
@pytest.mark.usefixtures("each_backend")
def test_logits_in_f32_are_those_of_a_float64_forward_pass(
    compute: Callable[..., Array], f32_model: Path, load: Load
) -> None:
    ends = [*ENDS, 40, 80]
    rows = compute(load(f32_model), IDS, ends, "f32")
    assert error(rows, ExactModel(f32_model).logits(IDS)[[end - 1 for end in ends]]) < 1e-4


def test_logits_in_f32_are_those_of_llama_cpp(f32_model: Path, load: Load) -> None:
    rows = together(load(f32_model), IDS, ENDS, "f32")
    oracle = LlamaCpp(f32_model, exact_cache=True)
    assert error(rows, theirs(oracle, IDS, ENDS, rows.shape[1])) < 1e-3


CASES = [(arch, type) for arch in ("llama", "qwen2") for type in MATRICES]
CASES += [("qwen2-0.5b", GGMLType.Q5_0)]  # as a Q4_K_M file of such rows is


@pytest.mark.parametrize(("shape", "type"), CASES, ids=lambda value: getattr(value, "name", value))
def test_no_format_is_less_exact_than_in_llama_cpp(
    shape: str, type: GGMLType, random_model: RandomModel, load: Load
) -> None:
    path = random_model(shape, type)
    ids = IDS[: max(ENDS)]
    right = ExactModel(path).logits(ids)[[end - 1 for end in ENDS]]
    model = load(path)
    limit = 1.2 * error(theirs(LlamaCpp(path), ids, ENDS, model.config.n_vocab), right)
    ours = [error(compute(model, ids, ENDS, "f16"), right) for compute in (together, one_by_one)]
    print(f"{path.stem}: {ours[0]:.2e}, {ours[1]:.2e}; llama.cpp {limit / 1.2:.2e}")
    assert max(ours) <= limit
    assert limit < 0.1  # both are the same model at all


@pytest.mark.parametrize("type", [GGMLType.Q4_K, GGMLType.Q8_0], ids=lambda type: type.name)
@pytest.mark.parametrize("shape", ["llama", "qwen2"])
@pytest.mark.usefixtures("each_backend")
def test_quantized_logits_are_near_those_of_a_float64_forward_pass(
    shape: str, type: GGMLType, random_model: RandomModel, load: Load
) -> None:
    path = random_model(shape, type)
    ids = IDS[: max(ENDS)]
    right = ExactModel(path).logits(ids)[[end - 1 for end in ENDS]]
    assert error(together(load(path), ids, ENDS, "f16"), right) < 0.02


# After these, no two tokens of either model come within 0.005 of each other (standard deviation 1).
CLEAR = [IDS[24:36], IDS[54:66]]


@pytest.mark.parametrize("shape", ["llama", "qwen2"])
@pytest.mark.parametrize("ids", CLEAR, ids=["one", "another"])
def test_a_random_model_in_f32_continues_with_the_64_tokens_of_llama_cpp(
    shape: str, ids: list[int], random_model: RandomModel, load: Load
) -> None:
    path = random_model(shape, GGMLType.F32)
    model = load(path)
    tokens = greedy(model, ids, 64, frozenset([model.config.n_vocab - 1]), "f32")
    assert tokens == LlamaCpp(path, exact_cache=True).greedy(ids, 64)
    assert len(set(tokens)) > 5  # not a loop that any model would fall into


# Texts like those that tiny was trained on. After its answer, where it would rather stop, and
# elsewhere it hesitates: two tokens come so near to each other that the rounding of an f16 cache
# would decide. So the caches are float32.
ASKED = "<|im_start|>user\nHow many legs does a spider have?<|im_end|>\n<|im_start|>assistant\n"
PROMPTS = ["Why is the sky blue?", "Tell me a story about a cat.", ASKED, "Once"]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_tiny_in_f32_continues_with_the_64_tokens_of_llama_cpp(
    prompt: str, tiny_f32: Path, load: Load
) -> None:
    from pyollama.tokenizer.loading import load_tokenizer

    with open_gguf(tiny_f32) as file:
        tokenizer = load_tokenizer(file.metadata)
    ids = tokenizer.encode(prompt)
    tokens = greedy(load(tiny_f32), ids, 64, tokenizer.eog, "f32")
    assert tokens == LlamaCpp(tiny_f32, exact_cache=True).greedy(ids, 64)


def greedy(
    model: Model, ids: Sequence[int], n: int, left_out: frozenset[int], element: Element = "f16"
) -> list[int]:
    """The n most probable tokens after a prompt, never one of those left out."""
    cache, tokens = model.new_cache(16, element), list(ids)
    row = model.forward(batch_of(ids, [len(ids) - 1]), cache)[0]
    for _ in range(n):
        row[list(left_out)] = -np.inf
        tokens.append(int(row.argmax()))
        row = model.forward(batch_of(tokens[-1:], [0], len(tokens) - 1), cache)[0]
    return tokens[len(ids) :]
