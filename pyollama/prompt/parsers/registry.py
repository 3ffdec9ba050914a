"""Parsers by the names that a model's config gives."""

from collections.abc import Callable
from functools import partial

from pyollama.prompt.parsers.base import Parser, Start
from pyollama.prompt.parsers.cohere import Cohere
from pyollama.prompt.parsers.deepseek import Cogito, DeepSeek
from pyollama.prompt.parsers.functiongemma import FunctionGemma
from pyollama.prompt.parsers.gemma4 import Gemma4, Gemma4NoThinking
from pyollama.prompt.parsers.glimmer import Glimmer
from pyollama.prompt.parsers.glm import GLM, GLMOCR
from pyollama.prompt.parsers.harmony import Harmony
from pyollama.prompt.parsers.laguna import Laguna, Poolside
from pyollama.prompt.parsers.lfm2 import LFM2, LFM2Thinking
from pyollama.prompt.parsers.ministral import Ministral
from pyollama.prompt.parsers.olmo import Olmo3, Olmo3Think
from pyollama.prompt.parsers.passthrough import Passthrough
from pyollama.prompt.parsers.tagged import FAMILIES, TaggedParser

__all__ = ["new_parser"]

PARSERS: dict[str, Callable[[Start], Parser]] = {
    "cogito": Cogito,
    "cohere": Cohere,
    "deepseek3": DeepSeek,
    "functiongemma": FunctionGemma,
    "gemma4": Gemma4,
    "gemma4-no-thinking": Gemma4NoThinking,
    "glimmer": Glimmer,
    "glm-4.7": GLM,
    "glm-ocr": GLMOCR,
    "laguna": Laguna,
    "lfm2": LFM2,
    "lfm2-thinking": LFM2Thinking,
    "harmony": Harmony,
    "ministral": Ministral,
    "olmo3": Olmo3,
    "olmo3-think": Olmo3Think,
    "poolside-v1": Poolside,
    "passthrough": Passthrough,
    **{name: partial(TaggedParser, family) for name, family in FAMILIES.items()},
}


def new_parser(name: str, start: Start) -> Parser | None:
    """A parser for one answer; None for a name that is unknown."""
    factory = PARSERS.get(name)
    return None if factory is None else factory(start)
