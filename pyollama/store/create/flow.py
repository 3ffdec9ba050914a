"""The order in which a model is made."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyollama.errors import BadRequest
from pyollama.store.create.assembly import Assembly
from pyollama.store.create.base import from_model
from pyollama.store.create.checks import check_request
from pyollama.store.create.config import apply_request, apply_weights
from pyollama.store.create.files import from_files
from pyollama.store.create.rewriting import rewritten
from pyollama.store.create.texts import add_texts
from pyollama.store.create.writing import written
from pyollama.store.errors import StoreError
from pyollama.store.names import Name, parse_name
from pyollama.store.types import CreateRequest, ProgressResponse

if TYPE_CHECKING:
    from pyollama.store.store import Store

__all__ = ["create"]


def create(store: "Store", request: CreateRequest) -> Iterator[ProgressResponse]:
    """Check the request, then give the lines that make the model while they are drawn."""
    check_request(request)
    name = parse_name(request.model or request.name)
    return _lines(Assembly(store, request), name)


def _lines(new: Assembly, name: Name) -> Iterator[ProgressResponse]:
    """The lines of progress; every step adds to the parts that the ones before it have made."""
    yield from _base(new)
    _refuse_what_is_missing(new.request)
    apply_request(new)
    yield from rewritten(new)
    apply_weights(new)
    add_texts(new)
    yield from written(new, name)


def _base(new: Assembly) -> Iterator[ProgressResponse]:
    """Where the weights come from; a model wins over files."""
    if new.request.from_:
        return from_model(new)
    if new.request.files is not None:
        return from_files(new, new.request.files)
    raise BadRequest("neither 'from' or 'files' was specified")


def _refuse_what_is_missing(request: CreateRequest) -> None:
    """Say so where the request needs what this version cannot do, instead of leaving it out."""
    if request.adapters is not None and not request.adapters:
        raise BadRequest("unknown type")
    if request.adapters:
        raise StoreError("adapters are not supported by this version")
    if request.draft_files:
        raise StoreError("draft models are not supported by this version")
    if request.remote_host:
        raise BadRequest("bad remote")
