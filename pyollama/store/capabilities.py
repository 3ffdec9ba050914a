"""What a model can do, told from its GGUF, its templates and its config.

/api/tags and /api/show collect the same things in different orders, and tags does not look at the
chat template of the GGUF.
"""

from dataclasses import dataclass

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


def shown_capabilities(sources: Sources) -> list[str]:
    """The order of /api/show, which also decides what a request may ask for."""
    found = [*sources.stated]
    if sources.facts is not None:
        found += offers_of_jinja(sources.jinja)
        found += _kind(sources.facts) + _senses(sources.facts)
        for projector in sources.projectors:
            found += ["vision", *_senses(projector)]
        found += offers_of_go(sources.template)
        found += ["thinking"] if sources.family in ("gptoss", "gpt-oss") else []
    return list(dict.fromkeys(found))


def listed_capabilities(sources: Sources) -> list[str]:
    """The order of /api/tags."""
    found: list[str] = []
    if sources.facts is not None:
        found += _senses(sources.facts) + _kind(sources.facts)
    found += [*sources.stated, *offers_of_go(sources.template)]
    found += ["vision"] if sources.projectors else []
    return list(dict.fromkeys(found))


def _kind(facts: GGUFFacts) -> list[str]:
    """A file that pools its rows makes embeddings; any other completes text."""
    return ["embedding"] if facts.has_pooling else ["completion"]


def _senses(facts: GGUFFacts) -> list[str]:
    """vision and audio, in that order."""
    return ["vision"] * facts.has_vision + ["audio"] * facts.has_audio
