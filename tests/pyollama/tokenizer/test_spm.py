"""SentencePiece vocabularies: merging against a naive version, and what the library refuses."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.tokenizer import Tokenizer, load_tokenizer
from pyollama.tokenizer.spm_proto import model_proto
from pyollama.tokenizer.vocabulary import read_vocabulary
from tests.pyollama.tokenizer.vocabularies import BYTE, CONTROL, NORMAL, UNKNOWN, UNUSED

Piece = tuple[str, float, int]  # text, score, type

BYTES: list[Piece] = [(f"<0x{byte:02X}>", 0.0, BYTE) for byte in range(256)]
HEAD: list[Piece] = [("<unk>", 0.0, UNKNOWN), ("<s>", 0.0, CONTROL), ("</s>", 0.0, CONTROL)]


def metadata(pieces: list[Piece], **keys: Any) -> dict[str, Any]:
    texts, scores, types = map(list, zip(*pieces, strict=True))
    arrays = {"model": "llama", "tokens": texts, "scores": scores, "token_type": types}
    return {f"tokenizer.ggml.{key}": value for key, value in (arrays | keys).items()}


def tokenizer(*pieces: Piece) -> Tokenizer:
    return load_tokenizer(metadata([*HEAD, *pieces], add_space_prefix=False, add_bos_token=False))


def plain(tokenizer: Tokenizer, text: str) -> list[str]:
    ids = tokenizer.encode(text, parse_special=False)
    return [tokenizer.token(id) for id in ids]


def naive(tokenizer: Tokenizer, text: str) -> list[int]:
    """Merge the adjacent pair that makes the token of the highest score; of equals the leftmost."""
    ids, scores = tokenizer.vocabulary.ids, tokenizer.vocabulary.scores
    parts = [*text.replace(" ", "▁")]
    while True:
        joined = [a + b for a, b in pairwise(parts)]
        found = [(-scores[ids[text]], i) for i, text in enumerate(joined) if text in ids]
        if not found:
            break
        i = min(found)[1]
        parts[i : i + 2] = [joined[i]]
    spelled = [[part] if part in ids else [f"<0x{b:02X}>" for b in part.encode()] for part in parts]
    return [ids[name] for names in spelled for name in names]


PIECES = st.lists(
    st.tuples(
        st.text("ab▁<x0", max_size=4),  # also empty, also of equal texts
        st.sampled_from([-3.0, -2.0, -1.0, 0.0, 0.5]),
        st.sampled_from([NORMAL, NORMAL, UNUSED, BYTE]),
    ),
    max_size=25,
)


@given(PIECES, st.text("ab <x0é☃", max_size=25))
def test_pieces_are_merged_by_score_whatever_their_type(pieces: list[Piece], text: str) -> None:
    tok = tokenizer(*BYTES, *pieces)
    assert tok.encode(text, parse_special=False) == naive(tok, text)


def test_of_equal_pieces_the_last_counts() -> None:
    tok = tokenizer(("a", -1.0, NORMAL), ("b", -1.0, NORMAL), ("ab", 0, NORMAL), ("ab", 0, NORMAL))
    assert tok.encode("ab") == [6]
    assert tok.decode([5, 6]) == "abab"


def test_several_unknown_tokens_and_none_are_loaded() -> None:
    pieces = [("a", 0.0, NORMAL), ("<u>", 0.0, UNKNOWN), ("<v>", 0.0, UNKNOWN)]
    assert plain(tokenizer(*pieces), "a") == ["a"]
    without = load_tokenizer(metadata([("a", 0.0, NORMAL), ("b", 0.0, NORMAL)]))
    assert without.encode("ab", add_special=False) == [0, 1]  # no ▁, no bytes, nothing unknown


def test_a_missing_byte_token_is_spelled_by_the_character_or_is_unknown() -> None:
    tok = tokenizer(("a", 0.0, NORMAL), ("<0xC3>", 0.0, BYTE))
    assert plain(tok, "aé\n") == ["a", "<0xC3>", "<unk>", "<unk>"]
    assert plain(tokenizer(*BYTES[:10], ("\n", 0.0, NORMAL)), "\n") == ["\n"]


def test_merging_reaches_control_and_byte_tokens_in_plain_text() -> None:
    steps = [(text, -1.0, NORMAL) for text in ("<s", "<0", "<0x", "41", "<0x41")]
    tok = tokenizer(*BYTES, *steps, *[(c, 0.0, NORMAL) for c in "<s>0x41"])
    assert plain(tok, "<s>") == ["<s>"]
    assert plain(tok, "<0x41>") == ["<0x41>"]


def test_pieces_may_look_like_the_placeholders_or_hold_a_nul() -> None:
    texts = ["<unknown piece>", "<unused 6>", "a b", "x\0", "x\0y", "x", "y"]  # from id 3 on
    tok = tokenizer(*[(text, 0.0, NORMAL) for text in texts], *BYTES)
    assert plain(tok, "x\0y") == ["x", "<0x00>", "y"]
    assert tok.decode(tok.encode("<unknown>")) == "<unknown>"


def test_scores_without_limit_are_loaded() -> None:
    inf = float("inf")
    tok = tokenizer(*BYTES, ("aa", inf, NORMAL), ("ab", -inf, NORMAL))
    assert plain(tok, "ab") == ["ab"]
    assert plain(tok, "aab") == ["aa", "<0x62>"]


def test_a_malformed_byte_token_is_silent() -> None:
    tok = tokenizer(("<0xZZ>", 0.0, BYTE), ("<0x41>", 0.0, BYTE), ("nothing", 0.0, UNUSED))
    assert [tok.piece(id) for id in (3, 4, 5)] == [b"", b"A", b""]


@pytest.mark.parametrize("prefix", [True, False])
def test_the_space_of_the_prefix_is_taken_off_whole_texts_only(prefix: bool) -> None:
    tok = load_tokenizer(
        metadata(
            [*HEAD, *BYTES, ("▁", 0.0, NORMAL), ("a", 0.0, NORMAL), ("▁a", 0.0, NORMAL)],
            add_space_prefix=prefix,
        )
    )
    ids = tok.encode("a", add_special=False)
    assert [tok.token(id) for id in ids] == (["▁a"] if prefix else ["a"])
    assert tok.decode(ids) == "a"
    assert tok.decode(tok.encode(" a", add_special=False)) == " a"


def test_the_wire_bytes_of_a_model() -> None:
    vocabulary = read_vocabulary(metadata([("a", 1.0, NORMAL)]))
    piece = b"\x0a\x01a" + b"\x15\x00\x00\x80\x3f" + b"\x18\x01"  # text, score 1.0, normal
    last = b"\x0a\x0f<unknown piece>" + b"\x15\x00\x00\x00\x00" + b"\x18\x02"
    assert model_proto(vocabulary) == (
        b"\x0a\x0a" + piece + b"\x0a\x18" + last
        # model_type BPE; identity, without dummy prefix, collapsing and escaping of spaces
        + b"\x12\x02\x18\x02" + b"\x1a\x10\x0a\x08identity\x18\x00\x20\x00\x28\x00"
    )  # fmt: skip
