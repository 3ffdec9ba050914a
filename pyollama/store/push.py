"""Sending a model to a registry: so far what can be said without one.

Names are taken as they come: a source suffix is part of the tag here.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyollama.errors import BadRequest, NotFound
from pyollama.store.errors import StoreError
from pyollama.store.names import parse_name, unchecked_name
from pyollama.store.types import ProgressResponse

if TYPE_CHECKING:
    from pyollama.store.store import Store

__all__ = ["push"]


def push(store: "Store", raw_name: str) -> Iterator[ProgressResponse]:
    """The lines of a push; StoreError for a name that is none, a model that is not stored."""
    yield ProgressResponse(status="retrieving manifest")
    try:
        name = parse_name(raw_name)
    except BadRequest as error:
        yield ProgressResponse(status="couldn't retrieve manifest")
        raise StoreError(f"unqualified name: {unchecked_name(raw_name).full}") from error
    spelled = store.manifests.spelled(name)
    try:
        store.manifests.read(spelled)
    except NotFound as error:
        yield ProgressResponse(status="couldn't retrieve manifest")
        path = store.manifests.path(spelled)
        raise StoreError(f"open {path}: no such file or directory") from error
    raise StoreError(f"push {name.full}: this version has no registry client")
