"""From the metadata of a GGUF file to the tokenizer it describes."""

from collections.abc import Iterator

from pyollama.tokenizer.base import Tokenizer
from pyollama.tokenizer.bpe import BytePairTokenizer
from pyollama.tokenizer.errors import TokenizerError
from pyollama.tokenizer.metadata import Metadata, text
from pyollama.tokenizer.pretokenizer import find_pretokenizer
from pyollama.tokenizer.special import read_special_tokens
from pyollama.tokenizer.splitter import SpecialToken, Splitter
from pyollama.tokenizer.spm import SentencePieceTokenizer
from pyollama.tokenizer.vocabulary import TokenType, Vocabulary, read_vocabulary
from pyollama.tokenizer.wordpiece import WordPieceTokenizer

# Tokenizer model -> bos and eos where the file names none.
DEFAULT_IDS: dict[str, tuple[int | None, int | None]] = {
    "llama": (1, 2),
    "gpt2": (11, 11),
    "gemma4": (None, None),
    "bert": (101, None),
}
WITHOUT_PRETOKENIZER = ("llama", "bert")  # they cut words in their own way

_SEARCHED = (TokenType.CONTROL, TokenType.USER_DEFINED, TokenType.UNKNOWN)
_MASK_EATS_SPACE_PRE = ("jina-v2-de", "jina-v2-es", "jina-v2-code")
_MASK_EATS_SPACE_ARCHITECTURE = ("nomic-bert-moe", "jina-bert-v3")


def load_tokenizer(metadata: Metadata) -> Tokenizer:
    """The tokenizer of a model; arrays in the metadata may be lists or lazy arrays.

    TokenizerError if the keys are missing, contradict each other or name something unknown.
    """
    model = text(metadata, "model", "")
    if model not in DEFAULT_IDS:
        raise TokenizerError(f"unknown tokenizer: '{model}'")
    named = None if model in WITHOUT_PRETOKENIZER else text(metadata, "pre", "default")
    pre = None if named is None else find_pretokenizer(named)
    vocabulary = read_vocabulary(metadata)
    bos, eos = DEFAULT_IDS[model]
    if pre is not None and not pre.has_bos:
        bos = None
    special = read_special_tokens(metadata, vocabulary, bos, eos)
    splitter = Splitter(_special_tokens(metadata, vocabulary))
    if model == "bert":
        return WordPieceTokenizer(metadata, vocabulary, special, splitter)
    if pre is None:
        return SentencePieceTokenizer(metadata, vocabulary, special, splitter)
    return BytePairTokenizer(metadata, vocabulary, special, splitter, pre)


def _special_tokens(metadata: Metadata, vocabulary: Vocabulary) -> Iterator[SpecialToken]:
    """The tokens that are searched for in text, and which of them eat the space beside them."""
    lstrip, rstrip = _strippers(metadata)
    for id in vocabulary.ids_of_types(_SEARCHED):
        token, hidden = vocabulary.tokens[id], vocabulary.type_of(id) is not TokenType.USER_DEFINED
        yield SpecialToken(id, token, hidden, lstrip == token, rstrip and token not in _BARE)


_BARE = ("<unk>", "<s>", "<|endoftext|>")


def _strippers(metadata: Metadata) -> tuple[str, bool]:
    """The one token that eats spaces on its left, and whether special tokens eat them on the right.

    GGUF has no key for this: llama.cpp goes by the model's names, and so must we.
    """
    name = str(metadata.get("general.name", "")).lower()
    pre = text(metadata, "pre", "")
    architecture = str(metadata.get("general.architecture", ""))
    if any(part in pre for part in _MASK_EATS_SPACE_PRE) or any(
        part in architecture for part in _MASK_EATS_SPACE_ARCHITECTURE
    ):
        return "<mask>", False
    if "phi-3" in name or "phi3" in name:
        return "", True
    return ("[MASK]", False) if "modern-bert" in name else ("", False)
