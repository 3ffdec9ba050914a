"""Conversations that nobody trained a model on still give a prompt, or a clear refusal."""

from typing import Any

import pytest
from conversations import answer, call, result, system, user

from pyollama.api import Message
from pyollama.errors import EngineError
from pyollama.prompt.renderers import find_renderer
from pyollama.prompt.renderers.registry import RENDERERS

FAMILIES = [
    "cogito",
    "cohere",
    "deepseek3.1",
    "functiongemma",
    "gemma4",
    "gemma4-large",
    "glimmer",
    "glm-4.7",
    "glm-ocr",
    "laguna",
    "poolside-v1",
]


def nested(levels: int) -> Any:
    """A schema, and a value, of so many levels."""
    value: Any = "deep"
    for _ in range(levels):
        value = {"type": "object", "properties": {"p": value}, "items": [value], "anyOf": [value]}
    return value


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "messages",
    [
        [],
        [system("only")],
        [result("first")],
        [answer()],
        [answer("", call("f")), system("between"), result("1")],
        [user("x"), result("1"), user("y"), result("2")],
        [answer("", call("f"), call("f")), result("1"), answer("", call("f"))],
        [Message(role="narrator", content="meanwhile")],
        [Message()],
    ],
    ids=lambda messages: " ".join(message.role or "?" for message in messages) or "none",
)
def test_any_order_of_roles_has_a_prompt(family: str, messages: list[Message]) -> None:
    for think in (None, True, False, "low"):
        assert find_renderer(family).render(messages, [], think)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "tool",
    [
        {},
        {"type": 1, "function": []},
        {"function": {"name": 1, "description": {}, "parameters": "x"}},
        {"function": {"parameters": {"type": [], "required": "a", "properties": [1]}}},
        {"function": {"parameters": {"required": [1, None], "properties": {"a": 1, "type": {}}}}},
        {"function": {"parameters": {"properties": {"a": {"type": {}, "enum": {}, "anyOf": 1}}}}},
    ],
    ids=str,
)
def test_tools_of_any_shape_have_a_prompt(family: str, tool: dict[str, Any]) -> None:
    assert find_renderer(family).render([user("x")], [tool, tool], None)


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_is_nested_deeper_than_the_stack_allows(family: str) -> None:
    schema = {"function": {"name": "f", "parameters": {"properties": {"a": nested(4)}}}}
    assert find_renderer(family).render([answer("", call("f", a=nested(4)))], [schema], None)
    value: Any = {}
    for _ in range(5000):
        value = {"properties": {"p": value}, "type": "object"}
    with pytest.raises(EngineError, match="nested too deeply"):
        find_renderer(family).render([user("?"), answer("", call("f", a=value))], [], None)


def test_every_renderer_of_these_families_is_known() -> None:
    assert set(FAMILIES) <= set(RENDERERS)
