"""What is refused before the first line of progress, when no blob has been looked at yet."""

import posixpath
from collections.abc import Iterable

from pyollama.errors import BadRequest
from pyollama.store.types import CreateRequest

__all__ = ["check_request", "is_local"]


def check_request(request: CreateRequest) -> None:
    """Check paths and digests as texts; BadRequest for the first that is wrong."""
    _check_paths([*(request.files or {}), *(request.draft_files or {})])
    for files in (request.files, request.draft_files, request.adapters):
        if any(not digest for digest in (files or {}).values()):
            raise BadRequest("invalid digest format")
    if request.draft_quantize and not request.draft_files:
        raise BadRequest("--draft-quantize requires a DRAFT model")


def _check_paths(paths: Iterable[str]) -> None:
    if not all(map(is_local, paths)):
        raise BadRequest("file path must be relative")


def is_local(path: str) -> bool:
    """Whether a path of an upload is relative and clean: no "..", no ".", no empty element."""
    return bool(path) and all(part not in ("", ".", "..") for part in path.split(posixpath.sep))
