"""What becomes of weights before they are a layer: quantized, completed, or looked through."""

from collections.abc import Generator, Iterator
from dataclasses import replace

from msgspec import structs

from pyollama.store.create.assembly import Assembly, Part
from pyollama.store.create.projector import typed_projector
from pyollama.store.errors import StoreError
from pyollama.store.types import ProgressResponse

__all__ = ["rewritten"]

QUANTIZE = ("F32", "F16", "BF16", "Q8_0", "Q4_K_S", "Q4_K_M", "Q4_K")


def rewritten(new: Assembly) -> Iterator[ProgressResponse]:
    """Give every part with weights the form that the request asks for, in its place."""
    wanted = (new.request.quantize or new.request.quantization).upper()
    for place, part in enumerate(new.parts):
        if part.is_model:
            new.parts[place] = yield from _model(part, wanted)
        elif part.is_uploaded and part.facts is not None and part.facts.lacks_projector_type:
            new.parts[place] = yield from _projector(new, part)
        elif part.is_uploaded and part.is_draft and new.request.draft_quantize:
            _refuse(new.request.draft_quantize.upper())


def _model(part: Part, wanted: str) -> Generator[ProgressResponse, None, Part]:
    """Quantize the weights of a part; those of an upload are otherwise used as they are."""
    if wanted:
        _refuse(wanted)
    if part.is_uploaded and not part.layer.from_:
        # The reader has checked the file from end to end when it was parsed.
        yield ProgressResponse(status="verifying conversion")
    return part


def _projector(new: Assembly, part: Part) -> Generator[ProgressResponse, None, Part]:
    """Let a projector say what it is, which makes it another file."""
    path = new.store.blobs.open_path(part.layer.digest)
    digest, size, is_new = yield from typed_projector(new.store.blobs, path)
    layer = structs.replace(part.layer, digest=digest, size=size, from_="")
    facts = new.store.facts.of(digest, new.store.blobs.open_path(digest))
    word = "creating new layer" if is_new else "using existing layer"
    return replace(part, layer=layer, status=f"{word} {digest}", facts=facts)


def _refuse(wanted: str) -> None:
    if wanted not in QUANTIZE:
        supported = "F32, F16, Q4_K_S, Q4_K_M, Q8_0"
        raise StoreError(
            f"unsupported quantization type {wanted} - supported types are {supported}"
        )
    raise StoreError("quantizing is not supported by this version")
