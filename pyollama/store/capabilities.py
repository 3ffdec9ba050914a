"""What a model can do, told from its GGUF, its templates and its config.

/api/tags and /api/show collect the same things in different orders, and tags does not look at the
chat template of the GGUF.
"""

import re
from dataclasses import dataclass

from pyollama.store.facts import GGUFFacts

__all__ = ["Sources", "listed_capabilities", "offers_of_jinja", "shown_capabilities"]

ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
THINKING_TAGS = re.compile(r"\S\s*\{\{-?\s*(?:\$?\w*)\.Thinking\s*-?\}\}\s*[^\s{]", re.DOTALL)
SPLITS_AT_THINK = re.compile(r"""content\.split\((['"])</think>\1\)""")


@dataclass(frozen=True)
class Sources:
    """Where capabilities come from; jinja is "" unless the GGUF's own template is in use."""

    facts: GGUFFacts | None
    projectors: list[GGUFFacts]
    stated: list[str]  # the config's list
    jinja: str
    template: str  # the Go template
    family: str


def shown_capabilities(sources: Sources) -> list[str]:
    """The order of /api/show, which also decides what a request may ask for."""
    found = [*sources.stated]
    if sources.facts is not None:
        found += offers_of_jinja(sources.jinja)
        found += _kind(sources.facts) + _senses(sources.facts)
        for projector in sources.projectors:
            found += ["vision", *_senses(projector)]
        found += _of_go_template(sources.template)
        found += ["thinking"] if sources.family in ("gptoss", "gpt-oss") else []
    return list(dict.fromkeys(found))


def listed_capabilities(sources: Sources) -> list[str]:
    """The order of /api/tags."""
    found: list[str] = []
    if sources.facts is not None:
        found += _senses(sources.facts) + _kind(sources.facts)
    found += sources.stated + _of_go_template(sources.template)
    found += ["vision"] if sources.projectors else []
    return list(dict.fromkeys(found))


def _kind(facts: GGUFFacts) -> list[str]:
    """A file that pools its rows makes embeddings; any other completes text."""
    return ["embedding"] if facts.has_pooling else ["completion"]


def _senses(facts: GGUFFacts) -> list[str]:
    """vision and audio, in that order."""
    return ["vision"] * facts.has_vision + ["audio"] * facts.has_audio


def offers_of_jinja(text: str) -> list[str]:
    """Tools and thinking, by the words in the GGUF's chat template."""
    has_tools = "tools" in text or "tool_call" in text
    has_tags = "<think>" in text and "</think>" in text
    splits = SPLITS_AT_THINK.search(text) is not None
    hides = "reasoning_content" in text or "<SPECIAL_12>" in text
    return ["tools"] * has_tools + ["thinking"] * (has_tags or (splits and not hides))


def _of_go_template(text: str) -> list[str]:
    """Tools and insert by the fields in use, thinking by the tags around its field."""
    actions = " ".join(ACTION.findall(text))
    has_tools = re.search(r"\.Tools\b", actions) is not None
    has_insert = re.search(r"\.Suffix\b", actions) is not None
    has_thinking = THINKING_TAGS.search(text) is not None
    return ["tools"] * has_tools + ["insert"] * has_insert + ["thinking"] * has_thinking
