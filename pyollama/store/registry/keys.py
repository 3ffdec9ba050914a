"""The key that tells registries who asks: Ed25519, in ``~/.ollama/id_ed25519`` as OpenSSH has it.

It is Ollama's own key, so that both programs are the same to a registry. If there is none it is
made, for the owner's eyes alone, and the public half beside it for all.
"""

import base64
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from pyollama.store.errors import StoreError, refusals

__all__ = ["Key", "loaded_key", "new_key"]

MAX_KEY = 64 << 10  # bytes of a file that could be a key


class Key:
    """An Ed25519 key."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self.private = private

    @property
    def public_line(self) -> str:
        """The public half as a line of authorized_keys: ``ssh-ed25519 <base64>``."""
        public = self.private.public_key()
        return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()

    def signature(self, text: str) -> str:
        """What proves that the holder of this key says the text: its public half and 64 bytes."""
        signed = base64.b64encode(self.private.sign(text.encode())).decode()
        return f"{self.public_line.split()[1]}:{signed}"


def loaded_key(path: Path) -> Key:
    """The key of a file, made if there is none; StoreError for what is none, or cannot be read."""
    if not path.exists():
        new_key(path)
    with refusals("open", path):
        if not stat.S_ISREG(path.stat().st_mode):
            raise StoreError(f"open {path}: not a regular file")
        with path.open("rb") as file:
            data = file.read(MAX_KEY)
    try:
        private = load_ssh_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise StoreError(f"{path}: {error}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise StoreError(f"{path}: not an Ed25519 key")
    return Key(private)


def new_key(path: Path) -> None:
    """Make a key and write both halves, unless somebody is faster; StoreError.

    The private half takes its name when it is whole, so that nobody ever reads half of it.
    """
    key = Key(Ed25519PrivateKey.generate())
    data = key.private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with refusals("open", path):
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            if _claimed(temporary, path):
                line = f"{key.public_line}\n"
                path.with_name(f"{path.name}.pub").write_text(line, encoding="utf-8")
        finally:
            temporary.unlink(missing_ok=True)


def _claimed(temporary: Path, path: Path) -> bool:
    """Give a file its name; false if another one has it."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    except OSError:  # a disk without hard links
        if path.exists():
            return False
        temporary.replace(path)
    return True
