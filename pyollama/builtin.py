"""The names that a model's config may give for its renderer and its parser, and what they can do.

A renderer writes a conversation as a family of models was trained on it; a parser takes the
answer apart into content, thinking and calls of tools. `store` tells capabilities by this table,
`prompt` holds the code.
"""

from dataclasses import dataclass

__all__ = ["PARSERS", "ParserFacts"]


@dataclass(frozen=True)
class ParserFacts:
    """What the answers of a family may hold beside content."""

    tools: bool = True
    thinking: bool = False


_TOOLS = ParserFacts()
_BOTH = ParserFacts(thinking=True)
_THINKING = ParserFacts(tools=False, thinking=True)

PARSERS: dict[str, ParserFacts] = {
    "qwen3": _TOOLS,
    "qwen3-thinking": _BOTH,
    "qwen3-coder": _TOOLS,
    "qwen3.5": _BOTH,
    "ornith": _BOTH,
    "qwen3-vl-instruct": _TOOLS,
    "qwen3-vl-thinking": _BOTH,
    "nemotron-3-nano": _BOTH,
    "nemotron-3.5-nano": _BOTH,
    "ministral": _TOOLS,
    "deepseek3": _BOTH,
    "cogito": _BOTH,
    "olmo3": _TOOLS,
    "olmo3-think": _THINKING,
    "functiongemma": _TOOLS,
    "gemma4": _BOTH,
    "gemma4-no-thinking": _TOOLS,
    "glm-4.7": _BOTH,
    "glm-ocr": _TOOLS,
    "lfm2": _TOOLS,
    "lfm2-thinking": _BOTH,
    "laguna": _BOTH,
    "poolside-v1": _BOTH,
    "cohere": _BOTH,
    "glimmer": _BOTH,
    "harmony": _BOTH,
    "passthrough": ParserFacts(tools=False),
}
