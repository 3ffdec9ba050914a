"""Projectors: one that lacks its type gets it, and stays the same otherwise."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pyollama.store import Store, parse_name
from pyollama.store.types import CreateRequest
from pyollama_formats.gguf.reader import open_gguf

Upload = Callable[[bytes], str]
Build = Callable[..., bytes]

CLIP = {"general.architecture": "clip", "general.type": "mmproj", "clip.has_vision_encoder": True}


def create(store: Store, **files: str) -> list[str]:
    request = CreateRequest(
        model="m", files={f"{name}.gguf": digest for name, digest in files.items()}
    )
    return [line.status for line in store.create(request)]


def test_a_projector_that_does_not_say_what_it_is_becomes_a_perceptron(
    store: Store, upload: Upload, gguf: Build
) -> None:
    model, projector = upload(gguf()), upload(gguf(CLIP))
    lines = create(store, a=model, b=projector)
    layer = store.find(parse_name("m")).manifest.layers[1]
    assert lines[2:5] == [
        "verifying conversion",
        "updating GGUF projector metadata",
        f"creating new layer {model}",
    ]
    assert lines[5] == f"creating new layer {layer.digest}"
    assert (layer.digest != projector, layer.from_) == (True, "")
    with (
        open_gguf(store.blob_path(projector)) as old,
        open_gguf(store.blob_path(layer.digest)) as new,
    ):
        added = {"clip.projector_type": "mlp"}
        assert dict(new.metadata) == {**old.metadata, **added}
        assert list(new.tensors) == list(old.tensors)
        for name in old.tensors:
            np.testing.assert_array_equal(new.data(name), old.data(name))
    assert store.show(store.find(parse_name("m"))).projector_info["clip.projector_type"] == "mlp"


@pytest.mark.parametrize(
    "keys",
    [
        {"clip.projector_type": "ldp"},
        {"clip.vision.projector_type": "gemma3"},
        {"clip.has_vision_encoder": False, "clip.has_audio_encoder": True},
    ],
)
def test_any_other_projector_is_kept_as_it_is(
    store: Store, upload: Upload, gguf: Build, keys: dict[str, Any]
) -> None:
    projector = upload(gguf(CLIP | keys))
    lines = create(store, b=projector)
    assert lines[1] == f"using existing layer {projector}"
    (layer,) = store.find(parse_name("m")).manifest.layers
    assert (layer.digest, layer.from_) == (projector, "b.gguf")
