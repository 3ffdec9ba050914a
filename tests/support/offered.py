"""Models put straight into a store, of any bytes and from any registry."""

import hashlib
import json
from typing import Any

from pyollama.store import Store, parse_name

CONFIG, WEIGHTS = b'{"model_format":"gguf"}', bytes(range(256)) * 4000


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def offer(store: Store, name: str, *layers: bytes, **fields: Any) -> bytes:
    """Store a model of CONFIG and layers; gives the bytes of its manifest, as nobody here writes
    them. fields are put into the manifest."""
    entries = []
    for data in (CONFIG, *layers):
        store.add_blob([data])
        entries.append({"mediaType": "x/y", "digest": digest_of(data), "size": len(data)})
    manifest = {"schemaVersion": 2, "config": entries[0], "layers": entries[1:], **fields}
    data = json.dumps(manifest, indent=3).encode()
    store.manifests.write(parse_name(name), data)
    return data
