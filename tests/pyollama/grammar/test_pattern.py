"""Patterns of JavaScript, over the text of JSON strings."""

import json
import re

import pytest
from grammars import accepted, accepts, grammar_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pyollama.grammar import SchemaError


def matching(pattern: str, *texts: str) -> list[str]:
    """Those of the texts that a pattern admits, each as the value of a JSON string."""
    written = {json.dumps(text, ensure_ascii=False): text for text in texts}
    found = accepted({"type": "string", "pattern": pattern}, *written)
    return [written[each] for each in found]


@pytest.mark.parametrize(
    ("pattern", "good", "wrong"),
    [
        ("^$", [""], ["a"]),
        ("^abc$", ["abc"], ["ab", "abcd"]),
        ("^a+b*c?$", ["a", "aab", "abbc"], ["b", "acc"]),
        ("^a{2}b{1,}c{0,2}$", ["aab", "aabbbcc"], ["ab", "aabccc"]),
        ("^(ab|cd)+$", ["ab", "cdab"], ["abc", ""]),
        ("^(?:a|)b$", ["ab", "b"], ["aab"]),
        ("^(?<year>[0-9]{4})-x$", ["2026-x"], ["26-x"]),
        ("^[a-cx-]$", ["a", "c", "x", "-"], ["d", "ab"]),
        ("^[^a-c]$", ["d", '"', "\\", "\n", "é"], ["a", "b"]),
        ("^.$", ["a", '"', "\t", "é", "😀"], ["\n", "\r", "ab"]),
        (r"^\d\w\s$", ["1_ ", "9a\t"], ["a_ ", "1- "]),
        (r"^[\d\s]\D\W\S$", ["1x-x", " --\\"], ["1x1x", "x1-x"]),
        (r"^\.\*\/\\$", [".*/\\"], ["x*/\\"]),
        (r"^\u00e9\x41\u{1F600}\t$", ["éA😀\t"], ["eA😀\t"]),
        ('^a"b$', ['a"b'], ["ab"]),
        ('^"{2}\n*$', ['""', '""\n\n'], ['"', '""n']),
        ("^a+?b*?$", ["aab"], ["b"]),
        ("^a$|^b$", ["a", "b"], ["ab"]),
        ("^(^a$)$", ["a"], ["b"]),
        ("^(?=.*x)(?!y)a$", ["a"], ["x"]),
        ("^{x}$", ["{x}"], ["x"]),
    ],
)
def test_a_pattern_admits(pattern: str, good: list[str], wrong: list[str]) -> None:
    assert matching(pattern, *good, *wrong) == good


@pytest.mark.parametrize(
    "pattern",
    [
        *("^($", "^)$", "^[a$", "^a{3,2}$", "^*a$", "^a**$", "^a^b$", "^a$b$", "^[b-a]$", "^[]a]$"),
        *(r"^\b$", r"^(a)\1$", r"^\p{L}$", r"^a\$", r"^\u{110000}$", r"^\ud800$", "^(?i)a$"),
        *("abc", "(", "^", "", "^a{999999}$", "^" + "a" * 20_000 + "$"),
        "^" + "(" * 60 + ")" * 60 + "$",
    ],
)
def test_a_pattern_that_has_no_grammar(pattern: str) -> None:
    with pytest.raises(SchemaError):
        grammar_of({"type": "string", "pattern": pattern})


@pytest.mark.parametrize(
    "pattern",
    [
        "^((((a{1,999}){1,999}){1,999}){1,999})$",
        "^(a|a)*b$",
        "^(.*b.{51})|(.*c.{52})$",
        "^(x+x+)+y$",
    ],
)
def test_a_pattern_that_hangs_others_does_not_hang_this(pattern: str) -> None:
    grammar = grammar_of({"pattern": pattern})
    assert not accepts(grammar, '"' + "ax" * 200 + '!"')


ATOMS = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\d", r"\w", "é", "x", r"\.", '"'])
QUANTIFIERS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "{0,}"])
PATTERNS = st.recursive(
    st.tuples(ATOMS, QUANTIFIERS).map("".join),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner, QUANTIFIERS).map(lambda p: f"({p[0]}|{p[1]}){p[2]}"),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(pattern=PATTERNS, texts=st.lists(st.text('ab1_é."x\n\\', max_size=6), max_size=6))
def test_patterns_mean_what_they_mean_to_python(pattern: str, texts: list[str]) -> None:
    expression = re.compile(pattern.replace(".", r"[^\n\r]").replace(r"\[^\n\r]", r"\."), re.ASCII)
    assert matching(f"^{pattern}$", *set(texts)) == [
        t for t in set(texts) if expression.fullmatch(t)
    ]
