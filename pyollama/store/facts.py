"""What the store needs to know of a GGUF file, read once per blob and kept in memory.

A blob's bytes never change under its digest, so the digest is the key.
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyollama.store.errors import refusals
from pyollama_formats.gguf.reader import GGUFFile, open_gguf

__all__ = [
    "TOWERS",
    "FactsCache",
    "GGUFFacts",
    "has_towers",
    "human_number",
    "opened",
    "read_facts",
]

TOWERS = ("a.", "mm.", "mtp.", "s.", "v.")  # beginnings of names beside the text model


def human_number(count: int) -> str:
    """A parameter count as text: 8030261248 is 8.0B, 137000000 is 137M, 139584 is 140K."""
    for size, letter, digits in ((10**9, "B", 1), (10**6, "M", 2)):
        if count >= size:
            return f"{count / size:.{digits if count % size else 0}f}{letter}"
    return f"{count / 1000:.0f}K" if count >= 1000 else str(count)


@dataclass(frozen=True)
class GGUFFacts:
    """The part of a GGUF's metadata that names, details and capabilities are made of."""

    architecture: str
    kind: str  # model, adapter or projector
    parameter_count: int
    file_type: int | None  # general.file_type
    context_length: int  # <architecture>.context_length, 0 if absent
    embedding_length: int  # <architecture>.embedding_length, 0 if absent
    has_pooling: bool  # <architecture>.pooling_type exists
    has_vision: bool  # <architecture>.vision.block_count exists
    has_audio: (
        bool  # <architecture>.audio.block_count exists, or a projector with an encoder for it
    )
    chat_template: str  # tokenizer.chat_template, "" if absent
    split_count: int = 0  # split.count, how many files the model is cut into
    split_no: int | None = None  # split.no, which of them this is, from 0
    lacks_projector_type: bool = False  # encodes images, and does not say how
    has_towers: bool = False  # tensors of encoders or of a draft lie beside those of the text model


class FactsCache:
    """Facts by digest; safe for threads."""

    def __init__(self) -> None:
        self.facts: dict[str, GGUFFacts] = {}
        self.lock = threading.Lock()

    def of(self, digest: str, path: Path) -> GGUFFacts:
        """The facts of a blob; FormatError for a file that is no valid GGUF, StoreError if gone."""
        with self.lock:
            known = self.facts.get(digest)
        if known is None:
            with opened(path) as file:
                known = read_facts(file)
            with self.lock:
                self.facts[digest] = known
        return known


def opened(path: Path) -> GGUFFile:
    """Open a blob as a GGUF file.

    FormatError for one that is none, and StoreError in the words of a failed open for one that is
    not here: another process may have deleted it since it was found.
    """
    with refusals("open", path):
        return open_gguf(path)


def read_facts(file: GGUFFile) -> GGUFFacts:
    """Collect the facts of an open file."""
    architecture = _text(file, "general.architecture")
    return GGUFFacts(
        architecture=architecture,
        kind=_kind(file, architecture),
        parameter_count=sum(tensor.n_elements for tensor in file.tensors.values()),
        file_type=_whole(file, "general.file_type"),
        context_length=_whole(file, f"{architecture}.context_length") or 0,
        embedding_length=_whole(file, f"{architecture}.embedding_length") or 0,
        has_pooling=f"{architecture}.pooling_type" in file.metadata,
        has_vision=f"{architecture}.vision.block_count" in file.metadata,
        has_audio=_has_audio(file, architecture),
        chat_template=_text(file, "tokenizer.chat_template"),
        split_count=_whole(file, "split.count") or 0,
        split_no=_whole(file, "split.no"),
        lacks_projector_type=_lacks_projector_type(file),
        has_towers=has_towers(file),
    )


def has_towers(file: GGUFFile) -> bool:
    """Whether tensors of encoders or of a draft lie beside those of the text model."""
    return any(name.startswith(TOWERS) for name in file.tensors)


def _kind(file: GGUFFile, architecture: str) -> str:
    """Whether the file is a model, a LoRA adapter or a projector for images and sound."""
    stated = _text(file, "general.type")
    if stated == "adapter":
        return "adapter"
    if stated in ("projector", "mmproj"):
        return "projector"
    if _whole(file, f"{architecture}.block_count"):
        return "model"
    encoders = ("clip.has_vision_encoder", "clip.has_audio_encoder")
    if _whole(file, f"{architecture}.vision.block_count"):
        return "projector"
    is_clip = architecture == "clip" and any(file.metadata.get(key) for key in encoders)
    return "projector" if is_clip else "model"


def _lacks_projector_type(file: GGUFFile) -> bool:
    """Whether an encoder of images leaves open what stands between it and the model."""
    stated = ("clip.projector_type", "clip.vision.projector_type")
    return file.metadata.get("clip.has_vision_encoder") is True and not any(
        _text(file, key) for key in stated
    )


def _has_audio(file: GGUFFile, architecture: str) -> bool:
    """An audio tower, or a projector that says it encodes sound."""
    if f"{architecture}.audio.block_count" in file.metadata:
        return True
    if file.metadata.get("clip.vision.projector_type") == "gemma3nv":
        return False
    return any(
        key.endswith("has_audio_encoder") and value is True for key, value in file.metadata.items()
    )


def _text(file: GGUFFile, key: str) -> str:
    value: Any = file.metadata.get(key)
    return value if isinstance(value, str) else ""


def _whole(file: GGUFFile, key: str) -> int | None:
    value: Any = file.metadata.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
