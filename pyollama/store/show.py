"""What /api/show tells of a model: texts, details, the GGUF's metadata and its tensors."""

from pathlib import Path
from typing import Any

import numpy as np

from pyollama.api import LocalTime
from pyollama.errors import FormatError, NotFound
from pyollama.gotext import go_quoted, go_value
from pyollama.store.facts import opened
from pyollama.store.model import DEFAULT_TEMPLATE, StoredModel
from pyollama.store.types import ShowResponse, TensorEntry
from pyollama_formats.gguf.reader import GGUFFile
from pyollama_formats.gguf.values import LazyArray

__all__ = ["modelfile", "parameters_text", "show"]

MAX_SHOWN = 1 << 21  # items of all arrays of a file; the longest vocabularies have 1.3 million
HIDDEN = ("general.name", "tokenizer.chat_template")


def show(
    model: StoredModel, *, verbose: bool, system: str, options: dict[str, Any]
) -> ShowResponse:
    """The whole answer; NotFound if the weights are missing, FormatError if they are damaged.

    system and options, where the request has them, appear in the texts; verbose fills in the
    arrays of the metadata.
    """
    if model.model_layer is not None and not model.blobs.has(model.model_layer.digest):
        raise NotFound(f"model '{model.name.short}' not found")
    answer = ShowResponse(
        license="\n".join(model.license),
        modelfile=modelfile(model, system=system, options=options),
        parameters=parameters_text(model.parameters),
        template=model.jinja or _template(model),
        system=system or model.system or "",
        details=model.details(lengths=False),
        messages=model.messages,
        remote_model=model.config.remote_model or "",
        remote_host=model.config.remote_host or "",
        model_info={},
        capabilities=model.capabilities(),
        modified_at=LocalTime(model.modified),
        requires=model.config.requires or "",
    )
    if model.model_path is not None:
        with opened(model.model_path) as file:
            answer.model_info = model_info(file, verbose=verbose)
            answer.tensors = tensors(file)
    for layer in model.layers("projector")[:1]:
        with opened(model.blobs.open_path(layer.digest)) as file:
            answer.projector_info = key_values(file, verbose=verbose)
    return answer


def _template(model: StoredModel) -> str:
    return DEFAULT_TEMPLATE if model.template is None else model.template


# Metadata


def model_info(file: GGUFFile, *, verbose: bool) -> dict[str, Any]:
    """Every key and value, sorted, without name and template but with the parameter count."""
    info = key_values(file, verbose=verbose)
    info["general.parameter_count"] = sum(tensor.n_elements for tensor in file.tensors.values())
    return {key: info[key] for key in sorted(info) if key not in HIDDEN}


def key_values(file: GGUFFile, *, verbose: bool) -> dict[str, Any]:
    """The metadata as JSON values; arrays are null unless verbose, an empty one is [].

    FormatError if there is more to show than anybody could want to see.
    """
    arrays = (value for value in file.metadata.values() if isinstance(value, LazyArray))
    if verbose and sum(map(len, arrays)) > MAX_SHOWN:
        raise FormatError(f"the arrays of the model's metadata have more than {MAX_SHOWN} values")
    return {key: _plain(value, verbose) for key, value in sorted(file.metadata.items())}


def _plain(value: Any, verbose: bool) -> Any:
    if isinstance(value, LazyArray):
        if not len(value):
            return []
        return [_plain(item, verbose) for item in value.tolist()] if verbose else None
    return shortest(value) if isinstance(value, float) else value


def shortest(value: float) -> float:
    """The float64 that prints like the float32 of the same value: 1e-05, not 9.9999997e-06.

    GGUF stores 32-bit floats, and Go prints them with as many digits as 32 bits need. A value that
    needs all 64 bits is given back as it is.
    """
    with np.errstate(over="ignore"):
        narrow = np.float32(value)
    return float(str(narrow)) if float(narrow) == value else value


def tensors(file: GGUFFile) -> list[TensorEntry]:
    """Names, types and shapes in the order of the file."""
    return [
        TensorEntry(name=tensor.name, type=tensor.type.name, shape=list(tensor.dims))
        for tensor in file.tensors.values()
    ]


# Texts


def parameters_text(parameters: dict[str, Any]) -> str:
    """One line per value: the key padded to 30 columns, strings in quotes."""
    lines = []
    for key, value in _pairs(parameters):
        text = go_quoted(value) if isinstance(value, str) else go_value(value)
        lines.append(f"{key:<30} {text}")
    return "\n".join(lines)


def _pairs(parameters: dict[str, Any]) -> list[tuple[str, Any]]:
    """Sorted keys, with one pair per element of a list."""
    return [
        (key, item)
        for key in sorted(parameters)
        for item in (parameters[key] if isinstance(parameters[key], list) else [parameters[key]])
    ]


def modelfile(model: StoredModel, *, system: str, options: dict[str, Any]) -> str:
    """The Modelfile that would make this model again."""
    lines = [
        '# Modelfile generated by "ollama show"',
        "# To build a new Modelfile based on this, replace FROM with:",
        f"# FROM {model.name.short}",
        "",
    ]
    commands = [("FROM", _path(model.model_path))]
    commands += [("ADAPTER", str(path)) for path in model.adapter_paths]
    if model.draft_path is not None:
        commands.append(("DRAFT", str(model.draft_path)))
    commands += [("FROM", str(path)) for path in model.projector_paths]
    commands.append(("TEMPLATE", _quoted(_template(model))))
    commands += _optional(model, system)
    parameters = model.parameters | options
    commands += [(f"PARAMETER {key}", _quoted(go_value(v))) for key, v in _pairs(parameters)]
    commands += [("LICENSE", _quoted(text)) for text in model.license]
    commands += [(f"MESSAGE {one.role}", _quoted(one.content)) for one in model.messages]
    return "\n".join([*lines, *(f"{word} {value}" for word, value in commands)]) + "\n"


def _path(path: Path | None) -> str:
    return "" if path is None else str(path)


def _optional(model: StoredModel, system: str) -> list[tuple[str, str]]:
    """The commands that are there only if they say something."""
    values = {
        "SYSTEM": system or model.system or "",
        "RENDERER": model.config.renderer or "",
        "PARSER": model.config.parser or "",
    }
    return [(word, _quoted(value)) for word, value in values.items() if value]


def _quoted(text: str) -> str:
    """Quotes, only where a newline or a blank at an end would be lost without them."""
    if "\n" in text or text.startswith(" ") or text.endswith(" "):
        return f'"""{text}"""' if '"' in text else f'"{text}"'
    return text
