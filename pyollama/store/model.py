"""A stored model: its manifest, and what the blobs that the manifest names say.

Nothing is read before it is asked for, so that a list of many models stays quick.
"""

import contextlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pyollama.api import ModelDetails
from pyollama.store.blobs import Blobs, is_digest
from pyollama.store.capabilities import Sources, listed_capabilities, shown_capabilities
from pyollama.store.errors import StoreError
from pyollama.store.facts import FactsCache, GGUFFacts
from pyollama.store.manifests import Stamp
from pyollama.store.names import Name
from pyollama.store.templates import prefers_jinja
from pyollama.store.types import ShowMessage
from pyollama_formats.errors import FormatError
from pyollama_formats.gguf.file_types import file_type_name
from pyollama_formats.manifest import IMAGE_TYPE, Config, Layer, Manifest

__all__ = ["DEFAULT_TEMPLATE", "StoredModel", "media_type"]

DEFAULT_TEMPLATE = "{{ .Prompt }}"
MAX_TEXT = 64 << 20  # bytes of a config, or of all layers of one kind of text together


def media_type(kind: str) -> str:
    """The media type of a kind of layer: model, template, system, params, license ..."""
    return IMAGE_TYPE + kind


@dataclass(frozen=True)
class StoredModel:
    """One model of a store; digest is the hex SHA-256 of the manifest, stamp that of its file."""

    name: Name
    manifest: Manifest
    digest: str
    stamp: Stamp
    blobs: Blobs
    cache: FactsCache
    go_template: bool | None = None  # what OLLAMA_GO_TEMPLATE says; None where it is unset

    @property
    def modified(self) -> int:
        """When the manifest was written, in nanoseconds since 1970."""
        return self.stamp.modified

    @cached_property
    def size(self) -> int:
        """The sizes that the manifest states, in bytes; a blob that is named twice counts twice."""
        return sum(layer.size for layer in self.manifest.layers) + self.manifest.config.size

    @cached_property
    def config(self) -> Config:
        """The config blob; an empty one if the manifest names none."""
        digest = self.manifest.config.digest
        if digest and not is_digest(digest):
            raise FormatError(f"the config of {self.name.full} has an invalid digest")
        return Config.decode(self.blobs.read(digest, MAX_TEXT) if digest else b"{}")

    def layers(self, *kinds: str) -> list[Layer]:
        """The layers of these kinds that name a blob, in the manifest's order."""
        wanted = {media_type(kind) for kind in kinds}
        found = [layer for layer in self.manifest.layers if layer.media_type in wanted]
        return [layer for layer in found if is_digest(layer.digest)]

    @cached_property
    def model_layer(self) -> Layer | None:
        """The weights: the last model layer, as upstream takes it."""
        return next(reversed(self.layers("model")), None)

    @cached_property
    def model_path(self) -> Path | None:
        """Where the weights lie; the file itself may be missing."""
        return self.blobs.path(self.model_layer.digest) if self.model_layer else None

    @cached_property
    def projector_paths(self) -> list[Path]:
        """Where the projectors for images and sound lie."""
        return [self.blobs.path(layer.digest) for layer in self.layers("projector")]

    @cached_property
    def adapter_paths(self) -> list[Path]:
        """Where the LoRA adapters lie."""
        return [self.blobs.path(layer.digest) for layer in self.layers("adapter")]

    @cached_property
    def draft_path(self) -> Path | None:
        """Where the draft model lies; the last one counts."""
        layer = next(reversed(self.layers("draft")), None)
        return self.blobs.path(layer.digest) if layer else None

    @cached_property
    def facts(self) -> GGUFFacts | None:
        """What the weights file says; StoreError if it is missing, None without a model layer."""
        return None if self.model_layer is None else self._facts(self.model_layer)

    def _facts(self, layer: Layer) -> GGUFFacts:
        return self.cache.of(layer.digest, self.blobs.open_path(layer.digest))

    def _texts(self, *kinds: str) -> list[str]:
        """The texts of the layers of these kinds; StoreError if they are too long together."""
        texts, room = [], MAX_TEXT
        for layer in self.layers(*kinds):  # a manifest may name one long blob many times
            data = self.blobs.read(layer.digest, room)
            room -= len(data)
            texts.append(data.decode("utf-8", "replace"))
        return texts

    @cached_property
    def template(self) -> str | None:
        """The Go template layer, under its present or its old media type; the last one counts."""
        return next(reversed(self._texts("template", "prompt")), None)

    @cached_property
    def system(self) -> str | None:
        """The system message."""
        return next(reversed(self._texts("system")), None)

    @cached_property
    def license(self) -> list[str]:
        """The license texts."""
        return self._texts("license")

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The stored options; of several layers later keys win."""
        merged: dict[str, Any] = {}
        for text in self._texts("params"):
            value = _decoded(text)
            if not isinstance(value, dict):
                raise FormatError("the parameters of the model are not a JSON object")
            merged |= value
        return merged

    @cached_property
    def messages(self) -> list[ShowMessage]:
        """The stored conversation."""
        values = [value for text in self._texts("messages") for value in _list(_decoded(text))]
        return [ShowMessage(role=_text(v, "role"), content=_text(v, "content")) for v in values]

    @property
    def jinja(self) -> str:
        """The chat template of the GGUF, if that is the one in use, else ""."""
        if self.config.renderer or self.config.parser or self.uses_go_template:
            return ""
        return self.facts.chat_template if self.facts else ""

    @cached_property
    def uses_go_template(self) -> bool:
        """Whether the template layer makes the prompts, rather than the template of the GGUF."""
        if self.template is None:
            return False
        if self.is_harmony:
            return True
        if self.go_template is not None:
            return self.go_template
        facts = self._known()
        return not (facts and facts.chat_template) or not prefers_jinja(
            self.template, facts.chat_template
        )

    @property
    def parser_name(self) -> str:
        """The built-in parser of the model's answers, "" if it has none."""
        return self.config.parser or ("harmony" if self.is_harmony else "")

    @property
    def is_harmony(self) -> bool:
        """Whether the model is one of gpt-oss, which speaks Harmony."""
        template = self.template or ""
        is_family = self.config.model_family in ("gptoss", "gpt-oss")
        return is_family and "<|start|>" in template and "<|end|>" in template

    def details(self, *, lengths: bool = True) -> ModelDetails:
        """What /api/tags (with lengths) and /api/show (without) tell of the model."""
        config = self.config
        details = ModelDetails(
            parent_model=(self.model_layer.from_ if self.model_layer else "") or "",
            format=config.model_format,
            family=config.model_family,
            families=config.model_families,
            parameter_size=config.model_type,
            quantization_level=self._quantization(),
        )
        if lengths:
            facts = None if config.context_length and config.embedding_length else self._known()
            details.context_length = config.context_length or (facts.context_length if facts else 0)
            details.embedding_length = config.embedding_length or (
                facts.embedding_length if facts else 0
            )
        return details

    def _quantization(self) -> str:
        """The config's text, repaired from the file where it says nothing."""
        stated = self.config.file_type
        if stated not in ("", "unknown"):
            return stated
        facts = self._known()
        return file_type_name(facts.file_type) if facts else stated

    def _known(self) -> GGUFFacts | None:
        """The facts, or None where the weights are missing or damaged."""
        try:
            return self.facts
        except (StoreError, FormatError):
            return None

    def capabilities(self, *, listed: bool = False) -> list[str]:
        """What the model can do, in the order of /api/show or, listed, of /api/tags.

        Weights that are missing have no capabilities; FormatError for damaged ones, but not in a
        list.
        """
        facts = self._known()
        if facts is None and not listed and self.has_weights:
            facts = self.facts  # raises what is wrong with the file
        template = self.template
        sources = Sources(
            facts=facts,
            projectors=self._projector_facts() if facts else [],
            stated=list(self.config.capabilities or []),
            jinja=self.jinja if facts and not listed else "",
            template=DEFAULT_TEMPLATE if template is None else template,
            family=self.config.model_family,
            parser=self.parser_name,
        )
        return listed_capabilities(sources) if listed else shown_capabilities(sources)

    @property
    def has_weights(self) -> bool:
        """Whether the weights lie in the store; a link that leads out of it does not count."""
        return self.model_layer is not None and self.blobs.has(self.model_layer.digest)

    def _projector_facts(self) -> list[GGUFFacts]:
        """The facts of the projectors that can be read."""
        found = []
        for layer in self.layers("projector"):
            with contextlib.suppress(StoreError, FormatError):
                found.append(self._facts(layer))
        return found


def _decoded(text: str) -> Any:
    """The first JSON value of a layer; FormatError instead of Python's errors."""
    try:
        return json.JSONDecoder().raw_decode(text.lstrip())[0]
    except (ValueError, RecursionError) as error:
        raise FormatError(f"a layer of the model is not JSON: {error}") from error


def _list(value: Any) -> list[Any]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: dict[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
