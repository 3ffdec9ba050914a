"""Conversations as text: a renderer for each family of models, named by a model's config."""

from pyollama.prompt.renderers.base import Renderer, RenderError
from pyollama.prompt.renderers.registry import find_renderer

__all__ = ["RenderError", "Renderer", "find_renderer"]
