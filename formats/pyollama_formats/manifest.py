"""Manifests and configs: the two JSON documents that tie a model's blobs together.

A manifest lists layers, each a blob of one media type; the config, a blob itself, describes the
whole. They are written as Go writes them (key order, omitted fields, `<`, `>`, `&` and two line
separators escaped, a newline at the end), because digests are taken over these very bytes.

Reading is as lenient as Go's decoder: unknown keys are ignored, `null` is as good as absent,
absent is empty, and what follows the first JSON value is not looked at.
"""

import json
from typing import Any, Self

import msgspec
from msgspec import field

from pyollama_formats.errors import FormatError

MAX_DOCUMENT = 16 * 1024 * 1024  # bytes of a manifest or a config

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"

# The layers of a model (`embed`, `tensor` and `json` exist too, for others to use).
IMAGE_TYPE = "application/vnd.ollama.image."  # and the kind of the layer
MODEL_TYPE = IMAGE_TYPE + "model"
PROJECTOR_TYPE = IMAGE_TYPE + "projector"
ADAPTER_TYPE = IMAGE_TYPE + "adapter"
DRAFT_TYPE = IMAGE_TYPE + "draft"
TEMPLATE_TYPE = IMAGE_TYPE + "template"
PROMPT_TYPE = IMAGE_TYPE + "prompt"  # an older name of the template
SYSTEM_TYPE = IMAGE_TYPE + "system"
PARAMS_TYPE = IMAGE_TYPE + "params"
MESSAGES_TYPE = IMAGE_TYPE + "messages"
LICENSE_TYPE = IMAGE_TYPE + "license"

_ESCAPES = {
    b"<": rb"\u003c",
    b">": rb"\u003e",
    b"&": rb"\u0026",
    "\u2028".encode(): rb"\u2028",
    "\u2029".encode(): rb"\u2029",
}


class Document(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What a JSON document of the store can do.

    msgspec leaves out a field that equals its `default`, and one whose factory is `list` or
    `dict` and that is empty. A field that is written even when empty has another factory.
    """

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read the first JSON value; FormatError if it is no such document."""
        try:
            return msgspec.convert(_first_value(data), cls)
        except msgspec.ValidationError as error:
            raise FormatError(f"invalid {cls.__name__.lower()}: {error}") from None

    def encode(self) -> bytes:
        """Compact JSON in Go's bytes, and a newline."""
        encoded = msgspec.json.encode(self)
        for character, escape in _ESCAPES.items():  # outside of strings none of them occurs
            encoded = encoded.replace(character, escape)
        return encoded + b"\n"


class Layer(Document):
    """One blob of a model.

    `from_` names the model that the layer was taken over from, or the file it was made of;
    `name` the tensor that it holds, in a format where each tensor is a layer.
    """

    media_type: str = field(default_factory=str, name="mediaType")
    digest: str = field(default_factory=str)  # "sha256:" and 64 hex digits, not checked here
    size: int = field(default_factory=int)  # bytes
    from_: str = field(default="", name="from")
    name: str = ""


def _no_layers() -> list[Layer]:
    return []  # unlike `list`, written even when empty


class Manifest(Document):
    """A model: its config and its layers."""

    schema_version: int = field(default_factory=lambda: 2, name="schemaVersion")
    media_type: str = field(default_factory=lambda: MANIFEST_TYPE, name="mediaType")
    config: Layer = field(default_factory=lambda: Layer())
    layers: list[Layer] = field(default_factory=_no_layers)


class Draft(Document):
    """The draft model inside a config, which proposes tokens that the model then checks."""

    model_format: str = ""
    architecture: str = ""
    tensor_prefix: str = ""
    config: dict[str, Any] = field(default_factory=dict)


class Config(Document):
    """What a model is, as lists and `show` tell it."""

    model_format: str = field(default_factory=str)
    model_family: str = field(default_factory=str)
    model_families: list[str] | None = field(default_factory=lambda: None)
    model_type: str = field(default_factory=str)  # size, such as "3.2B"
    file_type: str = field(default_factory=str)  # quantization, such as "Q4_K_M"
    renderer: str = ""
    parser: str = ""
    requires: str = ""
    remote_host: str = ""
    remote_model: str = ""
    capabilities: list[str] = field(default_factory=list)
    context_length: int = 0
    embedding_length: int = 0
    base_name: str = ""
    draft: Draft | None = None
    architecture: str = field(default_factory=lambda: "amd64")
    os: str = field(default_factory=lambda: "linux")


def _first_value(data: bytes) -> Any:
    """The first JSON value of a text."""
    if len(data) > MAX_DOCUMENT:
        raise FormatError(f"document of {len(data)} bytes exceeds maximum {MAX_DOCUMENT}")
    text = data.decode("utf-8", errors="replace").lstrip(" \t\r\n")
    try:
        return _clean(json.JSONDecoder(parse_constant=_refuse).raw_decode(text)[0])
    except (ValueError, OverflowError, RecursionError) as error:
        raise FormatError(f"invalid JSON: {error}") from None


def _clean(value: Any) -> Any:
    """A JSON value as Go would have it, and such that it can be written again.

    Keys that are null are left out, unpaired surrogates become U+FFFD, and integers beyond 64 bits
    floating-point numbers.
    """
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return float(value)
    return value


def _refuse(constant: str) -> None:
    """NaN and the infinities, which Python reads though they are not JSON."""
    raise ValueError(f"{constant} is not JSON")
