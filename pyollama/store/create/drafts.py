"""Draft models: small ones that guess the next tokens for the model to confirm."""

from collections.abc import Iterator
from dataclasses import replace

from msgspec import structs

from pyollama.store.create.assembly import Assembly, Part
from pyollama.store.create.files import convert
from pyollama.store.types import ProgressResponse
from pyollama_formats.manifest import DRAFT_TYPE, Draft

__all__ = ["add_drafts"]


def add_drafts(new: Assembly) -> Iterator[ProgressResponse]:
    """Add the draft model that the request brings, in the place of the base's."""
    if not new.request.draft_files:
        return
    found = yield from convert(new, new.request.draft_files, "converting model")
    new.parts = [part for part in new.parts if part.layer.media_type != DRAFT_TYPE]
    for part in found:
        new.parts.append(_draft(part))
        if part.facts is not None:
            new.config.draft = Draft(model_format="gguf", architecture=part.facts.architecture)


def _draft(part: Part) -> Part:
    """The same layer in another role."""
    return replace(part, layer=structs.replace(part.layer, media_type=DRAFT_TYPE))
