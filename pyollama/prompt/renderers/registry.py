"""Renderers by the names that a model's config gives."""

from pyollama.prompt.renderers.base import Renderer, RenderError
from pyollama.prompt.renderers.cogito import Cogito
from pyollama.prompt.renderers.cohere import Cohere
from pyollama.prompt.renderers.deepseek import DeepSeek31
from pyollama.prompt.renderers.functiongemma import FunctionGemma
from pyollama.prompt.renderers.gemma4 import Gemma4, gemma4_size
from pyollama.prompt.renderers.glimmer import Glimmer
from pyollama.prompt.renderers.glm import Glm47, GlmOcr
from pyollama.prompt.renderers.lfm2 import Lfm2
from pyollama.prompt.renderers.nemotron import Nemotron3, Nemotron35
from pyollama.prompt.renderers.olmo3 import OLMO, OLMO_BY_AI2, Olmo3, Olmo3Think
from pyollama.prompt.renderers.poolside import Laguna, PoolsideV1
from pyollama.prompt.renderers.qwen3_coder import Qwen3Coder
from pyollama.prompt.renderers.qwen3_vl import Qwen3VL
from pyollama.prompt.renderers.qwen35 import Qwen35, Qwen38

__all__ = ["find_renderer", "sized_renderer"]

RENDERERS: dict[str, Renderer] = {
    "qwen3-coder": Qwen3Coder(),
    "qwen3-vl-instruct": Qwen3VL(thinks=False),
    "qwen3-vl-thinking": Qwen3VL(thinks=True),
    "qwen3.5": Qwen35(),
    "qwen3.8": Qwen38(),
    "ornith": Qwen35(keeps_thinking=True),
    "olmo3": Olmo3(default=OLMO),
    "olmo3.1": Olmo3(default=OLMO_BY_AI2),
    "olmo3-think": Olmo3Think(default=OLMO_BY_AI2.rstrip()),
    "olmo3-32b-think": Olmo3Think(default="You are a helpful AI assistant."),
    "nemotron-3-nano": Nemotron3(),
    "nemotron-3.5-nano": Nemotron35(),
    "lfm2": Lfm2(shows_thinking=False),
    "lfm2-thinking": Lfm2(shows_thinking=True),
    "cogito": Cogito(),
    "deepseek3.1": DeepSeek31(),
    "gemma4": Gemma4(),  # of a model whose size nobody told
    "gemma4-small": Gemma4(),
    "gemma4-large": Gemma4(large=True),
    "functiongemma": FunctionGemma(),
    "glm-4.7": Glm47(),
    "glm-ocr": GlmOcr(),
    "laguna": Laguna(),
    "poolside-v1": PoolsideV1(),
    "cohere": Cohere(),
    "glimmer": Glimmer(),
}


def find_renderer(name: str) -> Renderer:
    """The renderer of that name. Raises RenderError for a name that is unknown."""
    try:
        return RENDERERS[name]
    except KeyError:
        raise RenderError(f'unknown renderer "{name}"') from None


def sized_renderer(name: str, model: str, n_params: int) -> str:
    """The name that a config's name stands for, which for "gemma4" depends on the model's size.

    model: the model's name with its tag, n_params: how many parameters it has
    """
    return gemma4_size(model, n_params) if name == "gemma4" else name
