"""The key of the user, in OpenSSH's format."""

import base64
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pyollama.store.errors import StoreError
from pyollama.store.registry.key_file import key_path
from pyollama.store.registry.keys import Key, loaded_key, new_key


def test_a_key_that_is_missing_is_made(tmp_path: Path) -> None:
    path = tmp_path / ".ollama" / "id_ed25519"
    key = loaded_key(path)
    assert loaded_key(path).public_line == key.public_line
    public = path.with_name("id_ed25519.pub")
    assert public.read_text() == f"{key.public_line}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(path.parent.iterdir()) == [path, public]


def test_it_lies_under_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert key_path() == tmp_path / ".ollama" / "id_ed25519"


def test_a_key_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "id_ed25519"
    before = loaded_key(path).public_line
    new_key(path)
    assert loaded_key(path).public_line == before
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")
def test_openssh_reads_our_key_and_we_read_its_own(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    line = loaded_key(ours).public_line
    read = subprocess.run(["ssh-keygen", "-y", "-f", str(ours)], capture_output=True, check=True)
    assert read.stdout.decode().split()[:2] == line.split()
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(theirs)]
    subprocess.run(command, check=True)
    public = theirs.with_name("theirs.pub").read_text()
    assert loaded_key(theirs).public_line.split() == public.split()[:2]


def test_a_signature_is_the_key_and_64_bytes() -> None:
    # The first test vector of RFC 8032, section 7.1, which signs nothing.
    secret = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    signed = (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
        "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    key = Key(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret)))
    blob, signature = map(base64.b64decode, key.signature("").split(":"))
    assert blob == b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes.fromhex(public)
    assert signature.hex() == signed


@pytest.mark.parametrize("data", [b"", b"no key", b"\xff" * 100_000])
def test_what_is_no_key(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "id_ed25519"
    path.write_bytes(data)
    with pytest.raises(StoreError, match="id_ed25519: "):
        loaded_key(path)


def test_a_key_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "id_ed25519"
    private = generate_private_key(65537, 2048)
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    with pytest.raises(StoreError, match="not an Ed25519 key"):
        loaded_key(path)


def test_a_folder_in_the_place_of_the_key(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"open {tmp_path}: not a regular file"):
        loaded_key(tmp_path)


def test_a_home_that_cannot_hold_a_key(tmp_path: Path) -> None:
    (tmp_path / ".ollama").write_text("a file")
    with pytest.raises(StoreError, match=r"^open .*id_ed25519: "):
        loaded_key(tmp_path / ".ollama" / "id_ed25519")
