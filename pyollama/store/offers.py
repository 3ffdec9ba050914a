"""The store as other machines see it through the distribution protocol: what may be fetched.

A stored name begins with the registry that the model came from, a path of the protocol does not:
there, the host is this machine. So ``library/llama3.2:latest`` is the model of that name from
Ollama's own registry, if it is stored; else the one from whichever other registry has it here, as
long as all that do have the same one. A blob is given out only if a manifest of the repository
that was asked lists it.
"""

from collections.abc import Iterator
from pathlib import Path

from pyollama.errors import NotFound, PyollamaError
from pyollama.store.blobs import Blobs
from pyollama.store.errors import StoreError
from pyollama.store.manifests import Manifests, StoredManifest, digests_of
from pyollama.store.names import DEFAULT_HOST, Name
from pyollama_formats.errors import FormatError

__all__ = ["Ambiguous", "Offers"]

Repository = tuple[str, str]
"""The namespace and the model, in any case."""


class Ambiguous(PyollamaError):
    """Several registries have given this store different models of that name."""


class Offers:
    """What of a store can be fetched. Manifests that cannot be read are as good as absent."""

    def __init__(self, manifests: Manifests, blobs: Blobs) -> None:
        self.manifests = manifests
        self.blobs = blobs

    def repositories(self) -> list[str]:
        """Every ``namespace/model`` that has a tag, sorted."""
        return sorted({f"{name.namespace}/{name.model}" for name in self.manifests.names()})

    def tags(self, repository: Repository) -> list[str]:
        """The tags of a repository, sorted; none if there is no such repository."""
        return sorted({name.tag for name in self.manifests.names(*repository)})

    def tagged(self, repository: Repository, tag: str) -> StoredManifest | None:
        """The manifest of a tag, or None. Ambiguous if it is not clear which one that is."""
        wanted = tag.lower()
        found = [pair for pair in self._stored(repository) if pair[0].tag.lower() == wanted]
        ours = [stored for name, stored in found if name.host.lower() == DEFAULT_HOST]
        candidates = ours or [stored for _, stored in found]
        if len({stored.digest for stored in candidates}) > 1:
            hosts = ", ".join(sorted(name.host for name, _ in found))
            raise Ambiguous(f"{'/'.join(repository)}:{tag} is another model from each of {hosts}")
        return candidates[0] if candidates else None

    def by_digest(self, repository: Repository, digest: str) -> StoredManifest | None:
        """The manifest of a repository that has the digest ``sha256:<hex>``, or None."""
        hexadecimal = digest.removeprefix("sha256:")
        stored = (stored for _, stored in self._stored(repository))
        return next((found for found in stored if found.digest == hexadecimal), None)

    def blob(self, repository: Repository, digest: str) -> Path | None:
        """Where a blob lies that a manifest of the repository lists, or None.

        digest is well formed, ``sha256:<hex>``.
        """
        is_listed = any(digest in digests_of(stored) for _, stored in self._stored(repository))
        return self.blobs.path(digest) if is_listed and self.blobs.has(digest) else None

    def _stored(self, repository: Repository) -> Iterator[tuple[Name, StoredManifest]]:
        """The manifests of a repository, from whichever registry."""
        for name in self.manifests.names(*repository):
            try:
                yield name, self.manifests.read(name)
            except (FormatError, StoreError, NotFound):
                continue
