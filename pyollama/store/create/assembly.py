"""A model as far as it is made: its parts in the manifest's order, and what its config will say."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyollama.store.facts import GGUFFacts
from pyollama.store.model import media_type
from pyollama.store.types import CreateRequest
from pyollama_formats.manifest import CONFIG_TYPE, DRAFT_TYPE, MODEL_TYPE, Config, Layer

if TYPE_CHECKING:
    from pyollama.store.store import Store

__all__ = ["Assembly", "Part"]


@dataclass(frozen=True)
class Part:
    """One layer of the new model.

    status is its line of progress; facts are those of a GGUF file, None for any other layer.
    is_uploaded says that the file came with this request, and not with the base.
    """

    layer: Layer
    status: str
    facts: GGUFFacts | None = None
    is_uploaded: bool = False

    @property
    def is_model(self) -> bool:
        """Whether the layer is a model that runs by itself: no adapter, projector or draft."""
        return self.facts is not None and self.layer.media_type == MODEL_TYPE

    @property
    def is_draft(self) -> bool:
        """Whether the layer is a model that proposes tokens to another one."""
        return self.facts is not None and self.layer.media_type == DRAFT_TYPE


@dataclass
class Assembly:
    """What a request has come to so far.

    config starts as what the base passes on. parameters are those of the base, and what templates
    and architectures imply; those of the request come on top at the end.
    """

    store: "Store"
    request: CreateRequest
    config: Config = field(default_factory=Config)
    parts: list[Part] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)  # bytes of the layers made here

    def add_blob(self, kind: str, data: bytes, status: str = "") -> Part:
        """Store the bytes of a layer and make a part of it, which is not in the list yet.

        Without a status of its own the line tells whether the blob was there already.
        """
        digest, size, is_new = self.store.add_blob([data])
        self.texts[digest] = data
        word = "creating new layer" if is_new else "using existing layer"
        type = CONFIG_TYPE if kind == "config" else media_type(kind)
        layer = Layer(media_type=type, digest=digest, size=size)
        return Part(layer, status or f"{word} {digest}")

    def replace(self, kind: str, part: Part) -> None:
        """Put a part at the end, in the place of every part of its kind."""
        self.parts = [old for old in self.parts if old.layer.media_type != media_type(kind)]
        self.parts.append(part)
