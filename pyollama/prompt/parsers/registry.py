"""Parsers by the names that a model's config gives."""

from collections.abc import Callable
from functools import partial

from pyollama.prompt.parsers.base import Parser, Start
from pyollama.prompt.parsers.deepseek import Cogito, DeepSeek
from pyollama.prompt.parsers.functiongemma import FunctionGemma
from pyollama.prompt.parsers.glm import GLM, GLMOCR
from pyollama.prompt.parsers.lfm2 import LFM2, LFM2Thinking
from pyollama.prompt.parsers.passthrough import Passthrough
from pyollama.prompt.parsers.tagged import FAMILIES, TaggedParser

__all__ = ["new_parser"]

PARSERS: dict[str, Callable[[Start], Parser]] = {
    "cogito": Cogito,
    "deepseek3": DeepSeek,
    "functiongemma": FunctionGemma,
    "glm-4.7": GLM,
    "glm-ocr": GLMOCR,
    "lfm2": LFM2,
    "lfm2-thinking": LFM2Thinking,
    "passthrough": Passthrough,
    **{name: partial(TaggedParser, family) for name, family in FAMILIES.items()},
}


def new_parser(name: str, start: Start) -> Parser | None:
    """A parser for one answer; None for a name that is unknown."""
    factory = PARSERS.get(name)
    return None if factory is None else factory(start)
