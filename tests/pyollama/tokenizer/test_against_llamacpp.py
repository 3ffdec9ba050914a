"""Token ids, pieces and texts against llama.cpp's, on 2,000 varied strings per vocabulary."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyollama.tokenizer import Tokenizer, load_tokenizer
from pyollama.tokenizer.pretokenizer import PRETOKENIZERS
from pyollama.tokenizer.utf8 import decode_utf8
from tests.pyollama.tokenizer.oracle import LlamaVocab, write_model
from tests.pyollama.tokenizer.vocabularies import (
    BYTE,
    CONTROL,
    CORPUS,
    NORMAL,
    UNKNOWN,
    UNUSED,
    USER_DEFINED,
    byte_level_metadata,
    marked_metadata,
    sentencepiece_metadata,
    varied_texts,
)

pytestmark = pytest.mark.oracle

Both = tuple[Tokenizer, LlamaVocab]
Open = Callable[[dict[str, Any]], Both]


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Open]:
    """Loads the same metadata here and in llama.cpp."""
    opened: list[LlamaVocab] = []

    def load(metadata: dict[str, Any]) -> Both:
        path = tmp_path / "vocabulary.gguf"
        write_model(path, metadata)
        opened.append(LlamaVocab(path))
        return load_tokenizer(metadata), opened[-1]

    yield load
    for vocab in opened:
        vocab.close()


def assert_same_ids(ours: Tokenizer, theirs: LlamaVocab, texts: list[str]) -> None:
    for text in texts:
        for parse in (True, False):
            got = ours.encode(text, parse_special=parse)
            assert got == theirs.encode(text, parse_special=parse), (text, parse)


def assert_same_properties(ours: Tokenizer, theirs: LlamaVocab) -> None:
    assert ours.n_vocab == theirs.n_vocab
    assert (ours.bos if ours.bos is not None else -1) == theirs.bos
    assert (ours.eos if ours.eos is not None else -1) == theirs.eos
    assert (ours.add_bos, ours.add_eos) == (theirs.add_bos, theirs.add_eos)
    assert ours.eog == theirs.eog


def assert_same_texts(ours: Tokenizer, theirs: LlamaVocab, texts: list[str]) -> None:
    for text in texts:
        ids = ours.encode(text)
        for special in (False, True):
            expected = theirs.decode(ids, special=special)
            assert ours.decode(ids, special=special) == decode_utf8(expected), (text, special)


def assert_same_pieces(ours: Tokenizer, theirs: LlamaVocab) -> None:
    for id in range(ours.n_vocab):
        for special in (False, True):
            assert ours.piece(id, special=special) == theirs.piece(id, special=special), id


VOCABULARIES = {
    "byte level, llama 3": byte_level_metadata(),
    "byte level, gpt-2": byte_level_metadata("gpt-2", add_bos_token=True, add_eos_token=True),
    "sentencepiece": sentencepiece_metadata(),
    "sentencepiece without prefix": sentencepiece_metadata(
        add_space_prefix=False, add_bos_token=False, add_eos_token=True
    ),
    "space marks": marked_metadata(),
    "gemma 4": marked_metadata("gemma4", "gemma4", add_bos_token=False),
}
vocabularies = pytest.mark.parametrize("metadata", VOCABULARIES.values(), ids=VOCABULARIES)


@pytest.mark.slow
@vocabularies
def test_2000_varied_strings_give_the_same_ids(both: Open, metadata: dict[str, Any]) -> None:
    assert_same_ids(*both(metadata), varied_texts(2000))


@pytest.mark.slow
@vocabularies
def test_whole_texts_and_pieces_are_the_same(both: Open, metadata: dict[str, Any]) -> None:
    ours, theirs = both(metadata)
    assert_same_pieces(ours, theirs)
    assert_same_texts(ours, theirs, varied_texts(300, seed=1))


@pytest.mark.slow
@pytest.mark.parametrize("pre", sorted(PRETOKENIZERS))
def test_every_pretokenizer_has_the_same_properties(both: Open, pre: str) -> None:
    metadata = byte_level_metadata(pre)
    del metadata["tokenizer.ggml.bos_token_id"]
    ours, theirs = both(metadata)
    assert_same_properties(ours, theirs)
    ids = theirs.encode("it 's a test , isn 't it ? I 'm 're sure ' quoted ' .", add_special=False)
    assert ours.decode(ids).encode() == theirs.decode(ids)


# One name for each different pre-tokenizer. llama.cpp itself ends the process when "whitespace"
# meets two blanks in a row, so that one gets words with single spaces.
CLASSES = {meaning: name for name, meaning in PRETOKENIZERS.items() if name != "whitespace"}


@pytest.mark.slow
@pytest.mark.parametrize("pre", CLASSES.values())
def test_every_pretokenizer_gives_the_same_ids(both: Open, pre: str) -> None:
    ours, theirs = both(byte_level_metadata(pre))
    assert_same_ids(ours, theirs, [CORPUS, *varied_texts(120, seed=2)])


@pytest.mark.slow
def test_words_between_single_spaces_give_the_same_ids(both: Open) -> None:
    ours, theirs = both(byte_level_metadata("whitespace"))
    assert_same_pieces(ours, theirs)
    assert_same_ids(ours, theirs, [" ".join(text.split()) for text in varied_texts(200, seed=3)])


# Texts of special tokens that models really combine, each with a type that many files get wrong.
FAMILIES = {
    "chatml": ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|fim_pad|>", "<|repo_name|>"],
    "llama 3": ["<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|python_tag|>"],
    "gemma": ["<eos>", "<end_of_turn>", "<bos>", "</s>", "<unused1>"],
    "gemma 4": ["<eos>", "<turn|>", "<|tool_response>", "</s>"],
    "harmony": ["<|return|>", "<|call|>", "<|end|>", "<|channel|>", "<|message|>", "<|start|>"],
    "harmony, other names": ["<|flush|>", "<|calls|>", "<|end|>", "<|constrain|>"],
    "phi": ["<|end|>", "<|endoftext|>", "<|assistant|>"],
    "code": ["<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>", "<reponame>", "<EOT>"],
    "code llama": ["▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>", "<PAD>", "<REPO>", "<|file_sep|>"],
    "deepseek": ["<｜end▁of▁sentence｜>", "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"],
    "others": ["[EOT]", "[EOS]", "_<EOT>", "<end_of_utterance>", "[e~[", "<fim-pad>", "<|prefix|>"],
}
# Token types and llama.cpp's bits for them. Where it sets several, the first of these acts.
ATTRIBUTES = {CONTROL: 8, UNKNOWN: 1, USER_DEFINED: 16, NORMAL: 4, BYTE: 32, UNUSED: 2}


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("type", [NORMAL, CONTROL, USER_DEFINED])
def test_ends_of_generation_and_types_are_the_same(both: Open, family: str, type: int) -> None:
    texts = FAMILIES[family]
    n = 20
    metadata = byte_level_metadata(
        tokens=[*"abcdefghijklmnopqrst", *texts],
        token_type=[NORMAL] * n + [type] * len(texts),
        bos_token_id=0,
        eos_token_id=1,
    )
    ours, theirs = both(metadata)
    assert ours.eog == theirs.eog
    types = [
        next(type for type, bit in ATTRIBUTES.items() if bits & bit) for bits in theirs.attributes()
    ]
    assert [*ours.vocabulary.types] == types


@pytest.mark.slow
@pytest.mark.parametrize(
    "keys",
    [
        {"general.name": "Phi-3 mini"},
        {"general.name": "my phi3"},
        {"general.name": "Modern-BERT"},
        {"tokenizer.ggml.pre": "jina-v2-code"},
        {},
    ],
)
def test_tokens_that_eat_the_spaces_beside_them(both: Open, keys: dict[str, str]) -> None:
    texts = ["<mask>", "[MASK]", "<|user|>", "<|endoftext|>", "</s>"]
    metadata = sentencepiece_metadata()
    metadata["tokenizer.ggml.tokens"] += texts[:4]  # </s> is there
    metadata["tokenizer.ggml.token_type"] += [CONTROL] * 4
    metadata["tokenizer.ggml.scores"] += [0.0] * 4
    if "tokenizer.ggml.pre" in keys:
        metadata = byte_level_metadata()
        metadata["tokenizer.ggml.tokens"] += texts
        metadata["tokenizer.ggml.token_type"] += [CONTROL] * 5
    ours, theirs = both(metadata | keys)
    assert_same_ids(
        ours, theirs, [f"a \t\n{text} \n b{text}{text}  {text}" for text in [*texts, "<s>"]]
    )
