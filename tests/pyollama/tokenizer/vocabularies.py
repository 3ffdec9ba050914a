"""Vocabularies made for the tests: trained on a small text, with awkward tokens added."""

import io
import random
from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import Any

import sentencepiece

from pyollama.tokenizer.byte_alphabet import CHARACTERS, to_alphabet
from pyollama.tokenizer.byte_tokens import SPACE_MARK, byte_name
from pyollama.tokenizer.pretokenizer import words

CORPUS = """The quick brown fox doesn't jump over 12345 lazy dogs; it's 3.14159 times faster!
I'll go, you've gone, they're here, we'd say 'hello', HELLO, Hello, helloWorld, snake_case.
def main(argv: list[str]) -> int:
    for i in range(100):
        print(f"{i:>4} {i ** 2}")  # a comment
    return 0
Größe, naïve café, œuvre, Straße; Привет, как дела? Ελληνικά κείμενα. שלום עולם. مرحبا بالعالم.
日本語のテキスト、漢字とかな。中文文本没有空格。한국어 텍스트입니다. नमस्ते दुनिया। สวัสดีชาวโลก
Emoji: 😀 👍🏽 👨‍👩‍👧‍👦 ❤️ … – — “quotes” ‘single’ «guillemets» € £ ¥ ₹ ± × ÷ ≠ ½ ² ³ ™ ©
{"key": [1, 2.5, -3e10, null, true], "url": "https://example.org/a/b?c=d&e=f#g"}
"""

CONTROL, USER_DEFINED, UNKNOWN, NORMAL, BYTE, UNUSED = 3, 4, 2, 1, 6, 5

SPECIAL = {
    "<|begin_of_text|>": CONTROL,
    "<|eot_id|>": NORMAL,  # wrong in many files: corrected by its text
    "<|end_of_text|>": CONTROL,
    "<|tool|>": USER_DEFINED,
    "<|tool|>>": USER_DEFINED,
    "|><|": USER_DEFINED,  # overlaps the others
    "<tool": CONTROL,
    "\n\n\n": USER_DEFINED,
    "\n\n": USER_DEFINED,
    "<|pad|>": UNUSED,
    " two words ": USER_DEFINED,
    "ünïcode": USER_DEFINED,
}


def train(spelled_words: Iterable[str], n_merges: int) -> list[tuple[str, str]]:
    """Byte-pair merges of the most frequent pairs, the most frequent first."""
    counted = [([*word], n) for word, n in Counter(spelled_words).items()]
    merges = []
    for _ in range(n_merges):
        pairs: Counter[tuple[str, str]] = Counter()
        for parts, n in counted:
            for pair in pairwise(parts):
                pairs[pair] += n
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        for parts, _n in counted:
            _join(parts, best)
    return merges


def _join(parts: list[str], pair: tuple[str, str]) -> None:
    i = 0
    while i < len(parts) - 1:
        if (parts[i], parts[i + 1]) == pair:
            parts[i : i + 2] = [parts[i] + parts[i + 1]]
        i += 1


@cache
def _byte_level_merges() -> list[tuple[str, str]]:
    return train([to_alphabet(word) for word in words(CORPUS, "llama3")], 450)


@cache
def _marked_merges() -> list[tuple[str, str]]:
    return train(words(CORPUS.replace(" ", SPACE_MARK), "newlines"), 400)


def byte_level_metadata(pre: str = "llama-bpe", **keys: Any) -> dict[str, Any]:
    """A byte-level vocabulary with special tokens, as the metadata of a GGUF file.

    Some tokens are left out, so that merging makes parts that are no tokens.
    """
    tokens = [*sorted(CHARACTERS.values()), *map("".join, _byte_level_merges())]
    missing = {tokens[300], tokens[400], to_alphabet("ß")[1]}
    tokens = [token for token in tokens if token not in missing]
    return _with_merges("gpt2", pre, tokens, _byte_level_merges(), {}) | _prefixed(keys)


def marked_metadata(model: str = "gpt2", pre: str = "sarvam-moe", **keys: Any) -> dict[str, Any]:
    """A byte-pair vocabulary of plain characters, ▁ for spaces, and byte tokens."""
    characters = sorted({*CORPUS.replace(" ", SPACE_MARK)} - {"ß", "語"})
    newlines = ["\n" * n for n in (2, 3, 4)]
    tokens = [*characters, *newlines, *map("".join, _marked_merges())]
    types = {byte_name(byte): BYTE for byte in range(256)}
    return _with_merges(model, pre, [*types, *dict.fromkeys(tokens)], _marked_merges(), types) | (
        _prefixed(keys)
    )


def _with_merges(
    model: str, pre: str, tokens: list[str], merges: list[tuple[str, str]], types: dict[str, int]
) -> dict[str, Any]:
    special = {text: type for text, type in SPECIAL.items() if text not in tokens}
    texts = [*tokens, *special]
    return _prefixed(
        {
            "model": model,
            "pre": pre,
            "tokens": texts,
            "token_type": [types.get(text, special.get(text, NORMAL)) for text in texts],
            "merges": [f"{left} {right}" for left, right in merges],
            "bos_token_id": texts.index("<|begin_of_text|>"),
            "eos_token_id": texts.index("<|end_of_text|>"),
        }
    )


def _prefixed(keys: dict[str, Any]) -> dict[str, Any]:
    return {f"tokenizer.ggml.{key}": value for key, value in keys.items()}


@cache
def _trained_pieces() -> list[tuple[str, float]]:
    """Pieces and scores of a SentencePiece model trained on the corpus."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS.splitlines()),
        model_writer=model,
        model_type="bpe",
        vocab_size=900,
        hard_vocab_limit=False,
        character_coverage=0.98,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        minloglevel=2,
    )
    trained = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return [(trained.id_to_piece(i), trained.get_score(i)) for i in range(len(trained))]


def sentencepiece_metadata(**keys: Any) -> dict[str, Any]:
    """A SentencePiece vocabulary with special tokens, as the metadata of a GGUF file."""
    pieces = _trained_pieces()
    types = {"<unk>": UNKNOWN, "<s>": CONTROL, "</s>": CONTROL}
    types |= {byte_name(byte): BYTE for byte in range(256)}
    texts = [text for text, _ in pieces]
    # Pieces of a byte token's and a control token's text, so that merging can reach those.
    more = ["<s", "<0", "<0x4", "1>", "▁▁", "▁▁▁▁", "", "a b"]
    scores = [score for _, score in pieces] + [-1.0] * len(more)  # equal: the leftmost goes first
    return _prefixed(
        {
            "model": "llama",
            "tokens": [*texts, *more, *SPECIAL],
            "scores": scores + [0.0] * len(SPECIAL),
            "token_type": [types.get(text, NORMAL) for text in [*texts, *more]]
            + [*SPECIAL.values()],
        }
        | keys
    )


ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "aeiou AEIOU",
    "0123456789",
    "０１２３٣४½²Ⅷ一",
    " \t\n\r\v\f\x85\xa0\u1680\u2003\u2028\u202f\u3000",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "…–—“”‘’«»€£¥₹±×÷≠™©§¶•،۔。、！？～",
    "äöüßéèêñçåøæœΑβγДжшЯ",
    "日本語漢字かなカナ한국어텍스트ㄱㅏ",
    "नमस्तेสวัสดีشكراשלום",
    "\u0300\u0301\u0323\u094d\u200d\ufe0f",
    "😀👍🏽👨👩👧❤🇩🇪",
    "\x00\x01\x1b\x1c\x1f\x7f\u200b\ufeff\ufffd\ue000\U0010fffd",
]
SNIPPETS = [
    *SPECIAL,
    *["<s>", "</s>", "<unk>", "<0x41>", "<|", "|>", "<|eot_id|", "▁", "Ġ", "a b"],
    *["'s", "'S", "'t", "'re", "'LL", "'d", "don't", "  ", "    ", "\n", "\n\n", " \n ", "\r\n"],
    *["12", "123", "1234", "1,234,567", "3.14", "IMGIMGABZ", "<sentinel:12>", "https://", "==="],
]


def varied_texts(n: int, seed: int = 0) -> list[str]:
    """Strings of every kind: scripts, emoji, blanks, digits, code, contractions, special tokens."""
    rng = random.Random(seed)
    return [_varied_text(rng) for _ in range(n)]


def _varied_text(rng: random.Random) -> str:
    return "".join(_part(rng) for _ in range(rng.randint(0, 8)))


def _part(rng: random.Random) -> str:
    match rng.randrange(4):
        case 0:
            return rng.choice(SNIPPETS)
        case 1:
            start = rng.randrange(len(CORPUS))
            return CORPUS[start : start + rng.randint(1, 40)]
        case 2:
            return rng.choice(rng.choice(ALPHABETS)) * rng.randint(1, 9)
        case _:
            alphabet = rng.choice(ALPHABETS)
            return "".join(rng.choices(alphabet, k=rng.randint(1, 8)))
