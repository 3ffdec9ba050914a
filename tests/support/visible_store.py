"""What can be seen of a store by whoever opens it, and whether all of that is whole."""

import hashlib
import json
import re
from pathlib import Path

__all__ = ["DIGEST", "hex_of", "visible"]

DIGEST = re.compile(r"sha256-[0-9a-f]{64}")


def hex_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def visible(root: Path) -> dict[str, set[str]]:
    """The models that Ollama would find, with their blobs, every one of which is whole."""
    for blob in (root / "blobs").glob("*"):
        assert not DIGEST.fullmatch(blob.name) or blob.name == f"sha256-{hex_of(blob)}"
    found = {}
    for path in (root / "manifests").glob("*/*/*/*"):
        manifest = json.loads(path.read_bytes())
        layers = [*manifest["layers"], manifest["config"]]
        for layer in layers:
            blob = root / "blobs" / layer["digest"].replace(":", "-")
            assert blob.stat().st_size == layer["size"]
        digests = {layer["digest"].replace(":", "-") for layer in layers}
        found[f"{path.parent.name}:{path.name}"] = digests
    return found
