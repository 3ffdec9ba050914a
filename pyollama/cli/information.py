"""The overview that ``pyollama show`` prints: blocks with a title and indented columns."""

import textwrap
from typing import Any

from pyollama.gotext import go_value

__all__ = ["information"]

INDENT = "    "
WIDTH = 30  # columns of a cell
TEXT_WIDTH = 100  # columns of a cell of free text
LIST_WIDTH = 10  # columns of a list's first elements
TEXT_LINES = 2  # lines of a system message or license

Rows = list[list[str]]


def information(answer: dict[str, Any], *, verbose: bool) -> str:
    """The blocks for an answer of /api/show."""
    info: dict[str, Any] = answer.get("model_info") or {}
    blocks = [
        block("Model", model_rows(answer, info)),
        block("Capabilities", [[name] for name in answer.get("capabilities") or []]),
        block("Projector", projector_rows(answer.get("projector_info") or {})),
        block("Parameters", [line.split() for line in answer.get("parameters", "").splitlines()]),
    ]
    if verbose:
        metadata = [[key, metadata_text(info[key])] for key in sorted(info)]
        tensors = [
            [one["name"], one["type"], go_value(one["shape"])]
            for one in answer.get("tensors") or []
        ]
        blocks += [block("Metadata", metadata), block("Tensors", tensors)]
    blocks += [
        block(title, text_rows(answer.get(key, "")), TEXT_WIDTH)
        for title, key in (("System", "system"), ("License", "license"))
    ]
    return "".join(blocks)


def block(title: str, rows: Rows, width: int = WIDTH) -> str:
    """A title and its rows, each cell wrapped and padded; nothing if there are no rows."""
    if not rows:
        return ""
    columns = max(map(len, rows))
    lines = [line for row in rows for line in wrapped(row + [""] * (columns - len(row)), width)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [f"  {title}\n"]
    for line in lines:
        cells = (cell.ljust(size) + INDENT for cell, size in zip(line, widths, strict=True))
        text.append(INDENT + "".join(cells) + "\n")
    return "".join(text) + "\n"


def wrapped(row: list[str], width: int) -> Rows:
    """The lines of one row, whose cells are broken between words."""
    cells = [textwrap.wrap(cell, width, break_long_words=False) or [""] for cell in row]
    height = max(map(len, cells))
    return [[cell[i] if i < len(cell) else "" for cell in cells] for i in range(height)]


def model_rows(answer: dict[str, Any], info: dict[str, Any]) -> Rows:
    """Architecture, size, lengths and quantization."""
    details: dict[str, Any] = answer["details"]
    architecture = str(info.get("general.architecture") or details["family"])
    rows = [["architecture", architecture], ["parameters", details["parameter_size"]]]
    for label in ("context length", "embedding length"):
        value = info.get(f"{architecture}.{label.replace(' ', '_')}")
        if value is not None:
            rows.append([label, str(value)])
    rows.append(["quantization", details["quantization_level"]])
    if answer.get("requires"):
        rows.append(["requires", answer["requires"]])
    return rows


def projector_rows(info: dict[str, Any]) -> Rows:
    """What the projector for images is."""
    if not info:
        return []
    keys = {
        "architecture": "general.architecture",
        "parameters": "general.parameter_count",
        "embedding length": "clip.vision.embedding_length",
        "dimensions": "clip.vision.projection_dim",
    }
    from pyollama.store.facts import human_number  # which few models need

    known = {label: info[key] for label, key in keys.items() if info.get(key) is not None}
    if "parameters" in known:
        known["parameters"] = human_number(known["parameters"])
    return [[label, str(value)] for label, value in known.items()]


def metadata_text(value: Any) -> str:
    """One value: numbers in their general form, lists cut to their first elements."""
    return cut(value) if isinstance(value, list) else go_value(value)


def cut(values: list[Any]) -> str:
    """``[a b ...+7 more]``: as many elements as fit, at least one."""
    shown, width = 0, 1
    for value in values:
        width += len(go_value(value)) + (2 if shown else 0)
        if shown and width > LIST_WIDTH:
            break
        shown += 1
    text = " ".join(map(go_value, values[:shown]))
    rest = len(values) - shown
    return f"[{text} ...+{rest} more]" if rest else f"[{text}]"


def text_rows(text: str) -> Rows:
    """The first lines that are not empty, and dots if there are more."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    rest = [["..."]] if len(lines) > TEXT_LINES else []
    return [[line] for line in lines[:TEXT_LINES]] + rest
