"""What becomes of weights before they are a layer: quantized, completed, or looked through."""

from collections.abc import Generator, Iterator
from dataclasses import replace

from msgspec import structs

from pyollama.store.create.assembly import Assembly, Part
from pyollama.store.create.copying import CopiedBlob
from pyollama.store.create.projector import typed_projector
from pyollama.store.create.settling import settled
from pyollama.store.facts import GGUFFacts
from pyollama.store.quantization import needed_target, quantized
from pyollama.store.types import ProgressResponse
from pyollama_formats.gguf.file_types import file_type_name

__all__ = ["rewritten"]


def rewritten(new: Assembly) -> Iterator[ProgressResponse]:
    """Give every part with weights the form that the request asks for, in its place."""
    wanted = new.request.quantize or new.request.quantization
    for place, part in enumerate(new.parts):
        if part.is_model:
            new.parts[place] = yield from _model(new, part, wanted)
        elif part.is_uploaded and part.facts is not None and part.facts.lacks_projector_type:
            new.parts[place] = yield from _projector(new, part)
        elif part.is_uploaded and part.is_draft and new.request.draft_quantize:
            new.parts[place] = yield from _draft(new, part, new.request.draft_quantize)


def _model(new: Assembly, part: Part, wanted: str) -> Generator[ProgressResponse, None, Part]:
    """Quantize the weights of a part; those of an upload are otherwise copied into order."""
    assert part.facts is not None
    target = needed_target(wanted, part.facts) if wanted else None
    if target is not None:
        return (yield from _quantized(new, part, part.facts, target))
    if part.is_uploaded and not part.layer.from_:
        made = yield from settled(new.store.blobs, part.layer.digest)
        return part if made is None else _remade(new, part, made)
    return part


def _draft(new: Assembly, part: Part, wanted: str) -> Generator[ProgressResponse, None, Part]:
    """Quantize an uploaded draft, which has a request of its own for that."""
    assert part.facts is not None
    source = file_type_name(part.facts.file_type)
    refusal = f"draft quantization requires an unquantized draft model, got {source}"
    target = needed_target(wanted, part.facts, refusal)
    if target is None:
        return part
    return (yield from _quantized(new, part, part.facts, target))


def _quantized(
    new: Assembly, part: Part, facts: GGUFFacts, target: str
) -> Generator[ProgressResponse, None, Part]:
    made = yield from quantized(new.store.blobs, part.layer.digest, facts, target)
    return _remade(new, part, made)


def _projector(new: Assembly, part: Part) -> Generator[ProgressResponse, None, Part]:
    """Let a projector say what it is, which makes it another file."""
    path = new.store.blobs.open_path(part.layer.digest)
    made = yield from typed_projector(new.store.blobs, path)
    return _remade(new, part, made)


def _remade(new: Assembly, part: Part, made: CopiedBlob) -> Part:
    """The part with another file in the place of its own, which comes from nobody else."""
    digest, size, is_new = made
    layer = structs.replace(part.layer, digest=digest, size=size, from_="")
    facts = new.store.facts.of(digest, new.store.blobs.open_path(digest))
    word = "creating new layer" if is_new else "using existing layer"
    return replace(part, layer=layer, status=f"{word} {digest}", facts=facts)
