"""The order in which a model is made."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyollama.errors import BadRequest
from pyollama.store.create.adapters import add_adapters
from pyollama.store.create.assembly import Assembly
from pyollama.store.create.base import from_model
from pyollama.store.create.checks import check_request
from pyollama.store.create.config import apply_request, apply_weights
from pyollama.store.create.drafts import add_drafts
from pyollama.store.create.files import from_files
from pyollama.store.create.remote import from_remote, is_remote
from pyollama.store.create.rewriting import rewritten
from pyollama.store.create.texts import add_texts
from pyollama.store.create.writing import written
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
    apply_request(new)
    yield from rewritten(new)
    apply_weights(new)
    add_texts(new)
    yield from written(new, name)


def _base(new: Assembly) -> Iterator[ProgressResponse]:
    """Where the weights come from, and what goes with them; a model wins over files."""
    if new.request.from_ and is_remote(new.request):
        from_remote(new)
        if new.request.draft_files:
            raise BadRequest("DRAFT cannot be used with remote models")
        return
    if new.request.from_:
        from_model(new)
    elif new.request.files is not None:
        yield from from_files(new, new.request.files)
    else:
        raise BadRequest("neither 'from' or 'files' was specified")
    yield from add_adapters(new)
    yield from add_drafts(new)
