"""Which of a model's two templates makes its prompts: the Go template layer, or the GGUF's Jinja.

The layer does, unless the GGUF's template can express more. OLLAMA_GO_TEMPLATE decides for all
models where it is set.
"""

import re
from functools import lru_cache

from pyollama.gotemplate import GoTemplateError
from pyollama.gotemplate.prompts import GoPrompt

__all__ = ["offers_of_go", "offers_of_jinja", "prefers_jinja"]

SPLITS_AT_THINK = re.compile(r"""content\.split\((['"])</think>\1\)""")
TELLS_ROLE_OF_TOOL = re.compile(r"""role[^\n]{0,40}?(['"])tool\1""")


@lru_cache(maxsize=64)
def offers_of_go(text: str) -> tuple[str, ...]:
    """Tools and insert by the names in a Go template, thinking by the tags around its field."""
    try:
        template = GoPrompt(text)
        names, tags = template.variables, template.tags
    except GoTemplateError:  # a model of anyone's making; it fails where it is run
        return ()
    found = {"tools": "tools" in names, "insert": "suffix" in names, "thinking": any(tags)}
    return tuple(name for name, is_offered in found.items() if is_offered)


def offers_of_jinja(text: str) -> list[str]:
    """Tools and thinking, by the words in the GGUF's chat template."""
    has_tools = "tools" in text or "tool_call" in text
    has_tags = "<think>" in text and "</think>" in text
    splits = SPLITS_AT_THINK.search(text) is not None
    hides = "reasoning_content" in text or "<SPECIAL_12>" in text
    return ["tools"] * has_tools + ["thinking"] * (has_tags or (splits and not hides))


def prefers_jinja(go: str, jinja: str) -> bool:
    """Whether the GGUF's template takes the place of the layer."""
    by_go, by_jinja = set(offers_of_go(go)), set(offers_of_jinja(jinja))
    go_round, jinja_round = _go_round_trip(go), _jinja_round_trip(jinja)
    if len(by_jinja) > len(by_go):
        return jinja_round or not go_round
    return by_go == by_jinja and "tools" in by_go and jinja_round and not go_round


def _go_round_trip(text: str) -> bool:
    """Whether a Go template writes calls of tools and what they gave."""
    marks = ('eq .Role "tool"', "tool_response", "TOOL_RESULTS")
    if "tools" not in offers_of_go(text) or not any(mark in text for mark in marks):
        return False
    return "toolcalls" in GoPrompt(text).variables


def _jinja_round_trip(text: str) -> bool:
    """The same of a chat template, by its words."""
    calls = "tool_calls" in text or "assistant_tool_call" in text
    words = ("tool_response", "tool_results", "ipython")
    answers = any(word in text for word in words) or TELLS_ROLE_OF_TOOL.search(text) is not None
    return calls and answers
