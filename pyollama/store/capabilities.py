"""What a model can do, told from its GGUF, its templates and its config.

/api/tags and /api/show collect the same things in different orders, and tags does not look at the
chat template of the GGUF.
"""

from dataclasses import dataclass

from pyollama.builtin import PARSERS, ParserFacts
from pyollama.store.facts import GGUFFacts
from pyollama.store.templates import offers_of_go, offers_of_jinja

__all__ = ["Sources", "listed_capabilities", "shown_capabilities"]


@dataclass(frozen=True)
class Sources:
    """Where capabilities come from; jinja is "" unless the GGUF's own template is in use."""

    facts: GGUFFacts | None
    projectors: list[GGUFFacts]
    stated: list[str]  # the config's list
    jinja: str
    template: str  # the Go template
    family: str
    parser: str = ""  # the built-in one

    @property
    def offers(self) -> list[str]:
        """What the Go template and the built-in parser add."""
        known = PARSERS.get(self.parser, ParserFacts(tools=False))
        by_parser = {"tools": known.tools, "thinking": known.thinking}
        by_template = offers_of_go(self.template)
        names = ("tools", "insert", "thinking")
        return [name for name in names if name in by_template or by_parser.get(name)]


def shown_capabilities(sources: Sources) -> list[str]:
    """The order of /api/show, which also decides what a request may ask for."""
    found = [*sources.stated]
    if sources.facts is not None:
        found += offers_of_jinja(sources.jinja)
        found += _kind(sources.facts) + _senses(sources.facts)
        for projector in sources.projectors:
            found += ["vision", *_senses(projector)]
        found += sources.offers
        found += ["thinking"] if sources.family in ("gptoss", "gpt-oss") else []
    return list(dict.fromkeys(found))


def listed_capabilities(sources: Sources) -> list[str]:
    """The order of /api/tags."""
    found: list[str] = []
    if sources.facts is not None:
        found += _senses(sources.facts) + _kind(sources.facts)
    found += [*sources.stated, *sources.offers]
    found += ["vision"] if sources.projectors else []
    return list(dict.fromkeys(found))


def _kind(facts: GGUFFacts) -> list[str]:
    """A file that pools its rows makes embeddings; any other completes text."""
    return ["embedding"] if facts.has_pooling else ["completion"]


def _senses(facts: GGUFFacts) -> list[str]:
    """vision and audio, in that order."""
    return ["vision"] * facts.has_vision + ["audio"] * facts.has_audio
