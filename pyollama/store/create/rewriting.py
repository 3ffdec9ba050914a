"""What becomes of weights before they are a layer: they are quantized, or looked through."""

from collections.abc import Generator, Iterator

from pyollama.store.create.assembly import Assembly, Part
from pyollama.store.errors import StoreError
from pyollama.store.types import ProgressResponse

__all__ = ["rewritten"]

QUANTIZE = ("F32", "F16", "BF16", "Q8_0", "Q4_K_S", "Q4_K_M", "Q4_K")


def rewritten(new: Assembly) -> Iterator[ProgressResponse]:
    """Give every part with weights the form that the request asks for, in its place."""
    wanted = (new.request.quantize or new.request.quantization).upper()
    for place, part in enumerate(new.parts):
        if part.is_weights:
            new.parts[place] = yield from _one(new, part, wanted)


def _one(new: Assembly, part: Part, wanted: str) -> Generator[ProgressResponse, None, Part]:
    """Quantize the weights of a part; those of a new file are otherwise used as they are."""
    if wanted:
        _refuse(wanted)
    if part.is_new:
        # The reader has checked the file from end to end when it was parsed.
        yield ProgressResponse(status="verifying conversion")
    return part


def _refuse(wanted: str) -> None:
    if wanted not in QUANTIZE:
        supported = "F32, F16, Q4_K_S, Q4_K_M, Q8_0"
        raise StoreError(
            f"unsupported quantization type {wanted} - supported types are {supported}"
        )
    raise StoreError("quantizing is not supported by this version")
