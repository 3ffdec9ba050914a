"""/api/ps: the keys of a model in memory."""

from pathlib import Path

import served
from starlette.testclient import TestClient

from pyollama.settings import Settings
from pyollama_http.app import create_app


def test_a_loaded_model_has_eight_keys_in_order(tmp_path: Path) -> None:
    app = create_app(Settings(models=served.new_store(tmp_path).root))
    with TestClient(app, base_url="http://127.0.0.1:11434") as client:
        client.post("/api/generate", json={"model": "small"})
        (model,) = client.get("/api/ps").json()["models"]
    assert list(model) == [
        "name", "model", "size", "digest", "details", "expires_at", "size_vram", "context_length",
    ]  # fmt: skip
    assert list(model["details"]) == [
        "parent_model", "format", "family", "families", "parameter_size", "quantization_level",
    ]  # fmt: skip
    assert model["details"]["parent_model"] == ""
