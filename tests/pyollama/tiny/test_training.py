"""Training code: needs the extra [train]; sizes here are the smallest that show something."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.train
torch = pytest.importorskip("torch", reason="needs the extra [train]")
pytest.importorskip("tokenizers", reason="needs the extra [train]")

from pyollama.tiny import tiny_path  # noqa: E402
from pyollama.tiny.answering import parse_calls, without_thought  # noqa: E402
from pyollama.tiny.batches import pool_batches  # noqa: E402
from pyollama.tiny.corpus import examples  # noqa: E402
from pyollama.tiny.corpus.tools import tool_example  # noqa: E402
from pyollama.tiny.evaluate import on_topic, right_calls  # noqa: E402
from pyollama.tiny.export import export  # noqa: E402
from pyollama.tiny.model import Llama, LlamaConfig, rope, rotations  # noqa: E402
from pyollama.tiny.optimizer import orthogonal  # noqa: E402
from pyollama.tiny.rendering import render_example  # noqa: E402
from pyollama.tiny.train import Run, load_checkpoint, schedule  # noqa: E402
from pyollama.tiny.vocabulary import Vocabulary  # noqa: E402
from pyollama_formats.gguf.reader import open_gguf  # noqa: E402


def shipped_vocabulary() -> Vocabulary:
    with tiny_path() as path, open_gguf(path) as file:
        tokens = file.metadata["tokenizer.ggml.tokens"].tolist()  # type: ignore[union-attr]
        merges = file.metadata["tokenizer.ggml.merges"].tolist()  # type: ignore[union-attr]
    pairs = [(line.split(" ")[0], line.split(" ")[1]) for line in merges]
    return Vocabulary([str(token) for token in tokens], pairs)


VOCABULARY = shipped_vocabulary()
CONFIG = LlamaConfig(n_vocab=len(VOCABULARY.tokens), n_embd=32, n_layer=2, n_ff=32, n_head=2)
CONFIG = LlamaConfig(**{**vars(CONFIG), "n_head_kv": 1, "n_ctx": 600})


def run_in(folder: Path) -> Run:
    folder.mkdir(exist_ok=True)
    VOCABULARY.save(folder / "vocabulary.json")
    return Run(folder, CONFIG, n_tokens=512)


@pytest.mark.parametrize("word", ["blorfin", "Snarkel", "quiltz", "fernip"])
def test_an_invented_word_has_the_same_pieces_wherever_it_stands(word: str) -> None:
    tokenizer = VOCABULARY.tokenizer()
    pieces = tokenizer.encode(word).tokens
    for before in (" ", '"', "_", "(", "\n"):
        assert tokenizer.encode(f"x{before}{word}").tokens[-len(pieces) :] == pieces


def test_text_comes_back_from_its_tokens() -> None:
    tokenizer = VOCABULARY.tokenizer()
    for example in islice(examples(11), 100):
        text = "".join(render_example(example))
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        assert tokenizer.decode(ids, skip_special_tokens=False) == text


def test_a_batch_weighs_the_answers_and_no_padding() -> None:
    padding = VOCABULARY.padding
    batch = next(iter(pool_batches(VOCABULARY.tokenizer(), padding, 1, n_tokens=512)))
    assert batch.tokens.shape == batch.targets.shape == batch.weights.shape
    assert not batch.weights[batch.targets == padding].any()
    assert (batch.weights[batch.targets == VOCABULARY.eos] > 0).any()
    np.testing.assert_array_equal(batch.tokens[:, 1:], batch.targets[:, :-1])


def test_rope_turns_neighbouring_pairs_and_keeps_their_length() -> None:
    cos, sin = rotations(CONFIG)
    x = torch.randn(1, 5, 2, CONFIG.n_embd_head, generator=torch.Generator().manual_seed(1))
    turned = rope(x, cos, sin)
    torch.testing.assert_close(turned[:, 0], x[:, 0])  # position 0 is not turned
    pairs = (1, 5, 2, -1, 2)
    torch.testing.assert_close(turned.reshape(pairs).norm(dim=-1), x.reshape(pairs).norm(dim=-1))


def test_an_orthogonal_step_has_singular_values_near_one() -> None:
    matrix = torch.randn(24, 64, generator=torch.Generator().manual_seed(2))
    values = torch.linalg.svdvals(orthogonal(matrix))
    assert values.min() > 0.6
    assert values.max() < 1.4


def test_the_learning_rate_rises_stays_and_falls_to_zero() -> None:
    factors = [schedule(step, 1000) for step in range(1000)]
    assert factors[0] < 0.1
    assert factors[300] == 1.0
    assert 0 < factors[-1] < 0.01


@pytest.mark.slow
def test_training_goes_on_where_it_stopped(tmp_path: Path) -> None:
    run_in(tmp_path / "once").train(4)
    run_in(tmp_path / "twice").train(2)
    resumed = run_in(tmp_path / "twice")
    assert resumed.progress.step == 2
    before, _ = load_checkpoint(tmp_path / "twice")
    resumed.train(4)
    once, _ = load_checkpoint(tmp_path / "once")
    twice, _ = load_checkpoint(tmp_path / "twice")
    assert not torch.equal(before.token_embd.weight, twice.token_embd.weight)
    # both are still in the warm-up, where the learning rate does not depend on the end
    torch.testing.assert_close(once.token_embd.weight, twice.token_embd.weight, atol=1e-6, rtol=0)


def test_the_exported_file_holds_the_same_weights(tmp_path: Path) -> None:
    model = Llama(CONFIG)
    export(model, VOCABULARY, tmp_path / "small.gguf")
    with open_gguf(tmp_path / "small.gguf") as file:
        assert set(file.tensors) == set(model.state_dict())
        norm = file.data("blk.0.attn_norm.weight").view(np.float32)
    np.testing.assert_array_equal(norm, model.state_dict()["blk.0.attn_norm.weight"].numpy())


def test_only_the_very_same_calls_are_right() -> None:
    example = next(examples(12, families={tool_example: 1}))
    _, reply = render_example(example)
    assert right_calls(example, reply)
    name = example.messages[-1]["tool_calls"][0]["function"]["name"]
    assert not right_calls(example, reply.replace(name, f"{name}x"))
    assert not right_calls(example, "I cannot do that.")
    assert parse_calls("<tool_call>{not json</tool_call>") is None


def test_an_answer_on_topic_has_a_key_word() -> None:
    example = next(e for e in examples(13) if e.family == "facts")
    assert on_topic(example, example.messages[-1]["content"])
    assert not on_topic(example, "zzz")
    assert without_thought("a thought\n</think>\n\nyes") == "yes"
