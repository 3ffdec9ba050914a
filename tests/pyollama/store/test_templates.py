"""Which of a model's two templates makes its prompts, by what each can express."""

import pytest

from pyollama.store.templates import offers_of_go, offers_of_jinja, prefers_jinja

GO_PLAIN = "{{ range .Messages }}{{ .Role }}: {{ .Content }}{{ end }}"
GO_TOOLS = "{{ range .Tools }}{{ . }}{{ end }}" + GO_PLAIN
GO_ROUND = (
    "{{ .Tools }}{{ range .Messages }}{{ range .ToolCalls }}{{ . }}{{ end }}"
    '{{ if eq .Role "tool" }}[{{ .Content }}]{{ end }}{{ end }}'
)
GO_THINKS = "{{ range .Messages }}{{ if .Thinking }}<t>{{ .Thinking }}</t>{{ end }}{{ end }}"
GO_MIDDLE = "{{ .Prompt }}{{ .Suffix }}"
JINJA_PLAIN = "{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}"
JINJA_TOOLS = "{{ tools }}" + JINJA_PLAIN
JINJA_ROUND = JINJA_TOOLS + "{{ m.tool_calls }}{% if m.role == 'tool' %}{% endif %}"
JINJA_THINKS = "<think></think>" + JINJA_PLAIN


@pytest.mark.parametrize(
    ("template", "offers"),
    [
        (GO_PLAIN, ()),
        (GO_TOOLS, ("tools",)),
        (GO_MIDDLE, ("insert",)),
        (GO_THINKS, ("thinking",)),
        ("{{ no template", ()),
    ],
)
def test_what_a_go_template_offers(template: str, offers: tuple[str, ...]) -> None:
    assert offers_of_go(template) == offers


@pytest.mark.parametrize(
    ("template", "offers"),
    [
        (JINJA_PLAIN, []),
        ("{{ m.tool_call }}", ["tools"]),
        (JINJA_THINKS, ["thinking"]),
        ("{{ content.split('</think>')[-1] }}", ["thinking"]),
        ("{{ content.split('</think>')[-1] }}{{ reasoning_content }}", []),
        ("{{ content.split('</think>')[-1] }}<SPECIAL_12>", []),
        (JINJA_THINKS + JINJA_TOOLS, ["tools", "thinking"]),
    ],
)
def test_what_a_chat_template_offers(template: str, offers: list[str]) -> None:
    assert offers_of_jinja(template) == offers


@pytest.mark.parametrize(
    ("go", "jinja", "expected"),
    [
        (GO_PLAIN, JINJA_PLAIN, False),  # they offer the same
        (GO_PLAIN, JINJA_TOOLS, True),  # one more
        (GO_TOOLS, JINJA_THINKS, False),  # as many, but other things
        (GO_TOOLS, JINJA_TOOLS + JINJA_THINKS, True),
        (GO_ROUND, JINJA_TOOLS + JINJA_THINKS, False),  # the layer alone knows results of tools
        (GO_ROUND, JINJA_ROUND + JINJA_THINKS, True),
        (GO_TOOLS, JINJA_ROUND, True),  # the same, and the chat template alone knows results
        (GO_ROUND, JINJA_ROUND, False),
        (GO_ROUND, JINJA_TOOLS, False),
    ],
)
def test_the_template_that_offers_more_is_preferred(go: str, jinja: str, expected: bool) -> None:
    assert prefers_jinja(go, jinja) is expected
