"""What chat templates call gives what Hugging Face's environment gives."""

import json
from typing import Any

import pytest
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pyollama.prompt.jinja import ChatTemplate

CALL = {"name": "add", "arguments": {"b": 2, "a": [1, "é<"], "deep": {"x": None}}}
MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "  Be KIND.\n"},
    {"role": "user", "content": "what is 1 + 2?\n\nsay it & go"},
    {"role": "assistant", "content": "<t>hm</t> three ", "tool_calls": [CALL]},
    {"role": "tool", "content": "3", "name": "add"},
    {"role": "user", "content": [{"type": "text", "text": "ok"}, {"type": "image"}]},
]
TOOLS = [
    {"name": "add", "parameters": {"b": {"type": "integer"}, "a": {"type": "array"}}},
    {"name": "Now", "parameters": {}},
]


def dumps(value: Any, ensure_ascii: bool = False, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, **options)


def by_hugging_face(source: str) -> str:
    """The prompt of an environment that is set up as Hugging Face's is."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    environment.filters["tojson"] = dumps
    return environment.from_string(source).render(
        messages=MESSAGES, tools=TOOLS, add_generation_prompt=True, bos_token="<s>"
    )


EXPRESSIONS = [
    # text and its methods
    "messages[0].content.strip() ~ messages[1].content.split('\\n\\n') ~ 'xay'.rsplit('a', 1)",
    "messages[2].content.split('</t>')[-1].lstrip('\\n ') ~ 'a  '.rstrip() ~ '|'",
    "'abc'.startswith('a') ~ 'abc'.endswith(('b', 'c')) ~ 'abcabc'.find('c') ~ 'abca'.count('a')",
    "'a b'.upper() ~ 'A'.lower() ~ 'a b'.title() ~ 'a b'.capitalize() ~ 'Ab'.swapcase()",
    "'a-b'.replace('-', '+', 1) ~ ', '.join(['x', 'y']) ~ 'a.b.c'.partition('.')",
    "'ab'.center(6) ~ '|' ~ 'ab'.ljust(4) ~ '|' ~ 'ab'.rjust(4) ~ '7'.zfill(3)",
    "'a\\nb'.splitlines() ~ 'prefix'.removeprefix('pre') ~ 'é'.isascii() ~ '5'.isdigit()",
    # formats
    "'{} is {:>4} {n!r:<5}|{0[role]}'.format(messages[1], 3, n='x')",
    "'{:,} {:.2f} {:05d} {:x} {:%} {{}}'.format(1234567, 2.345, 42, 255, 0.5)",
    "'{:{}}|{:{fill}^{w}}'.format('a', 4, 'b', fill='*', w=5)",
    "('<b>{}</b>' | safe).format('<i>') ~ ('<b>%s</b>' | safe) % '<i>'",
    "'%s and %05.1f and %(a)s' | format | string if false else '%s %05.1f%%' % ('a', 2.25)",
    "'%(a)s %(b)+d %(a)r' % {'a': 'x', 'b': 3} ~ '%-5s|' % 'ab' ~ '%x %c %e' % (255, 'q', 12.5)",
    "'%s=%s' | format('a', [1, 'b']) ~ '%(k)s' | format(k=1)",
    # filters
    "messages | map(attribute='role') | unique | sort | join(', ')",
    "messages | selectattr('role', 'in', ['user', 'tool']) | map(attribute='content') | list",
    "messages | rejectattr('tool_calls', 'defined') | list | length",
    "messages | groupby('role')",
    "messages | groupby('role') | map(attribute='grouper') | list",
    "messages | groupby('name', default='none') | map(attribute='list') | map('length') | list",
    "[1, 2.5, 3] | sum ~ [{'n': 1}, {'n': 4}] | sum(attribute='n', start=10)",
    "[[1], [2, 3]] | sum(start=[]) ~ [] | sum",
    "[42.55 | round, 42.55 | round(1, 'floor'), 42 | round, 1234 | round(-2), 2.5 | round | int]",
    "[3.2 | round(method='ceil'), -3.7 | abs, '3.9' | float | int, 'x' | int(7), 'f' | int(0, 16)]",
    "[3, 1, 2] | sort(reverse=true) ~ ['b', 'A'] | sort ~ [3, 1] | max ~ [3, 1] | min",
    "range(7) | batch(3, '-') | list ~ range(7) | slice(3) | map('list') | list",
    "'a\\nb\\n\\nc' | indent ~ 'a\\nb' | indent(2, true) ~ 'a\\n\\nb' | indent('> ', blank=true)",
    "'ab' | center(8) ~ '|' ~ 'a bc d' | wordcount ~ 'one two three' | truncate(9, leeway=0)",
    "'one two three four' | truncate(10, true, '…', 0) ~ 'short' | truncate",
    "'a b/ü&' | urlencode ~ {'k': 'a b', 'l': 1} | urlencode",
    "{'b': 1, 'a': {'c': 2}} | dictsort ~ {'b': 2, 'a': 1} | dictsort(by='value')",
    "{'x': 1, 'y': 2} | items | list ~ nothing | items | list ~ {'x': 1}.items() | list",
    "nothing | default('d') ~ '' | d('e', true) ~ 'abc' | first ~ 'abc' | last ~ 'abc' | reverse",
    "'<a>&' | e ~ '<a>' | escape | safe ~ [1, 2] | reverse | list ~ 'a' | list | string",
    "'  x ' | trim ~ 'xxaxx' | trim('x') ~ 'hello you' | title | upper | lower | capitalize",
    "'a-b' | replace('-', '') ~ [0, 1, 2] | select | list ~ [0, 1, 2] | reject('odd') | list",
    "['a ', ' b'] | map('trim') | map('upper') | list ~ [1, 2] | map('string') | join('+')",
    # JSON
    "tools | tojson ~ tools[0] | tojson(indent=2) ~ {'b': 1, 'a': 'é'} | tojson(sort_keys=true)",
    "'é</s>' | tojson(ensure_ascii=true) ~ {'a': [1, none]} | tojson(separators=(',', ':'))",
    "[1, [2]] | tojson(indent='\\t')",
    # tests
    "['ab' is lower, 'Ab' is lower, 'AB' is upper, 1 is number, 1 is integer, 1.0 is float]",
    "[messages is sequence, messages[0] is mapping, 'a' is string, none is none, x is undefined]",
    "[true is boolean, true is true, 0 is false, 4 is even, 3 is odd, 6 is divisibleby 3]",
    "[1 is eq 1, 2 is gt(1), 1 is in [1], 'a' is iterable, none is sameas none, 'a' is ne 'b']",
    "['trim' is filter, 'odd' is test, range is callable, 'a' | e is escaped, 1 is le 1]",
    # containers
    "messages[1:-1] | length ~ messages[::-1][0].role ~ messages[-1].content[0]['text']",
    "tools[0].parameters.items() | list ~ tools[0].keys() | list ~ tools[0].get('x', 'none')",
    "dict(a=1, **{'b': 2}) ~ [1] + [2] ~ ('a', 'b') * 2 ~ 'a' in {'a': 1} ~ range(2, 9, 3) | list",
    "7 // 2 ~ 7 % 4 ~ 2 ** 5 ~ 1 / 4 ~ (1.0).is_integer() ~ ('yes' if tools else 'no') ~ 'x' * 3",
]

STATEMENTS = [
    "{% for m in messages %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}"
    "{{ loop.last }}{{ loop.length }}{{ loop.previtem is defined }}{{ (loop.nextitem or m).role }}"
    "{{ loop.cycle('a', 'b') }}{{ loop.changed(m.role) }}{{ loop.depth }};{% endfor %}",
    "{% for m in messages if m.role == 'user' %}{{ m.role }}{% else %}none{% endfor %}"
    "{% for m in [] %}x{% else %}none{% endfor %}",
    "{% for m in messages %}{% if loop.first %}{% continue %}{% elif m.role == 'tool' %}{% break %}"
    "{% endif %}{{ m.role }} {% endfor %}",
    "{% for x in [1, [2, [3, 4]], 5] recursive %}"
    "{% if x is iterable %}({{ loop(x) }}){% else %}{{ x ~ loop.depth0 }}{% endif %}{% endfor %}",
    "{% for key, value in tools[0].parameters | dictsort %}{{ key }}={{ value.type }} {% endfor %}",
    "{% for g in messages | groupby('role') %}{{ g.grouper }}:{{ g.list | length }} {% endfor %}"
    "{% for role, those in messages | groupby('role') %}{{ role }}{{ those | length }}{% endfor %}",
    "{% set ns = namespace(found=false, n=0) %}{% for m in messages %}"
    "{% set ns.n = ns.n + 1 %}{% set ns.found = m.role == 'tool' or ns.found %}{% endfor %}"
    "{{ ns.n }}{{ ns.found }}",
    "{% macro field(name, kind='string', required=false) -%}{{ name }}:{{ kind }}{{ required }}"
    "{{ varargs }}{{ kwargs }}{%- endmacro %}{{ field('a') }} {{ field('b', required=true) }}"
    " {{ field('c', 'd', true, 1, x=2) }} {{ field.name }}{{ field.arguments }}",
    "{% macro box(title) %}[{{ title }}: {{ caller('inside') }}]{% endmacro %}"
    "{% call(word) box('T') %}{{ word }} text{% endcall %}",
    "{% macro dive(n) %}{{ n }}{% if n %}{{ dive(n - 1) }}{% endif %}{% endmacro %}{{ dive(5) }}",
    "{% set text %}{% for m in messages %}{{ m.role }} {% endfor %}{% endset %}{{ text | trim }}"
    "{% set loud | upper %}quiet{% endset %}{{ loud }}",
    "{% filter upper | replace('A', 'b') %}a {{ messages[0].role }}{% endfilter %}",
    "{% set a, b = 1, [2] %}{% with c = a %}{{ c }}{{ b }}{% set a = 9 %}{% endwith %}{{ a }}",
    "{% raw %}{{ not run }}{% endraw %}{# unseen #}\n  {%- if true %}\n  in\n  {% endif %}\nend\n",
    "{% if messages[0].role == 'system' and not messages[0].x is defined %}S{% endif %}"
    "{{ bos_token + messages[1]['content'] }}{% if add_generation_prompt %}G{% endif %}",
]


@pytest.mark.parametrize("source", [f"{{{{ {text} }}}}" for text in EXPRESSIONS] + STATEMENTS)
def test_a_helper_gives_what_hugging_face_gives(source: str) -> None:
    template = ChatTemplate(source, bos_token="<s>")
    assert template.render(MESSAGES, tools=TOOLS) == by_hugging_face(source)


def test_what_a_model_has_learned_to_write_is_text_like_any_other() -> None:
    source = (
        "{% set x = 1 %}{% for m in messages %}{% generation %}{% set x = 2 %}\n"
        "{{ m.role }}{{ loop.index }}{{ x }}\n{% endgeneration %}\n{% endfor %}{{ x }}"
    )
    text = ChatTemplate(source).render(MESSAGES)
    assert text == "system12\nuser22\nassistant32\ntool42\nuser52\n1"
