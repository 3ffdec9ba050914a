"""LoRA adapters, which change a model's weights while it runs."""

from collections.abc import Iterator

from pyollama.errors import BadRequest, FormatError
from pyollama.store.create.assembly import Assembly
from pyollama.store.create.autodetect import add_known_templates
from pyollama.store.create.files import convert
from pyollama.store.errors import StoreError
from pyollama.store.types import ProgressResponse

__all__ = ["add_adapters"]


def add_adapters(new: Assembly) -> Iterator[ProgressResponse]:
    """Add the adapter that the request names; BadRequest for whatever is wrong with it."""
    files = new.request.adapters
    if files is None:
        return
    is_safetensors = any(path.endswith(".safetensors") for path in files)
    if len(files) > 1 and not is_safetensors:
        raise BadRequest("only one adapter is currently supported")
    try:
        if is_safetensors and not any(part.is_model for part in new.parts):
            yield ProgressResponse(status="converting adapter")
            raise BadRequest("no base model was found")
        parts = yield from convert(new, files, "converting adapter")
    except (StoreError, FormatError) as error:
        raise BadRequest(str(error)) from error
    new.parts += parts
    add_known_templates(new, parts)
