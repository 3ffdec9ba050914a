"""Quantizing stored weights: a blob of floats becomes one whose matrices take fewer bits.

layout       in which order keys and tensors stand
rules        which type each tensor gets
rewrite      the new file, written as a stream
"""

from collections.abc import Generator
from typing import TYPE_CHECKING

from pyollama.store.blob_writer import BlobWriter
from pyollama.store.errors import StoreError
from pyollama.store.facts import GGUFFacts, opened
from pyollama.store.quantization.rules import TARGETS
from pyollama.store.types import NO_DIGEST, ProgressResponse
from pyollama_formats.gguf.file_types import file_type_name

if TYPE_CHECKING:
    from pyollama.store.blobs import Blobs

__all__ = ["needed_target", "quantized"]

SOURCES = ("F16", "BF16", "F32")
ALIASES = {"Q4_K": "Q4_K_M"}
NOT_FLOATS = "quantization is only supported for F16, BF16 and F32 models"
STEP = 64 << 20  # bytes of the source between two lines of progress


def needed_target(wanted: str, facts: GGUFFacts, refusal: str = NOT_FLOATS) -> str | None:
    """The type that weights are to be quantized to, None if they are of that type already.

    wanted: as the request has it, not empty
    StoreError for an unknown type, and with `refusal` for weights that are not floats by their
    own account. A file of F32 says no more about itself than one that says nothing, and is
    refused as by Ollama.
    """
    target = ALIASES.get(wanted.upper(), wanted.upper())
    if target not in TARGETS:
        supported = "F32, F16, Q4_K_S, Q4_K_M, Q8_0"
        raise StoreError(
            f"unsupported quantization type {target} - supported types are {supported}"
        )
    source = file_type_name(facts.file_type)
    if source not in SOURCES:
        raise StoreError(refusal)
    return None if source == target else target


def quantized(
    blobs: "Blobs", digest: str, facts: GGUFFacts, target: str
) -> Generator[ProgressResponse, None, tuple[str, int, bool]]:
    """Write a blob's weights in the types of a target, as a new blob.

    Gives its digest, its size and whether it is new, after the lines of progress: one for every
    64 MiB, so that a small model has none. Closing the generator leaves nothing behind.
    """
    from pyollama.store.quantization.rewrite import rewrite  # compiled code, needed here only

    status, told = f"quantizing {file_type_name(facts.file_type)} model to {target}", 0
    with opened(blobs.open_path(digest)) as file, BlobWriter(blobs) as writer:
        for done in rewrite(file, target, writer.write):
            if done - told >= STEP or (told and done == file.size):
                told = done
                yield ProgressResponse(
                    status=status, digest=NO_DIGEST, total=file.size, completed=done
                )
        made, is_new = writer.finish()
    yield ProgressResponse(status="verifying conversion")
    return made, writer.size, is_new
