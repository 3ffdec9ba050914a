"""What templates print: rows of template, data and text."""

import time
from typing import Any

import pytest

from pyollama.gotemplate import ExecutionError, GoTemplate
from pyollama.gotemplate.values import JsonMap, NamedList, Struct

MESSAGES = ["a", "b", "c"]

PRINTED: list[tuple[str, dict[str, Any], str]] = [
    ("a {{- /* c */ -}} b", {}, "ab"),
    ("a{{/* c */}} b", {}, "a b"),
    ("a{{-3}}b", {}, "a-3b"),
    (" a \n{{- 1 -}}\t b ", {}, " a1b "),
    ("{{ .Missing }}", {}, "<no value>"),
    ("{{ if .Missing }}x{{ end }}", {}, ""),
    ("{{ .a.b }}", {"a": {}}, "<no value>"),
    ("{{ (.Missing).Field }}", {}, "<no value>"),
    ("{{ $x := 1 }}{{ range .M }}{{ $x = 2 }}{{ end }}{{ $x }}", {"M": MESSAGES}, "2"),
    ("{{ $x := 1 }}{{ range .M }}{{ $x = 2 }}{{ end }}{{ $x }}", {"M": []}, "1"),
    ("{{ $x := 1 }}{{ if 1 }}{{ $x := 2 }}{{ $x = 3 }}{{ end }}{{ $x }}", {}, "1"),
    ("{{ if and .T .S }}x{{ else }}y{{ end }}", {"T": None, "S": "s"}, "y"),
    ("{{ and 1 0 .x.y }} {{ or 0 2 .x.y }} {{ not 0 }}", {}, "0 2 true"),
    (
        "{{ range $i, $_ := .M }}{{ if eq (len (slice $.M $i)) 1 }}L{{ end }}{{ end }}",
        {"M": [1, 2]},
        "L",
    ),
    ("{{ range $k, $v := .A }}{{ $k }}={{ $v }};{{ end }}", {"A": {"b": 1, "a": "x"}}, "a=x;b=1;"),
    ("{{ range $v := .M }}{{ $v }}{{ . }}{{ end }}", {"M": ["a"]}, "aa"),
    ("{{ range 3 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ . }}{{ end }}", {}, "02"),
    ("{{ range .M }}{{ if eq . `b` }}{{ break }}{{ end }}{{ . }}{{ end }}", {"M": MESSAGES}, "a"),
    ("{{ range .M }}x{{ else }}none{{ end }}", {"M": None}, "none"),
    ("{{ if 0 }}a{{ else if 1 }}b{{ else }}c{{ end }}", {}, "b"),
    ("{{ with 0 }}a{{ else with 5 }}{{ . }}{{ else }}c{{ end }}", {}, "5"),
    ("{{ with $x := .a }}{{ $x }}{{ . }}{{ end }}", {"a": "y"}, "yy"),
    ("{{ define `t` }}<{{ . }}{{ $ }}>{{ end }}{{ template `t` .a }}", {"a": 1}, "<11>"),
    ("{{ block `t` .a }}<{{ . }}>{{ end }}", {"a": 1}, "<1>"),
    (
        "{{ 1000000.0 }} {{ 100000.0 }} {{ 12345678.0 }} {{ 0.5 }}",
        {},
        "1e+06 100000 1.2345678e+07 0.5",
    ),
    ("{{ 0x1F }} {{ 017 }} {{ 0b11 }} {{ 1_000 }} {{ 'a' }} {{ 1e3 }}", {}, "31 15 3 1000 97 1000"),
    (r'{{ "\x41\u00e9\n\"" }}', {}, 'Aé\n"'),
    (
        "{{ .L }} {{ .D }}",
        {"L": ["a", 1, None], "D": {"k": 1.0, "b": []}},
        "[a 1 <nil>] map[b:[] k:1]",
    ),
    ('{{ printf "%d" "x" }}', {}, "%!d(string=x)"),
    ('{{ printf "%s" }} {{ printf "" 1 }}', {}, "%!s(MISSING) %!(EXTRA int=1)"),
    (
        '{{ printf "%5d|%-3d|%05d|%x|%q|%t|%%|%6.2f" 1 2 3 255 "h" true 3.14159 }}',
        {},
        '    1|2  |00003|ff|"h"|true|%|  3.14',
    ),
    ('{{ printf "%[2]s%[1]s" "a" "b" }}', {}, "ba"),
    ('{{ "a" | printf "%s-%s" "b" }}', {}, "b-a"),
    ('{{ print 1 2 "a" 3 4 }}', {}, "1 2a3 4"),
    ("{{ println 1 `a` }}", {}, "1 a\n"),
    ("{{ json .C }}", {"C": '<a>&"'}, '"\\u003ca\\u003e\\u0026\\""'),
    ("{{ json . }}", {"b": 1000000.0, "a": None}, '{"a":null,"b":1000000}'),
    ("{{ .A }}", {"A": JsonMap(b=1.0, a="x")}, '{"a":"x","b":1}'),
    ("{{ .T }}{{ if .T }}x{{ end }}", {"T": NamedList([], "api.Tools", is_nil=True)}, "null"),
    (
        "{{ .S }} {{ .S.Name }}",
        {"S": Struct("T", {"Name": "n", "Of": [], "No": None})},
        "{n [] <nil>} n",
    ),
    ('{{ printf "%+v" .S }}', {"S": Struct("T", {"Name": "n"})}, "{Name:n}"),
    ("{{ json .S }}", {"S": Struct("T", {"Name": "<"})}, '{"Name":"\\u003c"}'),
    ("{{ html `<a>` }} {{ js `'` }} {{ urlquery `a b&` }}", {}, "&lt;a&gt; \\' a+b%26"),
    ('{{ len "日本" }} {{ slice "日本" 0 3 }} {{ slice "日本" 0 1 }}', {}, "6 日 \ufffd"),
    (
        "{{ index .D `k` }} {{ index .L 1 }} {{ index .D `x` }}",
        {"D": {"k": 1}, "L": [1, 2]},
        "1 2 <no value>",
    ),
    (
        "{{ eq 1 2 1 }} {{ ne 1 2 }} {{ lt `a` `b` }} {{ ge 2 2 }} {{ eq .x nil }}",
        {},
        "true true true true true",
    ),
    ("{{ .__class__ }}", {}, "<no value>"),
]


@pytest.mark.parametrize(("source", "data", "text"), PRINTED)
def test_a_template_prints_what_go_prints(source: str, data: dict[str, Any], text: str) -> None:
    assert GoTemplate(source).execute(data) == text


FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("{{ eq 1 `a` }}", {}, "error calling eq: incompatible types for comparison"),
    ("{{ eq 1 1.0 }}", {}, "error calling eq: incompatible types for comparison"),
    ("{{ lt .x 1 }}", {}, "error calling lt: invalid type for comparison"),
    ("{{ .Foo.Bar }}", {}, "nil pointer evaluating interface {}.Bar"),
    ("{{ .a.Bar }}", {"a": "text"}, "can't evaluate field Bar in type string"),
    (
        "{{ range .M }}{{ .F }}{{ end }}",
        {"M": [Struct("T", {})]},
        "can't evaluate field F in type T",
    ),
    ("{{ len .Foo }}", {}, "error calling len: len of nil pointer"),
    ("{{ index .Foo 1 }}", {}, "error calling index: index of untyped nil"),
    ("{{ index .L 1 }}", {"L": [1]}, "error calling index: reflect: slice index out of range"),
    ("{{ index .L 5 }}", {"L": [1]}, "error calling index: index out of range: 5"),
    ("{{ slice `ab` 2 1 }}", {}, "error calling slice: invalid slice index: 2 > 1"),
    ("{{ range `abc` }}{{ end }}", {}, "range can't iterate over abc"),
    ("{{ template `x` . }}", {}, 'template "x" not defined'),
    ("{{ 1 2 }}", {}, "can't give argument to non-function 1"),
    ("{{ .a 1 }}", {"a": 1}, "a is not a method but has arguments"),
    ("{{ len }}", {}, "wrong number of args for len: want 1 got 0"),
    ("{{ nil }}", {}, "nil is not a command"),
    ("{{ $x = 1 }}", {}, "undefined variable: $x"),
    ("{{ currentDate 1 }}", {}, "expected string; found 1"),
    ("{{ call .x }}", {}, "error calling call: call of nil"),
    ("{{ .a.__class__ }}", {"a": "x"}, "can't evaluate field __class__ in type string"),
    ("{{ .a.upper }}", {"a": "x"}, "can't evaluate field upper in type string"),
    ("{{ .S.type_name }}", {"S": Struct("T", {})}, "can't evaluate field type_name in type T"),
]


@pytest.mark.parametrize(("source", "data", "message"), FAULTS)
def test_a_fault_is_told_in_go_words(source: str, data: dict[str, Any], message: str) -> None:
    with pytest.raises(ExecutionError) as caught:
        GoTemplate(source).execute(data)
    assert str(caught.value).endswith(message)


def test_a_fault_names_its_line_and_its_column_in_bytes() -> None:
    with pytest.raises(ExecutionError) as caught:
        GoTemplate("\nä{{slice .C 0 1}}").execute({"C": ""})
    place = 'template: :2:4: executing "" at <slice .C 0 1>'
    assert str(caught.value) == f"{place}: error calling slice: index out of range: 1"


HOSTILE = [
    "{{ $x := `aaaaaaaaaaaaaaaa` }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}",
    "{{ $x := `<<<<<<<<<<<<<<<<` }}{{ range 100 }}{{ $x = html $x $x }}{{ end }}",
    "{{ $x := `<<<<<<<<<<<<<<<<` }}{{ range 100 }}{{ $x = json (print $x $x) }}{{ end }}",
    '{{ $x := `a` }}{{ range 100 }}{{ $x = printf "%999999s%999999s" $x $x }}{{ end }}',
    '{{ range 1000000000000 }}{{ printf "%*d" 1000000 1 }}{{ end }}',
    "{{ define `r` }}{{ template `r` . }}{{ template `r` . }}{{ end }}{{ template `r` . }}",
    "{{ range 9000000000000 }}" * 3 + "0123456789" * 1000 + "{{ end }}" * 3,
]


@pytest.mark.parametrize("source", HOSTILE)
def test_a_hostile_template_ends_with_an_error(source: str) -> None:
    with pytest.raises(ExecutionError):
        GoTemplate(source).execute({})


def test_an_endless_loop_is_stopped_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyollama.gotemplate.limits.MAX_SECONDS", 0.1)
    start = time.monotonic()
    with pytest.raises(ExecutionError, match="too long"):
        GoTemplate("{{ range 1000000000000 }}{{ end }}").execute({})
    assert time.monotonic() - start < 5
