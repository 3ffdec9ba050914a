"""Hostile chat templates: each is stopped by what it would make, or by the clock."""

import time
import tracemalloc

import pytest

from pyollama.errors import BadRequest, EngineError
from pyollama.prompt import budget
from pyollama.prompt.jinja import ChatTemplate

USER = [{"role": "user", "content": "hi"}]
TEXT = "{% set s = 'a' * 1000000 %}"
PEAK = 200 << 20  # bytes


def render(source: str) -> str:
    return ChatTemplate(source).render(USER)


def repeated(statement: str, start: str = "'a'") -> str:
    """A template that does something with ns.x sixty times over, and prints it."""
    return (
        f"{{% set ns = namespace(x={start}) %}}"
        f"{{% for i in range(60) %}}{statement}{{% endfor %}}{{{{ ns.x }}}}"
    )


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_SECONDS", 0.2)


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{{ ([[1] * 100000] * 39) | sum(start=[]) }}",
        "{% for i in range(99999) if i in range(99999)|list %}{% endfor %}",
        "{% for i in range(99999) if range(99999)|select('odd')|list %}{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% break %}{% endfor %}{% endfor %}",
        "{% macro f(n) %}{% if n %}{% set x = f(n-1) %}{% set x = f(n-1) %}{% endif %}"
        "{% endmacro %}{% set x = f(40) %}",
    ],
)
@pytest.mark.usefixtures("hurried")
def test_a_template_that_runs_on_is_stopped_by_the_clock(source: str) -> None:
    began = time.perf_counter()
    with pytest.raises(BadRequest, match="chat template: took too long"):
        render(source)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    "source",
    [
        repeated("{% set ns.x = ns.x ~ ns.x %}"),
        repeated("{% set ns.x = ns.x + ns.x %}"),
        repeated("{% set ns.x = [ns.x, ns.x] | join %}"),
        repeated("{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}"),
        repeated("{% set ns.x = twice(ns.x) %}").join(
            ["{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}", ""]
        ),
        TEXT + "{% set x = [s] * 1000000 %}{{ x }}",
        TEXT + "{% set x = [s] * 1000000 %}{{ x | tojson }}",
        TEXT + "{% set x = ([s] * 1000000) | join %}",
        TEXT + "{% set x = range(99999) | join(s) %}",
        TEXT + "{% set x = ','.join([s] * 1000000) %}",
        TEXT + "{% set x = s.join(s) %}",
        TEXT + "{% set x = s.replace('', s) %}",
        TEXT + "{% set x = s | replace('a', 'b' * 1000) %}",
        TEXT + "{% set x = s.rfind('b' + 'a' * 500000) %}",
        TEXT + "{% set x = s | trim('b' * 500000 + 'a') %}",
        TEXT + "{% set x = [s[:-1], s[1:]] * 1000 %}{{ x | sort }}",
        "{% set x %}{% for i in range(99999) %}" + "y" * 9999 + "{% endfor %}{% endset %}",
        "{% filter upper %}{% for i in range(99999) %}"
        + "y" * 9999
        + "{% endfor %}{% endfilter %}",
        "{{ 'a'" + "|replace('a', 'aaaaaaaaaa')" * 12 + " }}",
        "{{ [1, 2] * 99999999999 }}",
        TEXT + "{% set x = s.join(range(9999) | map('string')) %}",
        "{{ '%9999999999d' % 1 }}",
        "{{ '%-+ 9999999999d' % 1 }}",
        "{{ '%.9999999999f' % 1.5 }}",
        "{{ '%((a)b)9999999999s' % {'(a)b': 1} }}",
        "{{ '%9999999999s' | format('a') }}",
        TEXT + "{{ '%(s)s' * 100000 % {'s': s} }}",
        TEXT + "{{ ('%(s)s' * 100000) | format(s=s) }}",
        "{{ '{:>9999999999}'.format(1) }}",
        "{{ '{:.9999999999f}'.format(1.5) }}",
        "{{ '{:{}}'.format(1, 9999999999) }}",
        TEXT + "{{ ('{0}' * 100000).format(s) }}",
        TEXT + "{{ ('{0!r:.1}' * 100000).format(s) }}",
        "{{ ('<{:>9999999999}>' | safe).format('<') }}",
        "{{ 'a'.center(9999999999) }}{{ 'a'.ljust(9999999999) }}",
        "{{ 'a'.zfill(9999999999) }}",
        "{{ 'a' | center(9999999999) }}",
        "{{ 'a' | center(width=9999999999) }}",
        "{{ 'a' | indent(9999999999, true) }}",
        "{{ ('a\n' * 100000) | indent('b' * 100000) }}",
        "{{ ['a'] | map('indent', width=9999999999) | list }}",
        "{{ [1] | batch(9999999999, 0) | list }}",
        "{{ [1] | slice(9999999999) | list }}",
        TEXT + "{{ ([s] * 1000) | urlencode }}",
        pytest.param(
            "{% set ns = namespace(x=1) %}"
            "{% for i in range(200) %}{% set ns.x = [ns.x] %}{% endfor %}"
            "{% set x = ([ns.x] * 9999) | tojson(indent=16) %}",
            marks=pytest.mark.slow,
        ),
        "{{ raise_exception(['a' * 1000000] * 1000000) }}",
    ],
)
def test_a_template_that_makes_much_text_of_little_is_stopped_before_it_is_made(
    source: str,
) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BadRequest, match="it makes too much of too little"):
            render(source)
        assert tracemalloc.get_traced_memory()[1] < PEAK
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "statement",
    [
        "{% set ns.x = [ns.x, ns.x] %}",
        "{% set ns.x = (ns.x, ns.x) %}",
        "{% set ns.x = {'a': ns.x, 'b': ns.x} %}",
        "{% set ns.x = dict(a=ns.x, b=ns.x) %}",
        "{% set ns.x = [ns.x] * 2 %}",
        "{% set ns.x = [u, u] | map('default', ns.x) | list %}",
        "{% macro f() %}{% set ns.x = varargs %}{% endmacro %}{{ f(ns.x, ns.x) }}",
        "{% macro f() %}{% set ns.x = kwargs %}{% endmacro %}{{ f(a=ns.x, b=ns.x) }}",
    ],
)
def test_a_value_that_holds_itself_twice_over_and_over_is_refused(statement: str) -> None:
    with pytest.raises(BadRequest, match="it makes too much of too little"):
        render(repeated(statement))


def test_a_namespace_does_not_print_what_it_holds() -> None:
    assert render(repeated("{% set ns.x = namespace(a=ns.x, b=ns.x) %}")) == "<Namespace>"


@pytest.mark.parametrize(
    "source",
    [
        "{{ (1).to_bytes(5000000000, 'big') }}",
        "{{ 'a'.encode() }}",
        "{{ '{a:>5000000000}'.format_map({'a': 1}) }}",
        "{{ 'a'.expandtabs(5000000000) }}",
        "{{ 'a'.translate({97: 'b'}) }}",
        "{{ {}.fromkeys('abc') }}",
    ],
)
def test_only_known_methods_of_plain_values_can_be_called(source: str) -> None:
    with pytest.raises(BadRequest, match="unsafe"):
        render(source)


@pytest.mark.parametrize("name", ["wordwrap(9)", "pprint", "xmlattr", "attr('x')", "random"])
def test_filters_that_chat_templates_do_not_use_are_not_there(name: str) -> None:
    with pytest.raises(EngineError, match="No filter named"):
        ChatTemplate(f"{{{{ messages | {name} }}}}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ 1 | round(-9999999999) }}",
        "{{ 1.5 | round(9999999999, 'ceil') }}",
        "{{ 'a' | round(9, 'floor') }}",
        "{{ '%*d' % (9999999999, 1) }}",
        "{{ '%.*f' | format(9999999999, 1.5) }}",
        "{{ '%99999999999999999999d' % 1 }}",
        "{{ '{:>99999999999999999999}'.format(1) }}",
        "{{ '{:{:{}}}'.format(1, 2, 3) }}",
        "{{ 'a' | center(1.5) }}",
        "{{ 'a' | center(-1e999) }}",
        "{{ 'a' | indent(none) }}",
        "{{ [1] | slice(0) }}",
        "{{ [1] | slice('a') }}",
        "{{ ['a', 'b'] | sum(start='') }}",
        "{{ 'a' * 999 | truncate(1) }}",
        "{{ ('a' * 999) | truncate(9, leeway=-1) }}",
        "{{ messages | groupby('role') | first | attr('x') }}",
        "{{ '{.x.y}'.format(messages) }}",
        "{% set a = ('f' * 1000000) | int(0, 16) %}{{ a is divisibleby(7) }}",
    ],
)
def test_arguments_that_make_no_sense_or_too_much_are_errors(source: str) -> None:
    began = time.perf_counter()
    with pytest.raises((BadRequest, EngineError), match="chat template: "):
        render(source)
    assert time.perf_counter() - began < 1


def test_a_negative_width_gives_no_units_back() -> None:
    free = "{% for i in range(99) %}{{ 'a' | center(-9999999999) }}{{ 'a'.ljust(-9**9) }}"
    source = free + "{% endfor %}{{ [1] * 99999999 }}"
    with pytest.raises(BadRequest, match="it makes too much of too little"):
        render(source)


@pytest.mark.parametrize("operation", ["n // 7", "n * n", "n + n", "2 ** n", "n ** n", "n % 7"])
def test_arithmetic_is_not_done_with_huge_integers(operation: str) -> None:
    with pytest.raises(BadRequest, match="too large"):
        render("{% set n = ('f' * 1000000) | int(0, 16) %}{% set x = " + operation + " %}")


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ " + "9" * 5000 + " }}",
        "a" * (1 << 20) + "a",
    ],
)
def test_what_cannot_be_compiled_is_an_error_of_the_model(source: str) -> None:
    with pytest.raises(EngineError, match="chat template: "):
        ChatTemplate(source)


def test_lazy_filters_that_stand_on_each_other_do_not_end_the_stack() -> None:
    source = repeated("{% for j in range(100) %}{% set ns.x = ns.x | map('upper') %}{% endfor %}")
    assert render(source.replace("{{ ns.x }}", "{{ ns.x | list }}")) == "['A']"


def test_what_chat_templates_do_is_allowed() -> None:
    source = (
        "{%- set ns = namespace(kept=[], last=-1) -%}"
        "{%- for m in messages if m.role != 'system' -%}"
        "{%- set ns.kept = ns.kept + [m] -%}{%- set ns.last = loop.index0 -%}"
        "{%- endfor -%}"
        "{%- for key, value in messages[0].items() -%}{{ key ~ '=' ~ value ~ ';' }}{%- endfor -%}"
        "{%- for m in messages[::-1] -%}{{ m['content'].split(' ')[-1].strip() + '|' }}"
        "{%- endfor -%}"
        "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | list }}"
        "{{ (ns.kept | length) * 2 ** 3 - 1 }}{{ '-' * 3 }}{{ ns.last }}"
        "{{ ns.kept[-1] == messages[-1] }}{{ 'b' in ['a', 'b'] }}{{ (1, 2) | join('+') }}"
    )
    text = ChatTemplate(source).render(
        [{"role": "system", "content": "be nice"}, {"role": "user", "content": "hi you"}]
    )
    assert text == "role=system;content=be nice;you|nice|['hi you']7---0TrueTrue1+2"


def test_a_long_conversation_stays_within_the_budget() -> None:
    source = (
        "{% set ns = namespace(kept=[]) %}{% for m in messages %}{% set ns.kept = ns.kept + [m] %}"
        "{% endfor %}{% for m in ns.kept %}{{ m.content | trim ~ '\n' }}{% endfor %}"
    )
    messages = [{"role": "user", "content": "word " * 1000}] * 500
    assert len(ChatTemplate(source).render(messages)) == 500 * 5000
