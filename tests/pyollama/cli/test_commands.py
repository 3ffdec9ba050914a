"""list, ps, show, stop, rm and create against a scripted server."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pyollama.cli.information import cut, information
from pyollama.cli.ps import processor

DIGEST = "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72"


def model(name: str, **fields: Any) -> dict[str, Any]:
    modified = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    entry = {"name": name, "model": name, "modified_at": modified, "size": 2019393189}
    return entry | {"digest": DIGEST} | fields


def test_list_is_ollamas_table(run: Any, server: Any) -> None:
    models = [model("llama3.2:latest"), model("x:cloud", remote_model="x")]
    server.answers["GET /api/tags"] = (200, {"models": models})
    assert run("list").out == (
        "NAME               ID              SIZE      MODIFIED   \n"
        "llama3.2:latest    a80c4f17acd5    2.0 GB    3 days ago    \n"
        "x:cloud            a80c4f17acd5    -         3 days ago    \n"
    )


def test_list_filters_by_the_beginning_in_any_case(run: Any, server: Any) -> None:
    server.answers["GET /api/tags"] = (200, {"models": [model("Llama:1"), model("other:1")]})
    lines = run("list", "lLA").out.splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", "Llama:1"]


def test_ps_shows_where_and_how_long(run: Any, server: Any) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=4, seconds=30)).isoformat()
    gone = "2020-01-01T00:00:00Z"
    common = {"size": 2_400_000, "size_vram": 0, "context_length": 4096}
    loaded = [
        model("a:1", expires_at=soon, **common),
        model("b:1", expires_at=gone, **common),
        model("A:2", expires_at=soon, **common),
    ]
    server.answers["GET /api/ps"] = (200, {"models": loaded})
    lines = run("ps").out.splitlines()
    assert lines[0].split() == ["NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL"]
    assert lines[1] == (
        "a:1     a80c4f17acd5    2.4 MB    100% CPU     4096       4 minutes from now    "
    )
    assert "Stopping..." in lines[2]
    assert len(run("ps", "a").out.splitlines()) == 2  # case matters here


@pytest.mark.parametrize(
    ("size", "vram", "text"),
    [
        (10, 0, "100% CPU"),
        (10, 10, "100% GPU"),
        (10, 11, "Unknown"),
        (0, 5, "Unknown"),
        (100, 75, "25%/75% CPU/GPU"),
    ],
)
def test_the_processor(size: int, vram: int, text: str) -> None:
    assert processor(size, vram) == text


def test_stop_unloads(run: Any, server: Any) -> None:
    server.answers["POST /api/generate"] = (200, {"done": True})
    result = run("stop", "m")
    assert (result.code, result.out) == (0, "")
    assert server.bodies("POST /api/generate")[0]["keep_alive"] == 0


def test_stopping_an_unknown_model_has_ollamas_words(run: Any, server: Any) -> None:
    server.answers["POST /api/generate"] = (404, {"error": "model 'x' not found"})
    result = run("stop", "x")
    assert (result.code, result.err) == (1, 'Error: couldn\'t find model "x" to stop\n')


def test_rm_stops_at_the_first_error(run: Any, server: Any) -> None:
    server.answers["POST /api/generate"] = (200, {"done": True})
    server.answers["DELETE /api/delete"] = (200, {})
    assert run("rm", "a").out == "deleted 'a'\n"
    server.answers["POST /api/generate"] = (404, {"error": "model 'x' not found"})
    server.answers["DELETE /api/delete"] = (404, {"error": "model 'x' not found"})
    result = run("rm", "x", "b")
    assert (result.code, result.out, result.err) == (1, "", "Error: model 'x' not found\n")
    assert server.bodies("DELETE /api/delete") == [{"model": "a"}, {"model": "x"}]


def test_rm_warns_when_unloading_fails(run: Any, server: Any) -> None:
    server.answers["POST /api/generate"] = (500, {"error": "no"})
    server.answers["DELETE /api/delete"] = (200, {})
    result = run("rm", "m")
    assert result.err == "Warning: unable to stop model 'm'\n"
    assert result.out == "deleted 'm'\n"


SHOWN: dict[str, Any] = {
    "license": "\nMIT\n\nsecond\nthird",
    "modelfile": "FROM x\n",
    "parameters": 'stop                           "<|a|>"\ntemperature                    0.5',
    "template": "T",
    "system": "Be kind.",
    "details": {"family": "llama", "parameter_size": "3.2B", "quantization_level": "Q4_K_M"},
    "model_info": {
        "general.architecture": "llama",
        "llama.context_length": 131072,
        "llama.embedding_length": 3072,
        "llama.rope.freq_base": 500000,
    },
    "tensors": [{"name": "token_embd.weight", "type": "F32", "shape": [8, 4]}],
    "capabilities": ["completion", "tools"],
}


def test_show_prints_blocks(run: Any, server: Any) -> None:
    server.answers["POST /api/show"] = (200, SHOWN)
    assert run("show", "m").out == (
        "  Model\n"
        "    architecture        llama     \n"
        "    parameters          3.2B      \n"
        "    context length      131072    \n"
        "    embedding length    3072      \n"
        "    quantization        Q4_K_M    \n"
        "\n"
        "  Capabilities\n"
        "    completion    \n"
        "    tools         \n"
        "\n"
        "  Parameters\n"
        '    stop           "<|a|>"    \n'
        "    temperature    0.5        \n"
        "\n"
        "  System\n"
        "    Be kind.    \n"
        "\n"
        "  License\n"
        "    MIT       \n"
        "    second    \n"
        "    ...       \n"
        "\n"
    )


def test_show_verbose_adds_metadata_and_tensors() -> None:
    text = information(SHOWN, verbose=True)
    assert "  Metadata\n    general.architecture      llama" in text
    assert "  Tensors\n    token_embd.weight    F32    [8 4]    \n" in text
    assert "Metadata" not in information(SHOWN, verbose=False)


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ("license", "\nMIT\n\nsecond\nthird\n"),
        ("modelfile", "FROM x\n\n"),
        ("template", "T"),
        ("system", "Be kind."),
    ],
)
def test_show_prints_one_section_as_it_is(run: Any, server: Any, section: str, text: str) -> None:
    server.answers["POST /api/show"] = (200, SHOWN)
    assert run("show", "m", f"--{section}").out == text


def test_long_cells_are_wrapped() -> None:
    text = information(SHOWN | {"capabilities": ["a " * 20]}, verbose=False)
    assert "\n    " + "a " * 14 + "a    \n    " in text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], "[]"),
        ([1, 2], "[1 2]"),
        (["a", "b", "c", "d", "e"], "[a b c ...+2 more]"),
        (["much too long for ten columns", "x"], "[much too long for ten columns ...+1 more]"),
    ],
)
def test_lists_are_cut(values: list[Any], text: str) -> None:
    assert cut(values) == text


@pytest.fixture
def modelfile(tmp_path: Path) -> Path:
    (tmp_path / "m.gguf").write_bytes(b"GGUF weights")
    path = tmp_path / "Modelfile"
    path.write_text(
        'FROM ./m.gguf\nPARAMETER temperature 0.5\nPARAMETER stop a\nSYSTEM """x\ny"""\n'
    )
    return path


def test_create_uploads_the_file_and_sends_the_rest(run: Any, server: Any, modelfile: Path) -> None:
    digest = "sha256:" + hashlib.sha256(b"GGUF weights").hexdigest()
    server.answers[f"POST /api/blobs/{digest}"] = (201, {})
    server.answers["POST /api/create"] = (200, [{"status": "parsing GGUF"}, {"status": "success"}])
    result = run("create", "new", "-f", str(modelfile))
    assert result.code == 0
    assert server.bodies(f"POST /api/blobs/{digest}") == [b"GGUF weights"]
    assert server.bodies("POST /api/create") == [
        {
            "system": "x\ny",
            "parameters": {"temperature": 0.5, "stop": ["a"]},
            "files": {"m.gguf": digest},
            "model": "new",
        }
    ]
    assert result.err.splitlines() == [
        "gathering model components",
        f"copying file {digest}",
        "parsing GGUF",
        "success",
    ]


def test_create_uploads_nothing_that_is_there(run: Any, server: Any, modelfile: Path) -> None:
    digest = "sha256:" + hashlib.sha256(b"GGUF weights").hexdigest()
    server.answers[f"HEAD /api/blobs/{digest}"] = (200, {})
    server.answers["POST /api/create"] = (200, [{"status": "success"}])
    assert run("create", "new", "-f", str(modelfile)).code == 0
    assert server.bodies(f"POST /api/blobs/{digest}") == []


def test_create_from_a_model_needs_no_file(run: Any, server: Any, tmp_path: Path) -> None:
    path = tmp_path / "Modelfile"
    path.write_text("FROM llama3.2\nPARAMETER use_mlock true\n")
    server.answers["POST /api/create"] = (200, [{"status": "success"}])
    result = run("create", "new", "-f", str(path))
    assert result.out == "warning: parameter use_mlock is deprecated\n"
    assert server.bodies("POST /api/create") == [{"from": "llama3.2", "model": "new"}]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((400, {"error": "unknown type"}), "400 Bad Request: unknown type"),
        ((200, [{"status": "parsing GGUF"}, {"error": "bad file"}]), "bad file"),
    ],
)
def test_an_error_of_create_shows_its_status_only_before_the_stream(
    run: Any, server: Any, tmp_path: Path, answer: tuple[int, Any], message: str
) -> None:
    path = tmp_path / "Modelfile"
    path.write_text("FROM base")
    server.answers["POST /api/create"] = answer
    result = run("create", "new", "-f", str(path))
    assert result.code == 1
    assert result.err.splitlines()[-1] == f"Error: {message}"


def test_a_bad_modelfile_has_ollamas_words(run: Any, server: Any, tmp_path: Path) -> None:
    path = tmp_path / "Modelfile"
    path.write_text("FROM x\nPARAMETER temperature hot\n")
    assert run("create", "n", "-f", str(path)).err == "Error: invalid float value [hot]\n"


def test_create_sends_adapter_and_drafts_in_their_own_fields(
    run: Any, server: Any, tmp_path: Path
) -> None:
    digests = {}
    for name in ("a/m.gguf", "b/m.gguf", "lora.gguf", "draft.gguf"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
        digests[name] = "sha256:" + hashlib.sha256(name.encode()).hexdigest()
        server.answers[f"POST /api/blobs/{digests[name]}"] = (201, {})
    (tmp_path / "Modelfile").write_text(
        "FROM a/m.gguf\nFROM b/m.gguf\nADAPTER ./lora.gguf\nDRAFT draft.gguf\n"
    )
    server.answers["POST /api/create"] = (200, [{"status": "success"}])
    file = str(tmp_path / "Modelfile")
    assert run("create", "new", "-f", file, "--draft-quantize", "q8_0").code == 0
    assert server.bodies("POST /api/create") == [
        {
            "files": {"a/m.gguf": digests["a/m.gguf"], "b/m.gguf": digests["b/m.gguf"]},
            "adapters": {"lora.gguf": digests["lora.gguf"]},
            "draft_files": {"draft.gguf": digests["draft.gguf"]},
            "model": "new",
            "draft_quantize": "q8_0",
        }
    ]


@pytest.mark.parametrize(
    ("text", "flags", "words"),
    [
        ("FROM x\nADAPTER ./none\n", [], "stat {}/none: no such file or directory"),
        ("FROM x\nDRAFT none\n", [], "stat {}/none: no such file or directory"),
        (
            "FROM ./m.gguf\nDRAFT link.gguf\n",
            [],
            "DRAFT must not reference the same local path as FROM: {}/link.gguf",
        ),
        ("FROM x\n", ["--draft-quantize", "q8_0"], "--draft-quantize requires a DRAFT model"),
        (
            "FROM x\n",
            ["--experimental"],
            "this model requires MLX support, but the MLX runtime is not available",
        ),
    ],
)
def test_what_cannot_be_created_is_refused_before_anything_is_sent(
    run: Any, server: Any, tmp_path: Path, text: str, flags: list[str], words: str
) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    (tmp_path / "link.gguf").symlink_to(tmp_path / "m.gguf")
    (tmp_path / "Modelfile").write_text(text)
    result = run("create", "new", "-f", str(tmp_path / "Modelfile"), *flags)
    assert (result.code, result.err) == (1, f"Error: {words.format(tmp_path)}\n")
    assert [name for name, _ in server.requests if name.startswith("POST")] == []
