"""Names to URLs: ``https://<host>/v2/<namespace>/<model>/...``."""

from pyollama.store.names import Name

__all__ = ["blob_url", "manifest_url"]


def manifest_url(name: Name, *, insecure: bool = False) -> str:
    """Where the manifest of a name is read and written; insecure asks for plain HTTP."""
    return f"{_base(name, insecure)}/manifests/{name.tag}"


def blob_url(name: Name, digest: str, *, insecure: bool = False) -> str:
    """Where a blob is read, and asked for."""
    return f"{_base(name, insecure)}/blobs/{digest}"


def _base(name: Name, insecure: bool) -> str:
    scheme = "http" if insecure else "https"
    return f"{scheme}://{name.host}/v2/{name.namespace}/{name.model}"
