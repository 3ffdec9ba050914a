"""The OCI image layout: files that hold a model whole.

    oci-layout              which version of the layout this is
    index.json              the digest of the manifest, and the name of the model
    blobs/sha256/<64 hex>   the manifest, the config and the layers, each named by its digest

Everything can be checked: the index names the manifest by its digest, and the manifest all the
rest. Source: OCI image specification 1.1, "Image Layout Specification".
"""

import re

from msgspec import field

from pyollama_formats.manifest import Document

__all__ = [
    "INDEX",
    "LAYOUT",
    "REF_NAME",
    "VERSION",
    "Descriptor",
    "Index",
    "Layout",
    "blob_name",
    "digest_of_name",
]

LAYOUT, INDEX = "oci-layout", "index.json"  # the names of two of the files
VERSION = "1.0.0"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
REF_NAME = "org.opencontainers.image.ref.name"  # the annotation that names the model
BLOB = re.compile("blobs/sha256/([0-9a-f]{64})", re.ASCII)


class Layout(Document):
    """The file oci-layout."""

    version: str = field(default_factory=str, name="imageLayoutVersion")


class Descriptor(Document):
    """A blob, as the index refers to it; size is in bytes."""

    media_type: str = field(default_factory=str, name="mediaType")
    digest: str = field(default_factory=str)
    size: int = field(default_factory=int)
    annotations: dict[str, str] = field(default_factory=dict)


def _nothing() -> list[Descriptor]:
    return []  # unlike `list`, written even when empty


class Index(Document):
    """The file index.json."""

    schema_version: int = field(default_factory=lambda: 2, name="schemaVersion")
    media_type: str = field(default_factory=lambda: INDEX_TYPE, name="mediaType")
    manifests: list[Descriptor] = field(default_factory=_nothing)


def blob_name(digest: str) -> str:
    """Where a blob ``sha256:<hex>`` lies in the layout."""
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def digest_of_name(name: str) -> str | None:
    """The digest of the blob that lies there, None for any other file."""
    found = BLOB.fullmatch(name)
    return f"sha256:{found[1]}" if found else None
