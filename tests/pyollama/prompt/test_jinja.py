"""Chat templates: what they are given, and what hostile ones cannot do."""

import pytest

from pyollama.errors import BadRequest, EngineError
from pyollama.prompt.jinja import ChatTemplate, JsonObject

USER = [{"role": "user", "content": "hi"}]


def test_a_model_without_a_template_gets_chatml() -> None:
    assert ChatTemplate(None).render(USER) == (
        "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_last_message_of_the_assistant_is_continued() -> None:
    template = ChatTemplate("{{ messages[-1].content }}{% if add_generation_prompt %}G{% endif %}")
    assert template.render(USER) == "hiG"
    assert template.render([*USER, {"role": "assistant", "content": "so"}]) == "hiGso"


def test_templates_get_the_helpers_that_they_call() -> None:
    source = (
        "{{ bos_token }}{{ tools | tojson }}|{{ strftime_now('%Y') | length }}"
        "{% set ns = namespace(n=1) %}{% for m in messages %}{% set ns.n = 2 %}"
        "{% break %}{% endfor %}|{{ ns.n }}|{{ enable_thinking }}"
    )
    text = ChatTemplate(source, bos_token="<s>").render(USER, tools=[{"a": "<é>"}])
    assert text == '<s>[{"a": "<é>"}]|4|2|False'


def test_blocks_are_trimmed_as_hugging_face_does() -> None:
    source = (
        "{% for m in messages %}\n  {% if true %}\n{{ m.content }}\n  {% endif %}\n{% endfor %}"
    )
    assert ChatTemplate(source).render(USER) == "hi\n"


def test_arguments_print_as_json_with_or_without_tojson() -> None:
    arguments = JsonObject({"b": 1, "a": [True, None]})
    message = {"role": "assistant", "content": "", "tool_calls": [{"arguments": arguments}]}
    source = (
        "{{ messages[0].tool_calls[0].arguments }}{{ messages[0].tool_calls[0].arguments|tojson }}"
    )
    assert ChatTemplate(source).render([message, *USER]) == '{"b": 1, "a": [true, null]}' * 2


def test_a_template_that_is_no_jinja_is_refused() -> None:
    with pytest.raises(EngineError, match="chat template: "):
        ChatTemplate("{% if %}")


def test_the_words_of_raise_exception_reach_the_client() -> None:
    with pytest.raises(BadRequest, match="roles must alternate"):
        ChatTemplate("{{ raise_exception('roles must alternate') }}").render(USER)


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 99999999 }}",
        "{{ ['a'] * 99999999 }}",
        "{{ 2 ** 99999999 }}",
        "{{ '%99999999d' % 1 }}",
        "{{ '{:>99999999}'.format(1) }}",
        "{{ 'a'.center(99999999999) }}",
        "{{ 'a'.ljust(99999999999) }}",
        "{{ ('a' * 1000000).replace('a', 'a' * 1000000) }}",
        "{% for i in range(10 ** 7) %}{% endfor %}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{{ messages.append(1) }}",
        "{{ messages[0].update(role='x') }}",
        "{{ x.y.z }}",
        "{{ 1 / 0 }}",
        "{{ messages | tojson(indent=999999999) }}",
    ],
)
def test_hostile_templates_end_with_an_error(source: str) -> None:
    with pytest.raises(BadRequest, match="chat template: "):
        ChatTemplate(source).render(USER)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.__class__ }}",
        "{{ raise_exception.__globals__ }}",
        "{{ namespace.__init__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ '{0.__class__}'.format(messages) }}",
        "{{ '{0[0][role].__class__}'.format(messages) }}",
        "{{ '{}'.format.__globals__ }}",
    ],
)
def test_templates_reach_no_python_attribute(source: str) -> None:
    try:
        text = ChatTemplate(source).render(USER)
    except BadRequest:
        return
    assert text == ""


@pytest.mark.parametrize(
    ("source", "thinks", "tools"),
    [
        ("<think> </think>", True, False),
        ("<think>", False, False),
        ("content.split('</think>')", True, False),
        ("content.split('</think>') reasoning_content", False, False),
        ("{% if tools %}", False, True),
    ],
)
def test_capabilities_are_told_by_words_in_the_template(
    source: str, thinks: bool, tools: bool
) -> None:
    template = object.__new__(ChatTemplate)
    template.source = source
    assert (template.has_thinking, template.has_tools) == (thinks, tools)
