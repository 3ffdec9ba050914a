"""pyollama template: prompts each way, differences, files, mistakes, and no server anywhere."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import served
import tiny_llama
from starlette.testclient import TestClient

from pyollama.cli.prompts import BUILT_IN, Page
from pyollama.settings import Settings
from pyollama.store import Store
from pyollama_http.app import create_app

GO = "{{ range .Messages }}<{{ .Role }}> {{ .Content }}{{ end }}<assistant>"
TOOL_TEMPLATE = "{% for tool in tools or [] %}{{ tool | tojson }}{% endfor %}"
HI = [{"role": "user", "content": "hi"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the models small and other, both (which has two templates) and able."""
    folder = tmp_path_factory.mktemp("store")
    store = served.new_store(folder)
    served.add_model(store, "both", served.named_weights(folder, "both"), template=GO)
    keys = tiny_llama.metadata(tokenizer__chat_template=TOOL_TEMPLATE + tiny_llama.CHAT_TEMPLATE)
    served.add_model(store, "able", tiny_llama.write_model(folder / "able.gguf", keys).read_bytes())
    return store.root


@pytest.fixture(autouse=True)
def _only_the_store(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("OLLAMA_MODELS", str(folder))
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")  # where nobody listens


def test_both_prompts_are_printed_and_where_their_tokens_differ(run: Any) -> None:
    result = run("template", "both", "-", stdin=json.dumps(HI))
    reason = "it is no less able: the layer knows plain conversation, the chat template plain"
    assert result.out == (
        f"=== Go template (used: {reason} conversation)\n"
        "<user> hi<assistant>\n"
        "=== 19 tokens\n\n"
        "=== chat template of the GGUF (not used)\n"
        "<user>hi<assistant>\n"
        "=== 18 tokens\n\n"
        "--- Go template\n"
        "+++ chat template of the GGUF\n"
        "@@ token 4 | token 4 @@\n"
        '  114 "r"\n'
        '  62 ">"\n'
        '- 32 " "\n'
        '  104 "h"\n'
        '  105 "i"\n'
    )
    assert (result.code, result.err) == (0, "")


def test_a_model_with_one_way_is_compared_with_nothing(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "talk.json"
    file.write_text(json.dumps({"messages": HI, "stream": False}), "utf-8")
    out = run("template", "small", str(file)).out
    assert out == (
        "=== chat template of the GGUF (used: the model has no template layer)\n"
        "<user>hi<assistant>\n"
        "=== 18 tokens\n\n"
    )


def test_without_a_file_there_is_a_conversation_of_every_role(run: Any) -> None:
    out = run("template", "small").out
    assert all(message["content"] in out for message in BUILT_IN)
    assert {message["role"] for message in BUILT_IN} == {"system", "user", "assistant"}


def test_prompts_are_those_that_a_server_renders(run: Any, folder: Path) -> None:
    tool = {"function": {"description": "what time it is", "name": "clock"}, "type": "function"}
    body = {"model": "able", "messages": [{"role": "USER", "content": "é"}], "tools": [tool]}
    with TestClient(
        create_app(Settings(models=folder)), base_url="http://127.0.0.1:11434"
    ) as client:
        shown = client.post("/api/chat", json={**body, "_debug_render_only": True}).json()
    prompt = shown["_debug_info"]["rendered_template"]
    assert '"parameters"' in prompt  # which the client did not write
    assert f"\n{prompt}\n===" in run("template", "able", "-", stdin=json.dumps(body)).out


def test_which_template_is_used_is_said_by_the_variable(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_GO_TEMPLATE", "0")
    out = run("template", "both").out
    assert out.startswith("=== chat template of the GGUF (used: OLLAMA_GO_TEMPLATE says so)\n")
    assert "\n=== Go template (not used)\n" in out


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        ((), "", "accepts 1 or 2 arg(s), received 0"),
        (("small", "-", "x"), "", "accepts 1 or 2 arg(s), received 3"),
        (("none",), "", "model 'none' not found"),
        (("small", "--think"), "", '"small" does not support thinking'),
        (
            ("small", "--think=x"),
            "",
            'invalid value for --think: "x" (must be true, false, high, medium, low, or max)',
        ),
        (("small", "-"), "[]", "the conversation has no messages"),
        (("small", "-"), "{}", "the conversation has no messages"),
        (
            ("small", "-"),
            '[{"content": 5}]',
            "json: cannot unmarshal number into Go struct field ChatRequest.messages.content of"
            " type string",
        ),
    ],
)
def test_mistakes_are_told_in_one_line(
    run: Any, arguments: tuple[str, ...], stdin: str, message: str
) -> None:
    result = run("template", *arguments, stdin=stdin)
    assert (result.code, result.out, result.err) == (1, "", f"Error: {message}\n")


def test_a_file_that_cannot_be_read_is_named(run: Any, tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "none", binary, tmp_path):
        result = run("template", "small", str(path))
        assert result.code == 1
        assert result.err.startswith(f"Error: cannot read {path}: ")


def test_a_model_whose_weights_are_missing_is_to_be_pulled(
    run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = served.new_store(tmp_path)
    for stored in store.list():
        assert stored.model_path is not None
        stored.model_path.unlink()
    monkeypatch.setenv("OLLAMA_MODELS", str(store.root))
    result = run("template", "small")
    assert result.err == 'Error: model "small" not found, try pulling it first\n'


def test_a_prompt_that_cannot_be_written_shows_its_error(
    run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = Store(tmp_path / "models")
    keys = tiny_llama.metadata(tokenizer__chat_template="{{ raise_exception('not today') }}")
    served.add_model(store, "shy", tiny_llama.write_model(tmp_path / "m.gguf", keys).read_bytes())
    monkeypatch.setenv("OLLAMA_MODELS", str(store.root))
    assert run("template", "shy").out.endswith("\nError: chat template: not today\n")


class Terminal(StringIO):
    """A stdout that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_colours_and_no_control_characters_of_the_prompt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal, pipe = Terminal(), StringIO()
    for out in (terminal, pipe):
        page = Page(out)
        page.print("[bold]\x1b[2J\r:smile:\x9b" + "x" * 300)
        page.print("- 5 ", "red")
    assert terminal.getvalue() == (
        "[bold]\\x1b[2J\\x0d:smile:\\x9b" + "x" * 300 + "\n\x1b[31m- 5 \x1b[0m\n"
    )
    assert pipe.getvalue() == "[bold]\x1b[2J\r:smile:\x9b" + "x" * 300 + "\n- 5 \n"


def test_the_help_is_laid_out_as_that_of_the_other_commands(run: Any) -> None:
    out = run("template", "--help").out
    assert out.startswith(
        "Show the prompt that a conversation becomes, each way\n\n"
        "Usage:\n  pyollama template MODEL [FILE|-] [flags]\n\n"
        "Examples:\n  pyollama template llama3.2\n"
    )
    assert "      OLLAMA_MODELS " in out
    assert "  template " in run("help").out
