"""create against a scripted server: what a Modelfile becomes, and which files are sent."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@pytest.fixture
def creating(server: Any) -> Any:
    """A server that makes any model and has the blobs "GGUF" + a NUL + a small letter."""
    server.answers["POST /api/create"] = (200, [{"status": "success"}])
    for letter in "abcde":
        server.answers[f"HEAD /api/blobs/{digest(b'GGUF' + bytes(1) + letter.encode())}"] = (
            200,
            {},
        )
    return server


def weights(path: Path, letter: str) -> str:
    """Write a file that the server has, and give its digest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"GGUF" + bytes(1) + letter.encode())
    return digest(path.read_bytes())


EVERYTHING = '''\
FROM base
TEMPLATE """{{ .System }}
{{ .Prompt }}"""
SYSTEM   Be brief.
RENDERER qwen3
PARSER "qwen3"
REQUIRES v0.14.0
LICENSE MIT
LICENSE """Second,
with two lines"""
MESSAGE user Why is the sky blue?
MESSAGE assistant "Air scatters
blue light."
message system # no comment
PARAMETER num_ctx 4096
PARAMETER temperature 0.5
PARAMETER temperature 0.7
PARAMETER use_mmap false
PARAMETER stop """""""
PARAMETER stop <|end|>
'''


def test_every_instruction_becomes_a_field(run: Any, creating: Any, tmp_path: Path) -> None:
    (tmp_path / "Modelfile").write_text(EVERYTHING)
    assert run("create", "new", "-f", str(tmp_path / "Modelfile"), "-q", "q4_K_M").code == 0
    assert creating.bodies("POST /api/create") == [
        {
            "model": "new",
            "from": "base",
            "template": "{{ .System }}\n{{ .Prompt }}",
            "system": "Be brief.",
            "renderer": "qwen3",
            "parser": "qwen3",
            "requires": "0.14.0",
            "license": ["MIT", "Second,\nwith two lines"],
            "messages": [
                {"role": "user", "content": "Why is the sky blue?"},
                {"role": "assistant", "content": "Air scatters\nblue light."},
                {"role": "system", "content": "# no comment"},
            ],
            "parameters": {
                "num_ctx": 4096,
                "temperature": 0.7,
                "use_mmap": False,
                "stop": ['"', "<|end|>"],
            },
            "quantize": "q4_K_M",
        }
    ]


@pytest.mark.parametrize("text", ["FROM .\n", "FROM \n", "FROM ../here", None])
def test_a_folder_is_a_model_also_where_no_modelfile_says_so(
    run: Any, creating: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    here = tmp_path / "here"
    files = {
        "m-1.gguf": weights(here / "m-1.gguf", "a"),
        "m-2.gguf": weights(here / "m-2.gguf", "b"),
    }
    if text is not None:
        (here / "Modelfile").write_text(text)
    monkeypatch.chdir(here)
    assert run("create", "new").code == 0
    assert creating.bodies("POST /api/create") == [{"model": "new", "files": files}]


def test_where_nothing_lies_nothing_is_made(
    run: Any, creating: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("create", "new")
    assert (result.code, result.err) == (1, "Error: no Modelfile or safetensors files found\n")
    assert creating.requests == []


def test_files_of_several_sources_are_merged_and_the_last_model_counts(
    run: Any, creating: Any, tmp_path: Path
) -> None:
    keys = {
        name: weights(tmp_path / name, name[-6]) for name in ("x/a.gguf", "x/b.gguf", "y/c.gguf")
    }
    (tmp_path / "Modelfile").write_text("FROM ./x\nFROM y/c.gguf\nFROM one\nFROM two\n")
    assert run("create", "new", "-f", str(tmp_path / "Modelfile")).code == 0
    assert creating.bodies("POST /api/create") == [{"model": "new", "from": "two", "files": keys}]


def test_a_file_wins_over_a_model_of_its_name(run: Any, creating: Any, tmp_path: Path) -> None:
    known = weights(tmp_path / "llama3.2", "a")
    (tmp_path / "Modelfile").write_text("FROM llama3.2\n")
    assert run("create", "new", "-f", str(tmp_path / "Modelfile")).code == 0
    assert creating.bodies("POST /api/create") == [{"model": "new", "files": {"llama3.2": known}}]


def test_a_modelfile_may_come_through_a_pipe(
    run: Any, creating: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"FROM base\n")
    os.close(writer)
    assert run("create", "new", "-f", f"/dev/fd/{reader}").code == 0
    os.close(reader)
    assert creating.bodies("POST /api/create") == [{"model": "new", "from": "base"}]


def test_a_folder_is_no_modelfile(run: Any, creating: Any, tmp_path: Path) -> None:
    result = run("create", "new", "-f", str(tmp_path))
    assert (result.code, result.err) == (1, f"Error: open {tmp_path}: is a directory\n")


@pytest.fixture
def modelfile(tmp_path: Path) -> Path:
    (tmp_path / "m.gguf").write_bytes(b"GGUF weights")
    path = tmp_path / "Modelfile"
    path.write_text(
        'FROM ./m.gguf\nPARAMETER temperature 0.5\nPARAMETER stop a\nSYSTEM """x\ny"""\n'
    )
    return path


def test_create_uploads_the_file_and_sends_the_rest(run: Any, server: Any, modelfile: Path) -> None:
    blob = digest(b"GGUF weights")
    server.answers[f"POST /api/blobs/{blob}"] = (201, {})
    server.answers["POST /api/create"] = (200, [{"status": "parsing GGUF"}, {"status": "success"}])
    result = run("create", "new", "-f", str(modelfile))
    assert result.code == 0
    assert server.bodies(f"POST /api/blobs/{blob}") == [b"GGUF weights"]
    assert server.bodies("POST /api/create") == [
        {
            "system": "x\ny",
            "parameters": {"temperature": 0.5, "stop": ["a"]},
            "files": {"m.gguf": blob},
            "model": "new",
        }
    ]
    assert result.err.splitlines() == [
        "gathering model components",
        f"copying file {blob}",
        "parsing GGUF",
        "success",
    ]


def test_create_uploads_nothing_that_is_there(run: Any, server: Any, modelfile: Path) -> None:
    blob = digest(b"GGUF weights")
    server.answers[f"HEAD /api/blobs/{blob}"] = (200, {})
    server.answers["POST /api/create"] = (200, [{"status": "success"}])
    assert run("create", "new", "-f", str(modelfile)).code == 0
    assert server.bodies(f"POST /api/blobs/{blob}") == []


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
        digests[name] = digest(name.encode())
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
