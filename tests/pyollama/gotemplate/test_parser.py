"""What is no template, in Go's words; and that no text crashes the parser or the evaluator."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyollama.gotemplate import GoTemplate, GoTemplateError, ParseError
from pyollama.gotemplate.limits import MAX_SOURCE

FAULTS = [
    ("{{ .Prompt", "template: :1: unclosed action"),
    ("{{ .a\n\n", "template: :3: unclosed action started at :1"),
    ("{{ nofunc }}", 'template: :1: function "nofunc" not defined'),
    ("\n{{ $x }}", 'template: :2: undefined variable "$x"'),
    ("{{ if $x := 1 }}{{ end }}{{ $x }}", 'template: :1: undefined variable "$x"'),
    ("{{ if .x }}", "template: :1: unexpected EOF"),
    ("{{ end }}", "template: :1: unexpected {{end}}"),
    ("{{ else }}", "template: :1: unexpected {{else}}"),
    ("{{ if 1 }}{{ else }}{{ else }}{{ end }}", "template: :1: expected end; found {{else}}"),
    ("{{ if }}{{ end }}", "template: :1: missing value for if"),
    ("{{ }}", "template: :1: missing value for command"),
    ("{{ break }}", "template: :1: {{break}} outside {{range}}"),
    ("{{ range .x }}{{ end }}{{ continue }}", "template: :1: {{continue}} outside {{range}}"),
    ("{{/* a", "template: :1: unclosed comment"),
    ("{{/* a */ }}", "template: :1: comment ends before closing delimiter"),
    ('{{ "a }}', "template: :1: unterminated quoted string"),
    ("{{ `a }}", "template: :1: unterminated raw quoted string"),
    ("{{ 'a }}", "template: :1: unterminated character constant"),
    ("{{ (1 }}", "template: :1: unclosed left paren"),
    ("{{ 1) }}", "template: :1: unexpected right paren"),
    ("{{ 1 | 2 }}", "template: :1: non executable command in pipeline stage 2"),
    ('{{ "a".b }}', 'template: :1: unexpected . after term "\\"a\\""'),
    ("{{ @ }}", 'template: :1: unexpected "@" in command'),
    ("{{ 3a }}", 'template: :1: bad number syntax: "3a"'),
    ("{{ $x=1 }}", "template: :1: bad character U+003D '='"),
    ("{{ template x }}", 'template: :1: unexpected "x" in template clause'),
    ("{{ if 1 }}{{ define `a` }}", "template: :1: unexpected <define> in command"),
    ("{{ $a, $b := 1 }}", "template: :1: too many declarations in command"),
]


@pytest.mark.parametrize(("source", "message"), FAULTS)
def test_what_is_no_template_is_refused_in_go_words(source: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        GoTemplate(source)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "source",
    ["{{" + "(" * 50_000, "{{ if 1 }}" * 20_000, "x" * (MAX_SOURCE + 1), "{{ $a := 1 }}" * 2000],
)
def test_too_long_and_too_deep_templates_are_refused(source: str) -> None:
    with pytest.raises(ParseError):
        GoTemplate(source)


VOCABULARY = """
    {{ }} {{- -}} if else end range with define block template break continue . .a .a.b $ $x := = ,
    | ( ) 1 -2 1.5 0x 'a' "t" `n` "%d%[3]*s" nil true /* */ é len index slice print printf json eq
    lt and not html x
"""
WORDS = st.sampled_from([*VOCABULARY.split(), " ", "\n", " -}}"])
DATA = {"a": {"b": [1, "x", None, 2.5]}}


def run(source: str) -> None:
    """Parse and run; only the package's own errors may come out."""
    try:
        GoTemplate(source).execute(DATA)
    except GoTemplateError as error:
        assert str(error).startswith("template: ")


@given(st.lists(WORDS, max_size=30).map("".join))
@settings(max_examples=300, deadline=None)
def test_no_row_of_tokens_crashes(source: str) -> None:
    run(source)


@given(st.lists(WORDS, max_size=8).map(" ".join))
@settings(max_examples=300, deadline=None)
def test_no_action_crashes(inside: str) -> None:
    run("{{ " + inside + " }}")


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_text_without_actions_is_printed_as_it_is(text: str) -> None:
    if "{{" not in text:
        assert GoTemplate(text).execute({}) == text
