"""Chat templates of further chain models: those of well-known formats, and one that calls helpers.

A server that knows a format by its chat template gives such a model a template and stop strings of
its own. The texts are those that the first checkpoints of each format carry.
"""

CHATML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
    "+ message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
    "{{ content }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
OPENCHAT = (
    "{{ bos_token }}{% for message in messages %}{{ 'GPT4 Correct ' + message['role'].title()"
    " + ': ' + message['content'] + '<|end_of_turn|>'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'GPT4 Correct Assistant:' }}{% endif %}"
)
ZEPHYR = (
    "{% for message in messages %}\n"
    "{% if message['role'] == 'user' %}\n"
    "{{ '<|user|>\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'system' %}\n"
    "{{ '<|system|>\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'assistant' %}\n"
    "{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n"
    "{% endif %}\n"
    "{% if loop.last and add_generation_prompt %}\n"
    "{{ '<|assistant|>' }}\n"
    "{% endif %}\n"
    "{% endfor %}"
)
HELPERS = """\
{#- A template of the conformance suite, which calls what templates of well-known models call; this
comment keeps it far from all of theirs, and so do the names that it uses. -#}
{%- macro shout(text, mark='!') -%}{{ text | upper }}{{ mark }}{%- endmacro -%}
{%- set ns = namespace(count=0, last='') -%}
{%- for m in messages if m.role != 'system' -%}
    {%- if loop.index0 > 3 -%}{%- break -%}{%- endif -%}
    {%- if m.content == 'skip' -%}{%- continue -%}{%- endif -%}
    {%- set ns.count = ns.count + 1 -%}
    {%- set ns.last = m.content -%}
    {{- '<' ~ loop.index ~ m.role[:1] ~ '>' ~ m['content'].split('|')[-1].strip() -}}
{%- endfor -%}
{%- if ns.last.startswith('no') -%}{{ raise_exception('it was said no') }}{%- endif -%}
{%- set users = messages | selectattr('role', 'equalto', 'user') -%}
{%- set found = users | map(attribute='content') | list -%}
{{- '#' ~ ns.count ~ shout(found | first | trim, mark='?') -}}
{{- {'b': 'é<', 'a': [1, none, true]} | tojson -}}
{{- (strftime_now('%Y') | length) ~ (missing | default('none')) -}}
{%- if tools is defined and tools -%}{{ tools | tojson }}{%- endif -%}
{%- for key, value in {'y': 1, 'x': 2} | dictsort -%}{{ key }}={{ value }};{%- endfor -%}
"""

FORMATS = {
    "speaks_chatml": CHATML,
    "speaks_llama": LLAMA3,
    "speaks_openchat": OPENCHAT,
    "speaks_zephyr": ZEPHYR,
    "speaks_nearly": "{#- " + "nearly ChatML " * 6 + "-#}" + CHATML,
    "speaks_otherwise": "{#- " + "far from ChatML " * 20 + "-#}" + CHATML,
    "speaks_helpers": HELPERS,
}
