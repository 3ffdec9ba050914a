"""Renderers by the names that a model's config gives."""

from pyollama.prompt.renderers.base import Renderer, RenderError

__all__ = ["find_renderer"]

RENDERERS: dict[str, Renderer] = {}


def find_renderer(name: str) -> Renderer:
    """The renderer of that name. Raises RenderError for a name that is unknown."""
    try:
        return RENDERERS[name]
    except KeyError:
        raise RenderError(f'unknown renderer "{name}"') from None
