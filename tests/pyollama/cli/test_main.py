"""Finding commands, help, the words for wrong arguments, and what is imported when."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAVY = {"numba", "numpy", "msgspec", "rich", "uvicorn", "starlette", "pyollama.store"}
HEAVY |= {"prompt_toolkit", "pyollama.cli.repl"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["foo"], 'unknown command "foo" for "ollama"'),
        (["version"], 'unknown command "version" for "ollama"'),
        (["list", "--bogus"], "unknown flag: --bogus"),
        (["-x"], "unknown shorthand flag: 'x' in -x"),
        (["list", "-xyz"], "unknown shorthand flag: 'x' in -xyz"),
        (["show", "m", "-vx"], "unknown shorthand flag: 'x' in -x"),
        (["create", "m", "-f=none"], "specified Modelfile wasn't found"),
        (["help", "foo"], 'unknown command "foo" for "ollama"'),
        (["show"], "accepts 1 arg(s), received 0"),
        (["stop", "a", "b"], "accepts 1 arg(s), received 2"),
        (["cp", "a"], "accepts 2 arg(s), received 1"),
        (["pull"], "accepts 1 arg(s), received 0"),
        (["push", "a", "b"], "accepts 1 arg(s), received 2"),
        (["pull", "m", "--insecur"], "unknown flag: --insecur"),
        (["rm"], "requires at least 1 arg(s), only received 0"),
        (["run"], "requires at least 1 arg(s), only received 0"),
        (["create", "m", "-f"], "flag needs an argument: 'f' in -f"),
        (
            ["pull", "m", "--insecure=maybe"],
            'invalid argument "maybe" for "--insecure" flag: strconv.ParseBool: parsing "maybe": '
            "invalid syntax",
        ),
        (["run", "m", "--format"], "flag needs an argument: --format"),
        (
            ["run", "m", "--think=x"],
            'invalid value for --think: "x" (must be true, false, high, medium, low, or max)',
        ),
        (["run", "m", "--keepalive", "5"], 'time: missing unit in duration "5"'),
        (["create", "a b"], "invalid model name: a b"),
        (["create", "m", "-f", "/no/such/file"], "specified Modelfile wasn't found"),
        (
            ["show", "m", "--license", "--system"],
            "only one of '--license', '--modelfile', '--parameters', '--system', or '--template' "
            "can be specified",
        ),
    ],
)
def test_mistakes_have_ollamas_words_and_no_usage(
    run: Any, arguments: list[str], message: str
) -> None:
    result = run(*arguments)
    assert (result.code, result.out, result.err) == (1, "", f"Error: {message}\n")


@pytest.mark.parametrize(
    "command",
    [
        *("list", "ps", "show m", "stop m", "rm m", "run m hi"),
        *("pull m", "push m", "cp a b", "pull --insecure m"),
    ],
)
def test_nobody_listening_has_ollamas_words(
    run: Any, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    result = run(*command.split())
    words = "could not connect to ollama server, run 'ollama serve' to start it"
    assert (result.code, result.err) == (1, f"Error: {words}\n")


def test_a_bare_call_prints_the_commands_in_order(run: Any) -> None:
    result = run()
    assert result.code == 0
    assert result.out.startswith("Large language model runner\n\nUsage:\n")
    names = [line.split()[0] for line in result.out.splitlines() if line.startswith("  ")]
    wanted = ["serve", "create", "show", "run", "stop", "pull", "push", "list", "ps", "cp", "rm"]
    assert [name for name in names if name in wanted] == wanted
    for arguments in (["help"], ["help", "help"], ["help", "--help"], ["--help"], ["-h"]):
        assert run(*arguments).out == result.out


@pytest.mark.parametrize("arguments", [["run", "--help"], ["help", "run"], ["run", "-h"]])
def test_a_commands_help_has_usage_flags_and_environment(run: Any, arguments: list[str]) -> None:
    out = run(*arguments).out
    assert out.startswith(
        "Run a model\n\nUsage:\n  pyollama run MODEL [PROMPT] [flags]\n\nExamples:\n  pyollama run "
    )
    assert "      --verbose            Show timings for response\n" in out
    assert "\nEnvironment Variables:\n      OLLAMA_HOST" in out


def test_an_alias_is_a_command(run: Any, server: Any) -> None:
    server.answers["GET /api/tags"] = (200, {"models": []})
    assert run("ls").out == "NAME    ID    SIZE    MODIFIED \n"


def test_the_version_is_the_servers(run: Any, server: Any) -> None:
    server.answers["GET /api/version"] = (200, {"version": "9.9.9"})
    lines = run("--version").out.splitlines()
    assert lines[0] == "ollama version is 9.9.9"
    assert lines[1].startswith("Warning: client version is ")


def test_the_version_without_a_server_is_a_warning(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    result = run("-v")
    assert result.code == 0
    assert result.out.startswith("Warning: could not connect to a running Ollama instance\n")


@pytest.mark.parametrize(
    "module", ["list", "ps", "show", "run", "stop", "pull", "push", "cp", "rm", "serve"]
)
def test_commands_import_nothing_heavy(module: str) -> None:
    program = f"import sys, pyollama.cli.main, pyollama.cli.{module}; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not HEAVY & set(modules)


def test_a_prompt_on_the_command_line_is_answered_without_the_interactive_session(
    server: Any,
) -> None:
    server.answers["POST /api/show"] = (200, {"capabilities": ["completion"]})
    server.answers["POST /api/generate"] = (200, [{"response": "yes", "done": True}])
    program = (
        "import sys; sys.argv = ['pyollama', 'run', 'm', 'hi']\n"
        "from pyollama.cli.main import run; run(); print(*sys.modules)"
    )
    command = [sys.executable, "-c", program]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    answer, _, modules = out.partition("\n\n")
    assert answer == "yes"
    assert not HEAVY & set(modules.split())


LAYOUT = """Copy a model

Usage:
  pyollama cp SOURCE DESTINATION [flags]

Examples:
  pyollama cp llama3.2 my-llama
  pyollama cp my-llama registry.lan:5000/team/llama

Flags:
  -h, --help   help for cp

Environment Variables:
      OLLAMA_HOST                   IP Address for the ollama server (default 127.0.0.1:11434)
"""


def test_a_commands_help_is_laid_out_as_ollamas(run: Any) -> None:
    assert run("cp", "--help").out == LAYOUT


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("serve", "Start Ollama"),
        ("create", "Create a model"),
        ("show", "Show information for a model"),
        ("run", "Run a model"),
        ("stop", "Stop a running model"),
        ("pull", "Pull a model from a registry"),
        ("push", "Push a model to a registry"),
        ("list", "List models"),
        ("ps", "List running models"),
        ("cp", "Copy a model"),
        ("rm", "Remove a model"),
    ],
)
def test_every_commands_help_begins_with_what_it_does_and_has_an_example(
    run: Any, command: str, line: str
) -> None:
    result = run(command, "--help")
    assert result.code == 0
    assert result.out.startswith(f"{line}\n\nUsage:\n  pyollama {command} ")
    assert "\n\nExamples:\n  " in result.out
    assert f"pyollama {command}" in result.out.partition("Examples:")[2].partition("Flags:")[0]
    assert f"  {command:<11} {line}\n" in run("help").out


@pytest.mark.parametrize("command", ["pull", "push"])
def test_the_flag_for_plain_http_is_explained(run: Any, command: str) -> None:
    assert "      --insecure   Use an insecure registry\n" in run(command, "-h").out


@pytest.mark.parametrize(
    ("flag", "insecure"), [("", False), ("--insecure", True), ("--insecure=false", False)]
)
def test_a_boolean_flag_may_have_a_value(run: Any, server: Any, flag: str, insecure: bool) -> None:
    server.answers["POST /api/pull"] = (200, [{"status": "success"}])
    assert run("pull", "m", *flag.split()).code == 0
    assert server.bodies("POST /api/pull") == [{"model": "m", "insecure": insecure}]


@pytest.mark.parametrize(
    "command",
    [
        *("create m -f /dev/null", "show m", "run m p", "stop m", "pull m", "push m"),
        *("list", "ps", "cp a b", "rm m"),
    ],
)
def test_a_command_first_asks_whether_anybody_is_there(
    run: Any, server: Any, tmp_path: Path, command: str
) -> None:
    (tmp_path / "Modelfile").write_text("FROM base\n")
    run(*command.replace("/dev/null", str(tmp_path / "Modelfile")).split())
    assert server.requests[0][0] == "HEAD /"


def test_help_and_version_ask_nobody_whether_anybody_is_there(run: Any, server: Any) -> None:
    for arguments in (["--help"], ["help", "run"], ["list", "--help"], ["--version"]):
        run(*arguments)
    assert [name for name, _ in server.requests] == ["GET /api/version"]


@pytest.mark.parametrize(
    ("command", "flag", "text"),
    [
        ("create", "-f, --file string", 'Name of the Modelfile (default "Modelfile")'),
        ("create", "-q, --quantize string", "Quantize model to this level (e.g. q4_K_M)"),
        ("create", "--draft-quantize string", "Quantize draft model to this level (e.g. q4_K_M)"),
        ("create", "--experimental", "Enable experimental safetensors model creation"),
        ("show", "--license", "Show license of a model"),
        ("show", "--modelfile", "Show Modelfile of a model"),
        ("show", "--parameters", "Show parameters of a model"),
        ("show", "--template", "Show template of a model"),
        ("show", "--system", "Show system message of a model"),
        ("show", "-v, --verbose", "Show detailed model information"),
        ("run", "--keepalive string", "Duration to keep a model loaded (e.g. 5m)"),
        ("run", "--verbose", "Show timings for response"),
        ("run", "--insecure", "Use an insecure registry"),
        ("run", "--nowordwrap", "Don't wrap words to the next line automatically"),
        ("run", "--format string", "Response format (e.g. json)"),
        (
            "run",
            "--think string",
            "Enable thinking mode: true/false or high/medium/low for supported models",
        ),
        ("run", "--hidethinking", "Hide thinking output (if provided)"),
        (
            "run",
            "--truncate string",
            "For embedding models: truncate inputs exceeding context length (default: true). "
            "Set --truncate=false to error instead",
        ),
        (
            "run",
            "--dimensions int",
            "Truncate output embeddings to specified dimension (embedding models only)",
        ),
        ("", "-v, --version", "Show version information"),
        ("", "--verbose", "Show timings for response"),
        ("", "--nowordwrap", "Don't wrap words to the next line automatically"),
    ],
)
def test_every_flag_is_explained(run: Any, command: str, flag: str, text: str) -> None:
    lines = run(*command.split(), "--help").out.splitlines()
    found = [line.strip() for line in lines if line.strip().startswith(f"{flag} ")]
    assert [line.removeprefix(flag).strip() for line in found] == [text]


def test_an_alias_is_told_in_the_help(run: Any) -> None:
    assert "\nAliases:\n  serve, start\n" in run("start", "--help").out
    assert "\nAliases:\n  list, ls\n" in run("ls", "--help").out


SERVER_VARIABLES = ["DEBUG", "HOST", "CONTEXT_LENGTH", "KEEP_ALIVE", "MAX_LOADED_MODELS"]
SERVER_VARIABLES += ["MAX_QUEUE", "MODELS", "NUM_PARALLEL", "NOPRUNE", "ORIGINS", "LOAD_TIMEOUT"]


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        ("run", ["HOST", "EDITOR", "NOHISTORY"]),
        ("list", ["HOST"]),
        ("create", ["HOST"]),
        ("serve", SERVER_VARIABLES),
    ],
)
def test_the_help_lists_the_variables_that_a_command_heeds(
    run: Any, command: str, variables: list[str]
) -> None:
    _, _, block = run(command, "--help").out.partition("\nEnvironment Variables:\n")
    lines = block.splitlines()
    assert all(line.startswith("      OLLAMA_") and line[33:36] == "   " for line in lines)
    assert [line.split()[0] for line in lines] == [f"OLLAMA_{name}" for name in variables]
