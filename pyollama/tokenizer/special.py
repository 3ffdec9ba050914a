"""Which tokens begin and end a text, which end a generation, and what type they must have.

Many published files carry wrong types, or name no end-of-turn token; so, as llama.cpp does, the
special tokens are also known by their texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pyollama.tokenizer.metadata import Metadata, array, token_id
from pyollama.tokenizer.vocabulary import TokenType, Vocabulary

END_OF_TURN = (
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "<｜end▁of▁sentence｜>",
    "<end_of_utterance>",
)

# Whatever the file says, these end a generation.
END_OF_GENERATION = (
    *END_OF_TURN,
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "</s>",
    "<|eom_id|>",
    "[EOS]",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "[e~[",
)

# Role of a special token -> texts by which it is known when the file does not name it.
KNOWN_TEXTS: Mapping[str, tuple[str, ...]] = {
    "eot": END_OF_TURN,
    "eom": ("<|eom_id|>",),
    "fim_pre": (
        "<|fim_prefix|>",
        "<fim-prefix>",
        "<fim_prefix>",
        "<｜fim▁begin｜>",
        "<PRE>",
        "▁<PRE>",
        "<|code_prefix|>",
        "<|prefix|>",
    ),
    "fim_suf": (
        "<|fim_suffix|>",
        "<fim-suffix>",
        "<fim_suffix>",
        "<｜fim▁hole｜>",
        "<SUF>",
        "▁<SUF>",
        "<|code_suffix|>",
        "<|suffix|>",
    ),
    "fim_mid": (
        "<|fim_middle|>",
        "<fim-middle>",
        "<fim_middle>",
        "<｜fim▁end｜>",
        "<MID>",
        "▁<MID>",
        "<|code_middle|>",
        "<|middle|>",
    ),
    "fim_pad": ("<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"),
    "fim_rep": ("<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"),
    "fim_sep": ("<|file_sep|>",),
}

# A model that meets one of these expects to go on.
ENDING_ROLES = ("eot", "eom", "fim_pad", "fim_rep", "fim_sep")

# The channel marks of gpt-oss: structure that a parser must see.
ALWAYS_VISIBLE = ("<|channel|>", "<|message|>", "<|start|>", "<|constrain|>")


@dataclass(frozen=True)
class SpecialTokens:
    """The ids that begin and end a text, all that end a generation, and all never to be drawn."""

    bos: int | None
    eos: int | None
    eog: frozenset[int]
    suppressed: frozenset[int] = frozenset()


def read_special_tokens(
    metadata: Metadata, vocabulary: Vocabulary, bos: int | None, eos: int | None
) -> SpecialTokens:
    """Find the special tokens, given the tokenizer model's own bos and eos.

    Corrects the types of tokens in `vocabulary` that are known by their text.
    """
    n_vocab = len(vocabulary)
    begin = token_id(metadata, "bos", n_vocab, bos)
    end = token_id(metadata, "eos", n_vocab, eos)
    roles = {role: _find(metadata, vocabulary, role) for role in KNOWN_TEXTS}
    eog = _ids(vocabulary, END_OF_GENERATION)
    _set_type(vocabulary, eog, TokenType.CONTROL)
    _set_type(vocabulary, _ids(vocabulary, ALWAYS_VISIBLE), TokenType.USER_DEFINED)
    more = array(metadata, "eos_token_ids", int)  # written by Ollama for several ends
    candidates = [end, *(roles[role] for role in ENDING_ROLES), *more]
    eog |= {id for id in candidates if id is not None and 0 <= id < n_vocab}
    eog -= _exceptions(vocabulary)
    suppressed = {id for id in array(metadata, "suppress_tokens", int) if 0 <= id < n_vocab}
    return SpecialTokens(begin, end, frozenset(eog), frozenset(suppressed))


def _find(metadata: Metadata, vocabulary: Vocabulary, role: str) -> int | None:
    """The token of a role: as the file says, or else known by its text and then a control token."""
    named = token_id(metadata, role, len(vocabulary), None)
    if named is not None:
        return named
    found = vocabulary.first(KNOWN_TEXTS[role])
    if found is not None:
        vocabulary.types[found] = TokenType.CONTROL
    return found


def _exceptions(vocabulary: Vocabulary) -> set[int]:
    """Tokens that end other models' texts but not this one's; their types are corrected."""
    ids = vocabulary.ids
    kept: set[int] = set()
    pairs = (("<|return|>", "<|call|>"), ("<|calls|>", "<|flush|>"))
    harmony = any(one in ids and other in ids for one, other in pairs)
    if harmony and "<|end|>" in ids:  # there it only ends a message
        kept.add(ids["<|end|>"])
        vocabulary.types[ids["<|end|>"]] = TokenType.USER_DEFINED
    if "<|tool_response>" in ids and "</s>" in ids:  # there it is text: struck-through HTML
        kept.add(ids["</s>"])
        vocabulary.types[ids["</s>"]] = TokenType.NORMAL
    return kept


def _ids(vocabulary: Vocabulary, texts: tuple[str, ...]) -> set[int]:
    return {id for text in texts if (id := vocabulary.ids.get(text)) is not None}


def _set_type(vocabulary: Vocabulary, ids: set[int], type: TokenType) -> None:
    for id in ids:
        vocabulary.types[id] = type
