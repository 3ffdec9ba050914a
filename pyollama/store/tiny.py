"""Installing the model that ships in the package.

It happens only when somebody pulls ``tiny``; a model of that name that is in the store already is
left as it is, whatever it holds.
"""

from collections.abc import Iterator
from importlib.resources import files
from typing import TYPE_CHECKING

from pyollama.store.create.assembly import Assembly, Part
from pyollama.store.create.config import apply_weights
from pyollama.store.create.texts import add_texts
from pyollama.store.create.writing import written
from pyollama.store.errors import StoreError
from pyollama.store.manifests import layers_of
from pyollama.store.names import parse_name
from pyollama.store.types import CreateRequest, ProgressResponse
from pyollama_formats.manifest import MODEL_TYPE, Layer

if TYPE_CHECKING:
    from pyollama.store.store import Store

__all__ = ["NAME", "pull"]

NAME = parse_name("tiny")
PARAMETERS = {"temperature": 0.2}  # a model so small loses its thread when it is warmer


def pull(store: "Store") -> Iterator[ProgressResponse]:
    """The lines of a pull, for which there need be no network."""
    yield ProgressResponse(status="pulling manifest")
    if not store.manifests.has(store.manifests.spelled(NAME)):
        yield from _install(store)
    else:
        yield from _present(store)
    yield ProgressResponse(status="success")


def _present(store: "Store") -> Iterator[ProgressResponse]:
    """One line for each blob of a model that is there."""
    for layer in layers_of(store.find(NAME).manifest):
        yield _progress(layer.digest, layer.size, layer.size)
    yield ProgressResponse(status="verifying sha256 digest")
    yield ProgressResponse(status="writing manifest")


def _install(store: "Store") -> Iterator[ProgressResponse]:
    """Copy the packaged file into the store and make the model of it, unchanged."""
    packaged = files("pyollama.tiny") / "tiny.gguf"
    if not packaged.is_file():
        raise StoreError("pull model manifest: the package was built without its model")
    digest, size, _ = store.add_blob([packaged.read_bytes()])
    yield _progress(digest, size, size)
    yield ProgressResponse(status="verifying sha256 digest")
    for _ in written(_assembled(store, digest, size), NAME):
        continue  # the lines of a creation are not those of a pull
    yield ProgressResponse(status="writing manifest")


def _assembled(store: "Store", digest: str, size: int) -> Assembly:
    """The model, as far as it can be before its manifest is written."""
    new = Assembly(store, CreateRequest(parameters=PARAMETERS))
    facts = store.facts.of(digest, store.blobs.open_path(digest))
    layer = Layer(media_type=MODEL_TYPE, digest=digest, size=size)
    new.parts.append(Part(layer, f"creating new layer {digest}", facts))
    apply_weights(new)
    add_texts(new)
    return new


def _progress(digest: str, total: int, completed: int) -> ProgressResponse:
    """The line of one blob."""
    label = f"pulling {digest.removeprefix('sha256:')[:12]}"
    return ProgressResponse(status=label, digest=digest, total=total, completed=completed)
