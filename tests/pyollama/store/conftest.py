"""A store in a temporary folder, and the smallest GGUF files that a model can be made of."""

import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyollama.store import Store
from pyollama.store.types import CreateRequest
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import write_gguf

Upload = Callable[[bytes], str]
Make = Callable[..., str]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


@pytest.fixture
def upload(store: Store) -> Upload:
    """Put bytes into the store and give their digest."""
    return lambda data: store.add_blob([data])[0]


@pytest.fixture
def gguf(tmp_path: Path) -> Callable[..., bytes]:
    """The bytes of a GGUF file with these further keys and a 4 x 8 matrix of that name.

    It has the layout that models are stored in, so that its layer is the file itself.
    """

    def build(
        metadata: Mapping[str, Any] | None = None, *, tensor: str = "token_embd.weight"
    ) -> bytes:
        path = tmp_path / "build.gguf"
        keys: dict[str, Any] = {"general.architecture": "llama", "llama.block_count": 1}
        last: dict[str, Any] = {"general.quantization_version": 2, "general.file_type": 0}
        for key, value in (metadata or {}).items():
            (last if key in last else keys)[key] = value
        keys |= last
        weights = np.arange(32, dtype=np.float32).reshape(4, 8)
        write_gguf(path, keys, {tensor: (weights, GGMLType.F32)})
        return path.read_bytes()

    return build


@pytest.fixture
def make(store: Store, upload: Upload, gguf: Callable[..., bytes]) -> Make:
    """Create a model; metadata goes into its file, the rest into the request."""

    def create(model: str, metadata: Mapping[str, Any] | None = None, **fields: Any) -> str:
        digest = upload(gguf(metadata))
        request = CreateRequest(model=model, files={"m.gguf": digest}, **fields)
        assert [line.status for line in store.create(request)][-1] == "success"
        return digest

    return create


@pytest.fixture
def bare_gguf() -> bytes:
    """GGUF version 3 with no tensor and the one key general.architecture = "test"."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
    return head + text("general.architecture") + struct.pack("<I", 8) + text("test")
