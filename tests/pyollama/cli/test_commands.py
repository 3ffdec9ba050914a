"""list, ps, show, stop and rm against a scripted server."""

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


def test_show_tells_of_the_projector_and_of_the_version_that_is_wanted() -> None:
    projector = {
        "general.architecture": "clip",
        "general.parameter_count": 422_000_000,
        "clip.vision.embedding_length": 1152,
        "clip.vision.projection_dim": 2560,
    }
    text = information(
        SHOWN | {"projector_info": projector, "requires": "0.14.0", "capabilities": []},
        verbose=False,
    )
    assert "    requires            0.14.0    \n\n  Projector\n" in text
    assert text.partition("  Projector\n")[2].startswith(
        "    architecture        clip    \n"
        "    parameters          422M    \n"
        "    embedding length    1152    \n"
        "    dimensions          2560    \n\n"
    )
    assert "Capabilities" not in text


def test_free_text_is_wrapped_at_a_hundred_columns() -> None:
    line = "word " * 30
    text = information(SHOWN | {"system": line, "license": ""}, verbose=False)
    first, second = text.partition("  System\n")[2].splitlines()[:2]
    assert first.strip() == " ".join(["word"] * 20)
    assert second.strip() == " ".join(["word"] * 10)
    assert "License" not in text


def test_a_pull_draws_no_bar_before_its_first_byte(run: Any, server: Any) -> None:
    bar = {"status": "pulling aaaaaaaaaaaa", "digest": "sha256:a", "total": 10}
    server.answers["POST /api/pull"] = (200, [bar | {"completed": 0}, {"status": "success"}])
    assert run("pull", "m").err == "success\n"


@pytest.mark.parametrize("command", ["pull", "push", "create"])
def test_an_error_before_a_stream_shows_its_status(
    run: Any, server: Any, tmp_path: Path, command: str
) -> None:
    server.answers[f"POST /api/{command}"] = (400, {"error": "no"})
    (tmp_path / "Modelfile").write_text("FROM base\n")
    flags = ["-f", str(tmp_path / "Modelfile")] if command == "create" else []
    assert run(command, "m", *flags).err.splitlines()[-1] == "Error: 400 Bad Request: no"


@pytest.mark.parametrize("command", ["show m", "cp a b", "list", "ps", "stop m"])
def test_an_error_of_a_single_answer_is_its_text_alone(run: Any, server: Any, command: str) -> None:
    paths = ("POST /api/show", "POST /api/copy", "GET /api/tags", "GET /api/ps")
    for path in (*paths, "POST /api/generate"):
        server.answers[path] = (500, {"error": "no"})
    result = run(*command.split())
    assert (result.code, result.err) == (1, "Error: no\n")
