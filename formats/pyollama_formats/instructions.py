"""What the commands of a Modelfile say together: which repeat, which replace, how values are typed.

Files are named, not opened: whether `FROM x` is a path or a model's name is for the caller to see.
"""

import math
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from pyollama_formats.modelfile import Command, ModelfileError

INTEGERS = {
    "draft_num_predict",
    "main_gpu",
    "num_batch",
    "num_ctx",
    "num_gpu",
    "num_keep",
    "num_predict",
    "num_thread",
    "repeat_last_n",
    "seed",
    "top_k",
}
FLOATS = {
    "frequency_penalty",
    "min_p",
    "presence_penalty",
    "repeat_penalty",
    "temperature",
    "top_p",
    "typical_p",
}
BOOLEANS = {"use_mmap"}
DEPRECATED = {
    "f16_kv",
    "logits_all",
    "low_vram",
    "mirostat",
    "mirostat_eta",
    "mirostat_tau",
    "penalize_newline",
    "use_mlock",
    "vocab_only",
}
TRUE = {"1", "t", "T", "true", "True", "TRUE"}
FALSE = {"0", "f", "F", "false", "False", "FALSE"}

_INTEGER = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NUMBER = r"(0|[1-9][0-9]*)"
_IDENTIFIERS = r"[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(
    rf"{_NUMBER}(\.{_NUMBER}(\.{_NUMBER}(-{_IDENTIFIERS})?(\+{_IDENTIFIERS})?)?)?"
)

Parameter = int | float | bool | list[str]


@dataclass
class Modelfile:
    """A Modelfile's instructions, gathered.

    from_       every FROM, in order: paths, or the name of a model
    drafts      every DRAFT, in order: paths
    messages    (role, text) in order
    parameters  name -> value of its type; `stop` is a list
    deprecated  names of ignored parameters, for a warning each
    """

    from_: list[str] = field(default_factory=list)
    adapter: str = ""
    drafts: list[str] = field(default_factory=list)
    template: str = ""
    system: str = ""
    licenses: list[str] = field(default_factory=list)
    messages: list[tuple[str, str]] = field(default_factory=list)
    renderer: str = ""
    parser: str = ""
    requires: str = ""
    parameters: dict[str, Parameter] = field(default_factory=dict)
    deprecated: list[str] = field(default_factory=list)


def read_instructions(commands: Iterable[Command]) -> Modelfile:
    """Gather commands; ModelfileError, in Ollama's words, for a value of the wrong type."""
    file = Modelfile()
    lists = {"from": file.from_, "draft": file.drafts, "license": file.licenses}
    for command in commands:
        if command.name in lists:
            lists[command.name].append(command.args)
        elif command.name == "message":
            file.messages.append((command.key, command.args))
        elif command.name == "parameter":
            _add_parameter(file, command.key, command.args)
        elif command.name == "requires":
            file.requires = _version(command.args)
        else:  # adapter, template, system, renderer, parser: the last one counts
            setattr(file, command.name, command.args)
    return file


def _add_parameter(file: Modelfile, name: str, text: str) -> None:
    if name in DEPRECATED:
        file.deprecated.append(name)
    elif name == "stop":
        stops = file.parameters.setdefault("stop", [])
        assert isinstance(stops, list)
        stops.append(text)
    else:
        file.parameters[name] = typed(name, text)


def typed(name: str, text: str) -> int | float | bool:
    """The value of a parameter; ModelfileError if there is none of that name, or no such value."""
    if name in INTEGERS:
        return _integer(text)
    if name in FLOATS:
        return _float(text)
    if name in BOOLEANS:
        return _boolean(text)
    raise ModelfileError(f"unknown parameter '{name}'")


def _integer(text: str) -> int:
    """Decimal digits that fit in 64 bits with a sign."""
    # 400 digits are more than enough leading zeros, and Python refuses to read thousands.
    if _INTEGER.fullmatch(text) and len(text) < 400 and -(2**63) <= int(text) < 2**63:
        return int(text)
    raise ModelfileError(f"invalid int value [{text}]")


def _float(text: str) -> float:
    """A number as near as a 32-bit float comes to it, in the fewest digits that tell it apart."""
    nearest = _single(float(text)) if _FLOAT.fullmatch(text) else math.inf
    if math.isinf(nearest):
        raise ModelfileError(f"invalid float value [{text}]")
    shorter = (float(f"{nearest:.{digits}g}") for digits in range(1, 10))  # nine always suffice
    return next(number for number in shorter if _single(number) == nearest)


def _single(number: float) -> float:
    """Round to 32 bits, to infinity if they cannot hold it."""
    try:
        (rounded,) = struct.unpack("<f", struct.pack("<f", number))
    except OverflowError:
        return math.copysign(math.inf, number)
    return float(rounded)


def _boolean(text: str) -> bool:
    if text not in TRUE | FALSE:
        raise ModelfileError(f"invalid bool value [{text}]")
    return text in TRUE


def _version(text: str) -> str:
    """A semantic version, which may leave out what follows the major number, without a "v"."""
    version = text.removeprefix("v")
    if not _VERSION.fullmatch(version):
        raise ModelfileError("requires must be a valid semver (e.g. 0.14.0)")
    return version
