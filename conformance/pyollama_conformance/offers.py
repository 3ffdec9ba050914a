"""The models that the suite's registry offers: one that is whole, and others with one fault each.

All lie in the namespace ``conformance-suite``. Their layers differ from run to run, since a server
keeps blobs and does not fetch what it has.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from pyollama_conformance.chain_model import CHAT_TEMPLATE, chain_model
from pyollama_conformance.registry import MANIFEST, Reply, Repository

NAMESPACE = "conformance-suite"
IMAGE = "application/vnd.ollama.image."
CONFIG = "application/vnd.docker.container.image.v1+json"
FAMILY = {"model_format": "gguf", "model_family": "llama", "model_families": ["llama"]}
SYSTEM = {"architecture": "amd64", "os": "linux"}


def digest(data: bytes) -> str:
    """The name of a blob."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(kind: str, data: bytes) -> dict[str, Any]:
    """The entry of a blob in a manifest; a kind is a media type, or what ends one of Ollama's."""
    media_type = kind if "/" in kind else IMAGE + kind
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}


def manifest(config: Mapping[str, Any], *layers: Mapping[str, Any]) -> bytes:
    """A manifest with a key that no client knows, and with blanks that none would write."""
    value = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
    return json.dumps({**value, "unknown": [1, 2]}, indent=1).encode() + b"\n\n"


def fresh_files() -> dict[str, bytes]:
    """The blobs of one run, by the name of their fixture."""
    mark = str(uuid4())
    return {
        "pulled_model": chain_model(template=f"{{#- {mark} -#}}{CHAT_TEMPLATE}"),
        "pulled_config": json.dumps({**FAMILY, **SYSTEM, "mark": mark}).encode(),
        "pulled_license": f"a license {mark}\n".encode() * 5000,
        "pulled_system": f"You are {mark}.".encode(),
        "older_license": f"an older license {mark}\n".encode(),
        "empty_layer": b"",
        "twice": json.dumps({**SYSTEM, **FAMILY, "twice": mark}).encode(),
        **{name: f"{name} {mark}\n".encode() * 100 for name in SINGLE},
    }


SINGLE = (
    *("plain", "unranged", "guarded", "shared", "many", "left"),
    *("hopping", "moved", "strict", "expiring", "scoped", "spoilt", "renewed", "odd", "bare"),
)
"""Repositories of one license that is theirs alone, so that each case fetches something."""

MOVED = f"/v2/{NAMESPACE}/elsewhere/manifests/latest"
FAULTS: dict[str, dict[str, Any]] = {
    "plain": {"is_plain": True},
    "unranged": {"is_plain": True, "is_ranged": False},
    "guarded": {"realm": "here"},
    "looping": {"hops": 1 << 30},
    "hopping": {"hops": 9},
    "moved": {"replies": {"GET manifest": Reply(307, b"", {"Location": MOVED})}},
    "strict": {"is_strict": True},
    "expiring": {"realm": "here", "uses": 2},
    "scoped": {"realm": "here", "scope": "repository:another/model:pull"},
    "shut": {"realm": "nobody"},
    "forgetful": {"realm": "forgetful"},
    "stocked": {},
    "misled": {"realm": "elsewhere"},
    "outdated": {"replies": {"GET manifest": Reply(412, b"a newer version is needed")}},
    "broken": {"replies": {"GET manifest": Reply(500, b"out of order")}},
    "textual": {"replies": {"GET manifest": Reply(200, b"no manifest")}},
    "closed": {"replies": {"POST upload": Reply(403, b"denied")}},
    "picky": {"replies": {"PUT manifest": Reply(400, b"manifest invalid")}},
    "guardedpush": {"realm": "here"},
    "expiringpush": {"realm": "here", "uses": 3},
    "strictpush": {"is_strict": True},
    "locatedpush": {"parts_go": "Docker-Upload-Location"},
    "storagepush": {"parts_go": "storage"},
}
PUSHED_TO = ("closed", "picky", *(name for name in FAULTS if name.endswith("push")))


def repositories(files: Mapping[str, bytes]) -> dict[str, Repository]:
    """The registry at the beginning of a run."""
    config = layer(CONFIG, files["pulled_config"])
    blobs = {digest(data): data for data in files.values()}
    lost = layer("license", b"nobody has these bytes")
    lies = layer("license", b"these bytes are promised")
    licensed = layer("license", files["pulled_license"])
    whole = (
        layer("model", files["pulled_model"]),
        licensed,
        layer("system", files["pulled_system"]),
    )
    tags: dict[str, dict[str, bytes]] = {
        "whole": {"latest": manifest(config, *whole), "small": manifest(config, whole[2])},
        "lost": {"latest": manifest(config, lost)},
        "lying": {"latest": manifest(config, lies)},
        "nameless": {"latest": manifest(config, {**licensed, "digest": ""})},
        "malformed": {"latest": manifest(config, {**licensed, "digest": "sha256:../../x"})},
        "empty": {"latest": manifest(config, layer("license", files["empty_layer"]))},
        "twice": {"latest": manifest(layer(CONFIG, files["twice"]), layer("x", files["twice"]))},
        "changing": {"latest": manifest(config, layer("license", files["older_license"]))},
        "elsewhere": {"latest": manifest(config, layer("license", files["moved"]))},
        "odd": {"latest": manifest(config, layer("application/x-odd", files["odd"]))},
        "bare": {"latest": manifest({}, layer("license", files["bare"]))},
        "double": {"latest": manifest(config, licensed, licensed)},
    }
    for name in (*SINGLE, *FAULTS):
        data = files[name if name in SINGLE else "pulled_license"]
        tags.setdefault(name, {"latest": manifest(config, layer("license", data))})
    found = {
        f"{NAMESPACE}/{name}": Repository(dict(blobs), dict(found), **FAULTS.get(name, {}))
        for name, found in tags.items()
    }
    found[f"{NAMESPACE}/lying"].blobs[lies["digest"]] = b"these bytes have arrived"
    for name in PUSHED_TO:
        found[f"{NAMESPACE}/{name}"].blobs.clear()
    return found


def offer_values(files: Mapping[str, bytes], offered: Mapping[str, Repository]) -> dict[str, str]:
    """What cases call the blobs (and the first twelve digits of each) and the manifests."""
    digests = {name: digest(data) for name, data in files.items()}
    digests |= {"promised": digest(b"these bytes are promised")}
    digests |= {
        "arrived": digest(b"these bytes have arrived"),
        "lost": digest(b"nobody has these bytes"),
    }
    values = digests | {f"{name}_short": text[7:19] for name, text in digests.items()}
    whole = offered[f"{NAMESPACE}/whole"].manifests["latest"]
    return {**values, "whole_id": hashlib.sha256(whole).hexdigest()}
