"""Go's JSON scanner: its words, and the two scanners against each other."""

import json
import sys
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pyollama_http.gojson import scanner
from pyollama_http.gojson.scanner import (
    C_SCANNER,
    MAX_DEPTH,
    DecodeError,
    Number,
    Pairs,
    parse,
    scan,
)
from pyollama_http.gojson.text import BYTEWISE, SLICE, clean

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
MANGLED = st.builds(
    lambda value, at, junk: (lambda b: b[: at % (len(b) + 1)] + junk + b[at % (len(b) + 1) :])(
        json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"}"
    ),
    VALUES,
    st.integers(0, 10_000),
    st.sampled_from(
        [b"", b"}", b"]", b",", b":", b'"', b"\\", b"\n", b"0", b".", b"e", b"-", b"\xff"]
    )
    | st.binary(max_size=3),
)


def outcome(body: bytes) -> tuple[object, str]:
    try:
        return scan(body)[0], ""
    except DecodeError as error:
        return None, str(error)


@settings(deadline=None)
@given(MANGLED)
@example(b'"\\ud83d\\ude00\\ud800\\u0041"}')
@example(b"NaN}")
@example(b"-Infinity}")
@example(b'"\xe2\x82"}')
@example(b"1.}")
@example(b"01}")
def test_the_c_scanner_and_ours_read_the_same(mangled: bytes) -> None:
    body = b'{"k":' + mangled  # parse() asks the C scanner about objects only
    ours, complaint = outcome(body)
    try:
        theirs = C_SCANNER.raw_decode(body.decode("utf-8", BYTEWISE))[0]
    except ValueError:
        assert complaint
    else:
        assert not complaint
        assert theirs == ours
        assert shape(theirs) == shape(ours)


def shape(tree: object) -> object:
    """The types all the way down: Number("1") equals "1" otherwise."""
    if isinstance(tree, Pairs):
        return [(key, shape(value)) for key, value in tree]
    return [shape(item) for item in tree] if type(tree) is list else type(tree)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "missing request body"),
        (b" \t\r\n", "missing request body"),
        (b"{", "unexpected EOF"),
        (b'{"a":', "unexpected EOF"),
        (b'{"a":"\\u12', "unexpected EOF"),
        (b"-", "unexpected EOF"),
        (b"tru", "unexpected EOF"),
        (b"\xef\xbb\xbf{}", "invalid character 'ï' looking for beginning of value"),
        (b"\x1f\x8b", "invalid character '\\x1f' looking for beginning of value"),
        (b"not", "invalid character 'o' in literal null (expecting 'u')"),
        (b"{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        (b'{"a" "b"}', "invalid character '\"' after object key"),
        (b'{"a":1 "b":2}', "invalid character '\"' after object key:value pair"),
        (b'{"a":01}', "invalid character '1' after object key:value pair"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b"[1,]", "invalid character ']' looking for beginning of value"),
        (b'{"a":"\n"}', "invalid character '\\n' in string literal"),
        (b'{"a":"\\x"}', "invalid character 'x' in string escape code"),
        (b'{"a":"\\u12g4"}', "invalid character 'g' in \\u hexadecimal character escape"),
        (b'{"a":-x}', "invalid character 'x' in numeric literal"),
        (b'{"a":1.}', "invalid character '}' after decimal point in numeric literal"),
        (b'{"a":1e+}', "invalid character '}' in exponent of numeric literal"),
        (b'{"a":1.5.2}', "invalid character '.' after object key:value pair"),
    ],
)
def test_what_is_not_json_is_refused_in_the_words_of_go(body: bytes, words: str) -> None:
    with pytest.raises(DecodeError) as caught:
        parse(body)
    assert str(caught.value) == words


def test_what_follows_the_first_value_is_ignored() -> None:
    assert parse(b'{"a":1} junk') == [("a", "1")]
    assert parse(b"null{") is None


def test_bad_bytes_in_strings_become_one_replacement_each() -> None:
    assert parse(b'{"a":"\xe2\x82x"}') == [("a", "\ufffd\ufffdx")]


def by_hand(data: bytes) -> str:
    """The text of some bytes, a character or a bad byte at a time."""
    text, at = "", 0
    while at < len(data):
        ends = (at + n for n in (1, 2, 3, 4))
        end = next((end for end in ends if is_character(data[at:end])), None)
        text += "\ufffd" if end is None else data[at:end].decode()
        at = at + 1 if end is None else end
    return text


def is_character(data: bytes) -> bool:
    try:
        return len(data.decode()) == 1
    except UnicodeDecodeError:
        return False


@given(st.lists(st.sampled_from([*"aé€😀".encode(), 0xC0, 0xED, 0xA0, 0xE0, 0xF4, 0x90, 0xFF])))
def test_every_byte_of_no_character_is_replaced_by_itself(codes: list[int]) -> None:
    assert bytes(codes).decode("utf-8", BYTEWISE) == by_hand(bytes(codes))


def test_millions_of_bad_bytes_are_replaced_quickly() -> None:
    started = time.perf_counter()
    assert (b"\xff" * 2_000_000).decode("utf-8", BYTEWISE) == "\ufffd" * 2_000_000
    assert time.perf_counter() - started < 1.5


def test_lone_surrogates_are_replaced_in_texts_of_many_slices() -> None:
    text = "a" * (SLICE - 1) + "\ud800é" * 3
    assert clean(text) == "a" * (SLICE - 1) + "\ufffdé" * 3


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_ends_at_ten_thousand_levels(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"
    tree = parse(opening * MAX_DEPTH + b"1" + closing * MAX_DEPTH)
    for _ in range(MAX_DEPTH):
        tree = tree[0][1] if isinstance(tree, Pairs) else tree[0]
    assert tree == "1"
    bracket = opening[:1].decode()
    with pytest.raises(DecodeError, match=f"invalid character '\\{bracket}' exceeded max depth"):
        parse(opening * (MAX_DEPTH + 1))


def test_deep_nesting_inside_an_object_survives_a_shallow_stack() -> None:
    depth = sys.getrecursionlimit() * 2
    tree = parse(b'{"a":' + b"[" * depth + b"]" * depth + b"}")
    assert tree[0][0] == "a"


def test_a_number_of_a_million_digits_stays_a_literal() -> None:
    tree = parse(b'{"a":' + b"1" * 1_000_000 + b"}")
    assert type(tree[0][1]) is Number  # nothing has been converted, which would take minutes
    assert tree[0][1] == "1" * 1_000_000


def test_a_number_of_many_million_digits_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "MAX_DIGITS", 1000)
    assert parse(b'{"a":' + b"1" * 1000 + b"}") == [("a", "1" * 1000)]
    with pytest.raises(DecodeError, match="number of more than 1000 digits"):
        parse(b'{"a":' + b"1" * 1001 + b"}")


def test_the_spans_hold_the_text_of_each_outer_value() -> None:
    body = b' { "a" : [1, {"b": 2}] ,"c":"\\u0041","d":{},"e":-1.5e3 }'
    tree, spans = scan(body)
    assert [key for key, _ in tree] == ["a", "c", "d", "e"]
    texts = [body[first:end] for first, end in spans]
    assert texts == [b'[1, {"b": 2}]', b'"\\u0041"', b"{}", b"-1.5e3"]
