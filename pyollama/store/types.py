"""The requests and answers of the store's endpoints, in the field order of the wire.

The conventions are those of pyollama/api.py: a field without a default is always sent, one with
a default is left out while it holds that default.
"""

from typing import Any

from msgspec import Struct, field

from pyollama.api import LocalTime, Message, ModelDetails, Options

__all__ = [
    "NO_DIGEST",
    "CopyRequest",
    "CreateRequest",
    "DeleteRequest",
    "ListModel",
    "ListResponse",
    "ProgressResponse",
    "PullRequest",
    "PushRequest",
    "ShowMessage",
    "ShowRequest",
    "ShowResponse",
    "TensorEntry",
]

NO_DIGEST = "0" * 19  # where a line of progress has a digest, and there is none yet


class CreateRequest(Struct, kw_only=True):
    """POST /api/create. license is free: its type is checked when it is used, as upstream does."""

    model: str = ""
    name: str = ""
    stream: bool | None = None
    quantize: str = ""
    quantization: str = ""
    from_: str = field(default="", name="from")
    remote_host: str = ""
    files: dict[str, str] | None = None
    adapters: dict[str, str] | None = None
    draft_files: dict[str, str] | None = None
    draft_quantize: str = ""
    template: str = ""
    license: Any = None
    system: str = ""
    parameters: Options = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    renderer: str = ""
    parser: str = ""
    requires: str = ""
    info: dict[str, Any] = field(default_factory=dict)


class ShowRequest(Struct, kw_only=True):
    """POST /api/show."""

    model: str = ""
    name: str = ""
    system: str = ""
    template: str = ""
    verbose: bool = False
    options: Options = field(default_factory=dict)


class CopyRequest(Struct, kw_only=True):
    """POST /api/copy."""

    source: str = ""
    destination: str = ""


class DeleteRequest(Struct, kw_only=True):
    """DELETE /api/delete."""

    model: str = ""
    name: str = ""


class PullRequest(Struct, kw_only=True):
    """POST /api/pull."""

    model: str = ""
    name: str = ""
    insecure: bool = False
    username: str = ""
    password: str = ""
    stream: bool | None = None


class PushRequest(PullRequest, kw_only=True):
    """POST /api/push, with the fields of a pull."""


class ProgressResponse(Struct, kw_only=True, omit_defaults=True):
    """One line of create, pull and push; total and completed are bytes."""

    status: str
    digest: str = ""
    total: int = 0
    completed: int = 0


class ListModel(Struct, kw_only=True, omit_defaults=True):
    """One model of /api/tags."""

    name: str
    model: str
    remote_model: str = ""
    remote_host: str = ""
    modified_at: LocalTime
    size: int
    digest: str
    details: ModelDetails
    capabilities: list[str] = field(default_factory=list)


class ListResponse(Struct, kw_only=True, omit_defaults=True):
    """GET /api/tags."""

    models: list[ListModel]


class ShowMessage(Struct, kw_only=True, omit_defaults=True):
    """One message that is stored with a model."""

    role: str
    content: str


class TensorEntry(Struct, kw_only=True, omit_defaults=True):
    """One tensor of the file; shape is in GGUF order, the contiguous dimension first."""

    name: str
    type: str
    shape: list[int]


class ShowResponse(Struct, kw_only=True, omit_defaults=True):
    """POST /api/show; the keys of model_info and projector_info are sorted."""

    license: str = ""
    modelfile: str = ""
    parameters: str = ""
    template: str = ""
    system: str = ""
    details: ModelDetails
    messages: list[ShowMessage] = field(default_factory=list)
    remote_model: str = ""
    remote_host: str = ""
    model_info: dict[str, Any]
    projector_info: dict[str, Any] = field(default_factory=dict)
    tensors: list[TensorEntry] = field(default_factory=list)
    capabilities: list[str] = field(default_factory=list)
    modified_at: LocalTime
    requires: str = ""
