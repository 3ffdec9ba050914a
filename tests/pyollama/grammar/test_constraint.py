"""Masks over a vocabulary: what a token is, and when the text may end."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from grammars import grammar_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pyollama.errors import EngineError
from pyollama.grammar import JSON_OBJECT, GrammarConstraint, GrammarError, TokenTable

END, TURN = 0, 1
PIECES = [
    b"<end>",
    b"",
    b"",
    *(bytes([value]) for value in range(256)),
    b'{"',
    b'":',
    b'"}',
    b"ab",
    b"ab",
    b"\n\n\n",
    b'"a',
    "é".encode(),
    "é".encode()[:1] + b"x",
    b" ",
    b"true",
    b'","',
]
TABLE = TokenTable(PIECES, frozenset({END, TURN}))


def ids(*pieces: bytes) -> list[int]:
    return [PIECES.index(piece) for piece in pieces]


def after(grammar: str, tokens: Sequence[int], table: TokenTable = TABLE) -> GrammarConstraint:
    """A constraint that has accepted tokens."""
    constraint = GrammarConstraint(table, grammar)
    for token in tokens:
        assert constraint.allows(token)
        constraint.accept(token)
    return constraint


def allowed(constraint: GrammarConstraint) -> list[bytes]:
    return [PIECES[id] for id in np.flatnonzero(constraint.mask())]


def test_the_mask_says_of_each_token_what_allows_says() -> None:
    for tokens in ([], ids(b'{"'), ids(b'{"', b"ab", b'":'), ids(b"{", b"}")):
        constraint = after(JSON_OBJECT, tokens)
        mask = constraint.mask()
        assert mask.tolist() == [constraint.allows(token) for token in range(len(PIECES))]


def test_a_token_may_span_several_parts_of_the_grammar() -> None:
    grammar = grammar_of({"properties": {"ab": {"type": "boolean"}}, "required": ["ab"]})
    whole = after(grammar, ids(b'{"', b"ab", b'":', b" ", b"true", b"}"))
    assert whole.may_end
    assert set(allowed(after(grammar, ids(b'{"')))) == {b"a", b"ab"}


def test_equal_tokens_are_allowed_alike() -> None:
    mask = after(grammar_of({"const": "ab"}), ids(b'"')).mask()
    assert [id for id in np.flatnonzero(mask) if PIECES[id] == b"ab"] == [
        id for id, piece in enumerate(PIECES) if piece == b"ab"
    ]


def test_tokens_without_bytes_and_end_tokens_are_not_text() -> None:
    mask = after(JSON_OBJECT, ids(b'{"')).mask()
    assert not mask[:3].any()  # the text of an end token is not looked at either


def test_end_tokens_are_allowed_where_the_text_may_end_and_forced_where_it_must() -> None:
    grammar = grammar_of({"const": 1})
    begun, said = after(grammar, []), after(grammar, ids(b"1"))
    assert (begun.may_end, begun.allows(END), begun.is_done) == (False, False, False)
    assert (said.may_end, said.allows(END), said.allows(TURN)) == (True, True, True)
    assert not said.is_done  # a space may follow
    done = after(grammar, ids(b"1", b" "))
    assert done.is_done
    assert np.flatnonzero(done.mask()).tolist() == [END, TURN]
    done.accept(END)


def test_half_a_character_is_allowed_if_the_rest_can_follow() -> None:
    first, second = (bytes([byte]) for byte in "é".encode())
    half = after(grammar_of({"const": "é"}), ids(b'"', first))
    assert allowed(half) == [second]
    assert "é".encode()[:1] + b"x" not in allowed(after(JSON_OBJECT, ids(b'{"')))


def test_a_table_without_end_tokens_has_none_to_allow() -> None:
    table = TokenTable(PIECES, frozenset())
    done = after(grammar_of({"const": 1}), ids(b"1", b" "), table)
    assert done.is_done
    assert not done.mask().any()


def test_a_token_that_is_not_allowed_is_an_error() -> None:
    constraint = after(JSON_OBJECT, [])
    with pytest.raises(EngineError):
        constraint.accept(ids(b"x")[0])
    with pytest.raises(EngineError):
        constraint.mask()


def test_a_grammar_that_does_not_compile_is_an_error() -> None:
    with pytest.raises(GrammarError):
        GrammarConstraint(TABLE, "start: nothing")


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_masks_let_through_is_always_of_the_form(seed: int) -> None:
    random = np.random.default_rng(seed)
    constraint = after(JSON_OBJECT, [])
    for _ in range(12):
        tokens = np.flatnonzero(constraint.mask())
        token = int(random.choice(tokens))
        assert constraint.allows(token)
        constraint.accept(token)
        if token in (END, TURN):
            break


def nested(around: Callable[[Any], Any], depth: int) -> Any:
    """A schema within schemas."""
    schema: Any = {"type": "null"}
    for _ in range(depth):
        schema = around(schema)
    return schema


LARGE = {
    "arrays": nested(lambda inner: {"items": inner}, 98),
    "unions": nested(lambda inner: {"anyOf": [inner]}, 98),
    "optional": {"properties": {f"p{i}": {"type": "null"} for i in range(1300)}},
    "tuple": {"prefixItems": [{"const": i} for i in range(3900)]},
    "union": {"anyOf": [{"const": i} for i in range(3900)]},
    "groups": {"pattern": "^" + "(" * 48 + "a*" + ")*" * 48 + "$"},
    "sequence": {"pattern": "^" + "[ab]c?" * 1600 + "$"},
}


@pytest.mark.slow
@pytest.mark.parametrize("schema", LARGE.values(), ids=LARGE)
def test_the_largest_grammars_fit_on_a_small_stack(schema: dict[str, Any]) -> None:
    """llguidance goes down by recursion; where the stack ends, the process would."""
    masks = []
    before = threading.stack_size(1 << 20)
    try:
        grammar = grammar_of(schema)
        thread = threading.Thread(target=lambda: masks.append(after(grammar, []).mask()))
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert masks[0].any()
