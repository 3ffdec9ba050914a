"""Tokens for a registry: asked for with a signature, which is verified; they can run out."""

import base64
import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from fake_registry import Asked, FakeRegistry, Reply

__all__ = ["TokenGate", "require_signature"]

EMPTY = "ZTNiMGM0NDI5OGZjMWMxNDlhZmJmNGM4OTk2ZmI5MjQyN2FlNDFlNDY0OWI5MzRjYTQ5NTk5MWI3ODUyYjg1NQ=="
CHALLENGE = 'Bearer realm="{realm}",service="the registry",scope="repository:ns/m:pull,push other"'


def require_signature(netloc: str, asked: Asked) -> None:
    """InvalidSignature, ValueError or AssertionError unless a key has signed this question."""
    key, signature = asked.headers["authorization"].split(":")
    public = load_ssh_public_key(f"ssh-ed25519 {key}".encode())
    assert isinstance(public, Ed25519PublicKey)
    text = f"GET,http://{netloc}{asked.path},{EMPTY}"
    public.verify(base64.b64decode(signature, validate=True), text.encode())


@dataclass
class TokenGate:
    """The gate of a registry: what comes without the newest token is sent to the realm.

    Each token is good for so many requests. asked are the questions for tokens, queries and all.
    """

    server: FakeRegistry
    realm: str = ""
    uses: int = 1 << 30
    refusal: Reply | None = None
    given: int = 0
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.realm = self.realm or f"http://{self.server.netloc}/token?z=1"
        self.left = 0
        self.server.gate = self.reply

    def reply(self, asked: Asked) -> Reply | None:
        """None for those who may pass."""
        given = asked.headers.get("authorization", "")
        if urlsplit(asked.path).path == "/token":
            return self._token(asked)
        if given == f"Bearer token-{self.given}" and self.left > 0:
            self.left -= 1
            return None
        return Reply(401, b"no", {"WWW-Authenticate": CHALLENGE.format(realm=self.realm)})

    def _token(self, asked: Asked) -> Reply:
        self.asked.append(asked.path)
        require_signature(self.server.netloc, asked)
        self.given, self.left = self.given + 1, self.uses
        return self.refusal or Reply(200, json.dumps({"token": f"token-{self.given}"}).encode())
