"""Installing the model that ships in the package.

It happens only when somebody pulls ``tiny``; a model of that name that is in the store already is
left as it is, whatever it holds.
"""

from collections.abc import Iterator
from importlib.resources import files
from typing import TYPE_CHECKING

from pyollama.store.errors import StoreError
from pyollama.store.manifests import layers_of
from pyollama.store.names import Name, parse_name
from pyollama.store.types import CreateRequest, ProgressResponse

if TYPE_CHECKING:
    from pyollama.store.store import Store

__all__ = ["NAME", "pull"]

NAME = parse_name("tiny")
PARAMETERS = {"temperature": 0.2}  # a model so small loses its thread when it is warmer


def pull(store: "Store", name: Name) -> Iterator[ProgressResponse]:
    """The lines of a pull; StoreError for any other model, since there is no registry client."""
    yield ProgressResponse(status="pulling manifest")
    if name.full.lower() != NAME.full:
        raise StoreError(
            "pull model manifest: this version has no registry client; "
            f'only "{NAME.model}", which ships with it, can be pulled'
        )
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
    """Copy the packaged file into the store and make the model from it."""
    packaged = files("pyollama.tiny") / "tiny.gguf"
    if not packaged.is_file():
        raise StoreError("pull model manifest: the package was built without its model")
    digest, size, _ = store.add_blob([packaged.read_bytes()])
    yield _progress(digest, size, size)
    yield ProgressResponse(status="verifying sha256 digest")
    request = CreateRequest(model=NAME.full, files={"tiny.gguf": digest}, parameters=PARAMETERS)
    for _ in store.create(request):
        continue  # the lines of a creation are not those of a pull
    yield ProgressResponse(status="writing manifest")


def _progress(digest: str, total: int, completed: int) -> ProgressResponse:
    """The line of one blob."""
    label = f"pulling {digest.removeprefix('sha256:')[:12]}"
    return ProgressResponse(status=label, digest=digest, total=total, completed=completed)
