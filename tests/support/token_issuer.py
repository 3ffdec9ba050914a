"""Tokens that docker-registry takes: JSON Web Tokens, signed with a key whose certificate it has.

Source: "Token Authentication Specification" of the distribution project; RFC 7515 (JWS), 7518
(ES256 is two numbers of 32 bytes, one after the other).
"""

import base64
import datetime
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

__all__ = ["TokenIssuer"]

SERVICE = "the registry"
NAME = "the issuer"


class TokenIssuer:
    """A key, and a certificate that it has signed itself."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
        now = datetime.datetime.now(datetime.UTC)
        hour = datetime.timedelta(hours=1)
        builder = x509.CertificateBuilder(
            name, name, self.key.public_key(), 1, now - hour, now + hour
        )
        self.certificate = builder.sign(self.key, hashes.SHA256())

    def environ(self, realm: str, folder: Path) -> dict[str, str]:
        """What makes docker-registry send those who have no token of ours to a realm."""
        bundle = folder / "bundle.pem"
        bundle.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return {
            "REGISTRY_AUTH": "token",
            "REGISTRY_AUTH_TOKEN_REALM": realm,
            "REGISTRY_AUTH_TOKEN_SERVICE": SERVICE,
            "REGISTRY_AUTH_TOKEN_ISSUER": NAME,
            "REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE": str(bundle),
        }

    def token(self, scopes: Sequence[str]) -> str:
        """A token for scopes such as ``repository:ns/m:pull,push``."""
        now = int(time.time())
        claims: dict[str, Any] = {"iss": NAME, "aud": SERVICE, "sub": "", "jti": str(now)}
        claims |= {"iat": now, "nbf": now - 60, "exp": now + 300}
        claims["access"] = [_access(scope) for scope in scopes]
        certificate = base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()
        header = {"typ": "JWT", "alg": "ES256", "x5c": [certificate]}
        signed = f"{_text(header)}.{_text(claims)}"
        return f"{signed}.{_encoded(self._signature(signed.encode()))}"

    def _signature(self, data: bytes) -> bytes:
        pair = decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return b"".join(number.to_bytes(32, "big") for number in pair)


def _access(scope: str) -> dict[str, Any]:
    kind, name, actions = scope.split(":")
    return {"type": kind, "name": name, "actions": actions.split(",")}


def _text(value: dict[str, Any]) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
