"""Which files of a folder make a model: weights, what describes them, and the tokenizer.

A file counts by its name, and for most names also by its contents: what stands for a large file
that was not fetched is text, and a page with an error that was saved as JSON is HTML.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from pyollama.cli.errors import CommandError
from pyollama.cli.sniffing import BINARY, TEXT, ZIP, kind_of

__all__ = ["model_files"]

ANY = ""  # kind of file that is not looked at
WEIGHTS = (
    (("model*.safetensors", "*/model*.safetensors"), ANY),
    (("consolidated*.safetensors",), ANY),
    (("pytorch_model*.bin",), ZIP),
    (("consolidated*.pth",), ZIP),
    (("*.gguf",), BINARY),
    (("*.bin",), BINARY),
)
DESCRIPTIONS = ("*.json", "*/*.json", "chat_template.jinja")
TOKENIZERS = ((("tokenizer.model",), BINARY), (("*/tokenizer.model",), TEXT))
CACHE_ADVICE = "\n\nUse --local-dir <dir> when downloading model to disable caching"


def model_files(folder: Path) -> list[Path]:
    """The files of the model in a folder, in the order of the tables above.

    CommandError, in Ollama's words, if there is none, for a description that is no text, and for a
    link that leads out of the folder.
    """
    weights = first_found(folder, WEIGHTS)
    if not weights:
        raise CommandError("no Modelfile or safetensors files found")
    descriptions = [path for pattern in DESCRIPTIONS for path in found(folder, pattern)]
    for path in descriptions:
        if (kind := kind_of(path)) != TEXT:
            raise CommandError(f"invalid content type: expected {kind} for {path}")
    return [*weights, *descriptions, *first_found(folder, TOKENIZERS)]


def first_found(folder: Path, table: tuple[tuple[tuple[str, ...], str], ...]) -> list[Path]:
    """What the first row of a table finds that finds anything; all of it must be of its kind."""
    for patterns, kind in table:
        paths = [path for pattern in patterns for path in found(folder, pattern)]
        if paths and (kind == ANY or all(kind_of(path) == kind for path in paths)):
            return paths
    return []


def found(folder: Path, pattern: str) -> Iterator[Path]:
    """The files whose names match, sorted; CommandError for one that lies elsewhere."""
    root = folder.resolve()
    for path in sorted(folder.glob(pattern)):
        place = path.resolve()
        if not place.is_relative_to(root):
            way = os.path.relpath(place, root)
            advice = CACHE_ADVICE if ".cache" in way else ""
            raise CommandError(f"insecure path: {way}{advice}")
        if place.is_file():
            yield path
