"""Quantizing while a model is created: lines, layers, config and refusals."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyollama.errors import PyollamaError
from pyollama.store import Store, parse_name, quantization
from pyollama.store.errors import StoreError
from pyollama.store.types import CreateRequest, ProgressResponse
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import open_gguf, write_gguf

Upload = Callable[[bytes], str]
Half = Callable[..., str]

SUPPORTED = "supported types are F32, F16, Q4_K_S, Q4_K_M, Q8_0"
NOT_FLOATS = "quantization is only supported for F16, BF16 and F32 models"


@pytest.fixture
def half(tmp_path: Path, upload: Upload) -> Half:
    """Uploads a model of one matrix of floats; further keys can be given, such as its file type."""

    def build(type: GGMLType = GGMLType.F16, rows: int = 8, **keys: Any) -> str:
        path = tmp_path / "half.gguf"
        numbers = {GGMLType.F16: 1, GGMLType.BF16: 32, GGMLType.F32: 0}
        known = {"general.architecture": "llama", "llama.block_count": 1}
        known |= {"general.quantization_version": 2, "general.file_type": numbers[type]}
        x = np.random.default_rng(0).standard_normal((rows, 256), np.float32)
        write_gguf(path, known | keys, {"token_embd.weight": (x, type)})
        return upload(path.read_bytes())

    return build


def created(store: Store, **fields: Any) -> list[ProgressResponse]:
    return [*store.create(CreateRequest(**fields))]


def lines(store: Store, **fields: Any) -> list[str]:
    return [line.status for line in created(store, **fields)]


def type_of(store: Store, name: str) -> str:
    """The type of the only matrix of a stored model."""
    path = store.find(parse_name(name)).model_path
    assert path is not None
    with open_gguf(path) as file:
        return file.tensors["token_embd.weight"].type.name


def test_an_upload_is_quantized_and_the_line_of_it_tells_once_that_it_is_new(
    store: Store, half: Half
) -> None:
    files = {"m.gguf": half()}
    got = lines(store, model="m", files=files, quantize="q4_k_m")
    made = store.find(parse_name("m")).manifest.layers[0]
    assert made.digest != files["m.gguf"]
    assert got == [
        "parsing GGUF", "verifying conversion", f"creating new layer {made.digest}",
        "writing manifest", "success",
    ]  # fmt: skip
    again = lines(store, model="n", files=files, quantize="Q4_K")
    assert again[2] == f"using existing layer {made.digest}"
    assert type_of(store, "m") == "Q6_K"  # a tied embedding makes the logits too
    assert store.blob_path(made.digest).stat().st_size == made.size


def test_a_stored_model_is_quantized_when_another_is_made_of_it(store: Store, half: Half) -> None:
    lines(store, model="base", files={"m.gguf": half(GGMLType.BF16)}, system="Say hi!")
    got = lines(store, model="small", from_="base", quantization="Q8_0")
    base, small = (store.find(parse_name(name)) for name in ("base", "small"))
    layers = small.manifest.layers
    assert got == [
        "verifying conversion", f"creating new layer {layers[0].digest}",
        f"using existing layer {layers[1].digest}", "writing manifest", "success",
    ]  # fmt: skip
    assert [layer.from_ for layer in layers] == ["", "base:latest"]
    assert layers[1].digest == base.manifest.layers[1].digest
    assert small.config.file_type == small.details().quantization_level == "Q8_0"
    assert type_of(store, "base") == "BF16"
    assert type_of(store, "small") == "Q8_0"


def test_a_model_of_that_type_already_stays_as_it_is(store: Store, half: Half) -> None:
    digest = half()
    got = lines(store, model="m", files={"m.gguf": digest}, quantize="f16")
    assert got[:3] == [*("parsing GGUF", "verifying conversion", f"creating new layer {digest}")]
    assert lines(store, model="n", from_="m", quantize="F16")[0] == f"using existing layer {digest}"


@pytest.mark.parametrize(
    ("keys", "wanted", "message"),
    [
        ({}, "q4_0", f"unsupported quantization type Q4_0 - {SUPPORTED}"),
        ({}, "Q5_K_M", f"unsupported quantization type Q5_K_M - {SUPPORTED}"),
        ({"general.file_type": 7}, "nope", f"unsupported quantization type NOPE - {SUPPORTED}"),
        ({"general.file_type": 7}, "Q4_K_M", NOT_FLOATS),
        ({"general.file_type": 7}, "Q8_0", NOT_FLOATS),
        ({"general.file_type": 0}, "Q8_0", NOT_FLOATS),
        ({"general.file_type": 0}, "F32", NOT_FLOATS),
        ({"general.file_type": "F16"}, "Q8_0", NOT_FLOATS),
    ],
)
def test_what_cannot_be_quantized_is_refused_after_it_was_parsed(
    store: Store, half: Half, keys: dict[str, Any], wanted: str, message: str
) -> None:
    progress = store.create(
        CreateRequest(model="m", files={"m.gguf": half(**keys)}, quantize=wanted)
    )
    assert next(progress).status == "parsing GGUF"
    with pytest.raises(StoreError) as caught:
        next(progress)
    assert str(caught.value) == message
    assert list(store.list()) == []


def test_long_work_tells_how_far_it_is(
    store: Store, half: Half, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = half(rows=1 << 14)  # 8 MiB: four pieces
    monkeypatch.setattr(quantization, "STEP", 2 << 20)
    told = created(store, model="m", files={"m.gguf": digest}, quantize="Q4_K_S")[1:-4]
    size = store.blob_path(digest).stat().st_size
    assert {line.status for line in told} == {"quantizing F16 model to Q4_K_S"}
    assert {line.digest for line in told} == {"0" * 19}
    assert {line.total for line in told} == {size}
    completed = [line.completed for line in told]
    assert len(completed) == 4
    assert completed == sorted(completed)
    assert completed[-1] == size


def test_a_client_that_leaves_half_way_leaves_nothing_behind(
    store: Store, half: Half, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = half(rows=1 << 14)
    monkeypatch.setattr(quantization, "STEP", 2 << 20)
    before = {*store.blobs.folder.iterdir()}
    progress = store.create(CreateRequest(model="m", files={"m.gguf": digest}, quantize="Q8_0"))
    statuses = [next(progress).status for _ in range(3)]
    assert statuses[-1] == "quantizing F16 model to Q8_0"
    assert {*store.blobs.folder.iterdir()} > before
    progress.close()  # type: ignore[attr-defined]
    assert {*store.blobs.folder.iterdir()} == before
    assert list(store.list()) == []


def test_weights_that_cannot_be_quantized_leave_nothing_behind(
    store: Store, tmp_path: Path, upload: Upload
) -> None:
    keys = {"general.architecture": "llama", "llama.block_count": 1, "general.file_type": 1}
    x = np.full((2, 256), np.inf, np.float32)
    write_gguf(tmp_path / "a.gguf", keys, {"output.weight": (x, GGMLType.F16)})
    digest = upload((tmp_path / "a.gguf").read_bytes())
    with pytest.raises(PyollamaError, match=r"tensor 'output\.weight' has weights that Q8_0"):
        lines(store, model="m", files={"m.gguf": digest}, quantize="Q8_0")
    assert [path.name for path in store.blobs.folder.iterdir()] == [digest.replace(":", "-")]


def test_a_draft_has_a_type_of_its_own(store: Store, half: Half) -> None:
    files, draft = {"m.gguf": half()}, {"d.gguf": half(rows=4)}
    lines(store, model="m", files=files, draft_files=draft, draft_quantize="Q8_0")
    layers = store.find(parse_name("m")).manifest.layers
    assert layers[0].digest == files["m.gguf"]
    assert layers[1].digest != draft["d.gguf"]
    quantized = {"d.gguf": half(**{"general.file_type": 7})}
    refusal = "draft quantization requires an unquantized draft model, got Q8_0"
    with pytest.raises(StoreError, match=refusal):
        lines(store, model="m", files=files, draft_files=quantized, draft_quantize="Q4_K_M")
