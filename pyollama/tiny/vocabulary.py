"""A byte-level BPE vocabulary made for copying: a word looks the same with and without a space.

The merges are learned inside words only, from the corpus. After them, as the last merges of all,
the space mark joins whole frequent words and marks. So " rain" is one token, while a rare or
invented word is cut into the same pieces wherever it stands, after a space, a quote or an
underscore, and can be copied piece by piece. Digits stay single.

The model file names the pre-tokenizer `qwen2`, whose pattern is used here too.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import regex
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from pyollama.tiny.corpus import examples
from pyollama.tiny.rendering import SPECIAL_TOKENS, USER_TOKENS, render_example

__all__ = ["PRE_TOKENIZER", "Vocabulary", "build_vocabulary"]

# What the pre-tokenizer `qwen2` splits by.
PRE_TOKENIZER = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Words without whatever stands before them: what the merges are learned from.
_WORDS = r"\p{L}+|\p{N}|[^\s\p{L}\p{N}]+|\s+"
_SPACE = "Ġ"  # byte 32 in the printable alphabet of byte-level BPE
_N_TEXTS = 20_000  # corpus examples to learn from
_N_PIECES = 1_800  # merges inside words
_N_SPACED = 1_000  # at most: whole words that also exist with their space
_MIN_COUNT = 30  # how often such a word must follow a space


@dataclass(frozen=True)
class Vocabulary:
    """Tokens in the order of their ids, and the merges in the order of their rank."""

    tokens: list[str]
    merges: list[tuple[str, str]]

    @property
    def eos(self) -> int:
        """The id of the token that ends a turn."""
        return self.tokens.index("<|im_end|>")

    @property
    def padding(self) -> int:
        """The id of the token that fills a row up."""
        return self.tokens.index("<|endoftext|>")

    def tokenizer(self) -> Tokenizer:
        """An encoder and decoder of this vocabulary."""
        table = {token: place for place, token in enumerate(self.tokens)}
        tokenizer = Tokenizer(models.BPE(vocab=table, merges=self.merges))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(PRE_TOKENIZER), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.add_special_tokens([AddedToken(token) for token in SPECIAL_TOKENS])
        tokenizer.add_tokens([AddedToken(token, normalized=False) for token in USER_TOKENS])
        return tokenizer

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps({"tokens": self.tokens, "merges": self.merges}))

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Read what save wrote."""
        data = json.loads(path.read_text())
        return cls(data["tokens"], [(left, right) for left, right in data["merges"]])


def _texts(seed: int) -> list[str]:
    """Rendered examples of the training part, without the special tokens."""
    marks = regex.compile("|".join(map(regex.escape, (*SPECIAL_TOKENS, *USER_TOKENS))))
    found = islice(examples(seed), _N_TEXTS)
    return [marks.sub("\n", "".join(render_example(example))) for example in found]


def _learn_pieces(texts: Iterable[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """The 256 bytes and the merges inside words: tokens by id, merges by rank."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=256 + _N_PIECES, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return list(model["vocab"]), [(left, right) for left, right in model["merges"]]


def _spaced_words(texts: Iterable[str], tokens: list[str]) -> list[str]:
    """The most frequent whole tokens that follow a space."""
    known = set(tokens)
    pattern = regex.compile(r"(?<= )(?:\p{L}+|[^\s\p{L}\p{N}]+)")
    counts = Counter(word for text in texts for word in pattern.findall(text))
    found = [word for word, n in counts.most_common() if word in known and n >= _MIN_COUNT]
    return found[:_N_SPACED]


def build_vocabulary(seed: int = 0) -> Vocabulary:
    """Learn the vocabulary from the corpus; the same seed gives the same one."""
    texts = _texts(seed)
    tokens, merges = _learn_pieces(texts)
    spaced = _spaced_words(texts, tokens)
    tokens += [_SPACE + word for word in spaced]
    merges += [(_SPACE, word) for word in spaced]
    return Vocabulary([*tokens, *SPECIAL_TOKENS, *USER_TOKENS], merges)
