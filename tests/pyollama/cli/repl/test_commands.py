"""Commands of the session: how they are known, /list, /load, /save, /clear and the help."""

from typing import Any

import pytest

from pyollama.cli.repl.conversation import Conversation

OTHER = {"capabilities": ["completion", "thinking"], "details": {}}


@pytest.mark.parametrize("line", ["/bye", "/byebye", "/exit", "/exit now"])
def test_leaving(enter: Any, server: Any, line: str) -> None:
    assert enter(line, "never read").out == ""
    assert server.bodies("POST /api/chat") == []


@pytest.mark.parametrize("line", ["/foo", "/foo bar", "/home/me/picture.txt", "/"])
def test_an_unknown_command_is_named_by_its_first_word(enter: Any, line: str) -> None:
    name = line.split()[0]
    assert enter(line).out == f"Unknown command '{name}'. Type /? for help\n"


def test_list_prints_the_table_of_the_command(enter: Any, server: Any) -> None:
    model = {"name": "m:latest", "digest": "0" * 64, "size": 1000}
    model |= {"modified_at": "0001-01-01T00:00:00Z"}
    server.answers["GET /api/tags"] = (200, {"models": [model]})
    line = "m:latest    000000000000    1 KB    Never       \n"
    assert enter("/list").out.endswith(line)
    assert enter("/list x").out == "NAME    ID    SIZE    MODIFIED \n"


def test_an_error_of_a_command_does_not_end_the_session(enter: Any, server: Any) -> None:
    server.answers["GET /api/tags"] = (500, {"error": "no folder"})
    printed = enter("/list", "hi")
    assert (printed.out, printed.err) == ("Yes.\n\n", "error: no folder\n")


def test_load_goes_over_to_another_model_and_begins_anew(
    enter: Any, server: Any, talk: Conversation
) -> None:
    enter("/set parameter seed 1", "/set system s", "hi")
    server.answers["POST /api/show"] = (200, OTHER)
    assert enter("/load n", "you").out == "Loading model 'n'\nYes.\n\n"
    assert server.bodies("POST /api/generate") == [
        {"model": "n", "options": {"seed": 1}, "think": True}
    ]
    last = server.bodies("POST /api/chat")[-1]
    assert (last["model"], last["think"]) == ("n", True)
    assert last["messages"] == [{"role": "user", "content": "you"}]


def test_a_model_that_is_missing_is_not_loaded_and_the_session_goes_on(
    enter: Any, server: Any
) -> None:
    enter("hi")
    server.answers["POST /api/show"] = (404, {"error": "model 'n' not found"})
    printed = enter("/load n", "you")
    assert printed.out == "Loading model 'n'\nCouldn't find model 'n'\nYes.\n\n"
    last = server.bodies("POST /api/chat")[-1]
    assert (last["model"], len(last["messages"])) == ("m", 3)


def test_a_model_that_cannot_be_loaded_leaves_the_old_one(
    enter: Any, server: Any, talk: Conversation
) -> None:
    server.answers["POST /api/generate"] = (500, {"error": "no memory"})
    assert enter("/load n").err == "error: 500 Internal Server Error: no memory\n"
    assert talk.model == "m"


def test_save_makes_a_model_of_the_conversation(
    enter: Any, server: Any, talk: Conversation
) -> None:
    server.answers["POST /api/create"] = (200, [{"status": "success"}])
    talk.shown["messages"] = [{"role": "user", "content": "stored"}]
    printed = enter("/set parameter seed 1", "/set system s", "hi", "/save new")
    assert printed.out.endswith("Created new model 'new'\n")
    (request,) = server.bodies("POST /api/create")
    assert [message["content"] for message in request.pop("messages")] == [
        "stored",
        "s",
        "hi",
        "Yes.",
    ]
    assert request == {"model": "new", "from": "m", "system": "s", "parameters": {"seed": 1}}


def test_save_builds_upon_the_parent_where_there_is_one(
    enter: Any, server: Any, talk: Conversation
) -> None:
    server.answers["POST /api/create"] = (200, [{"status": "success"}])
    talk.shown["details"] = {"parent_model": "base:latest"}
    enter("/save new")
    talk.shown["details"] = {"parent_model": "/models/a file.gguf"}
    enter("/save new")
    assert [body["from"] for body in server.bodies("POST /api/create")] == ["base:latest", "m"]


def test_save_refuses_what_is_no_name(enter: Any, server: Any) -> None:
    assert enter("/save bad//name").out == "error: The model name 'bad//name' is invalid\n"
    assert server.bodies("POST /api/create") == []


@pytest.mark.parametrize("name", ["load", "save"])
@pytest.mark.parametrize("rest", ["", " a b"])
def test_one_name_is_wanted(enter: Any, name: str, rest: str) -> None:
    assert enter(f"/{name}{rest}").out == f"Usage:\n  /{name} <modelname>\n"


def test_clear_forgets_what_was_said_but_not_the_system_message(enter: Any, server: Any) -> None:
    printed = enter("hi", "/clear", "you", "/set system s", "/clear", "there")
    assert printed.out.count("Cleared session context\n") == 2
    _, second, third = (body["messages"] for body in server.bodies("POST /api/chat"))
    assert second == [{"role": "user", "content": "you"}]
    assert third == [{"role": "system", "content": "s"}, {"role": "user", "content": "there"}]


@pytest.mark.parametrize(
    ("line", "title", "entry"),
    [
        ("/?", "Available Commands:", "  /save <model>   Save your current session"),
        ("/help", "Available Commands:", 'Use """ to begin a multi-line message.'),
        ("/help nonsense", "Available Commands:", "  /bye            Exit"),
        ("/? set", "Available Commands:", "  /set format json       Enable JSON mode"),
        ("/? /set", "Available Commands:", "  /set nothink           Disable thinking"),
        ("/set", "Available Commands:", "  /set system <string>   Set system message"),
        ("/set system", "Available Commands:", "  /set quiet             Disable LLM stats"),
        ("/settle", "Available Commands:", "  /set parameter ...     Set a parameter"),
        ("/help show", "Available Commands:", "  /show license      Show model license"),
        ("/show", "Available Commands:", "  /show template     Show prompt template"),
    ],
)
def test_help_goes_to_stderr(enter: Any, line: str, title: str, entry: str) -> None:
    printed = enter(line)
    assert printed.out == ""
    assert printed.err.startswith(f"{title}\n")
    assert entry in printed.err.splitlines()
    assert printed.err.endswith("\n\n")


@pytest.mark.parametrize("line", ["/set parameter", "/set parameter seed"])
def test_the_help_on_parameters_lists_eleven(enter: Any, line: str) -> None:
    title, *entries = enter(line).err.split("\n")
    assert title == "Available Parameters:"
    assert entries[0].startswith("  /set parameter seed <int>             ")
    assert entries[10].startswith("  /set parameter stop <string> <string> ... ")
    assert entries[11:] == ["", ""]


def test_the_help_on_keys_lists_eleven(enter: Any) -> None:
    title, *entries = enter("/? shortcuts").err.split("\n")
    assert title == "Available keyboard shortcuts:"
    assert entries[11:] == ["", ""]


MAIN = """\
Available Commands:
  /set            Set session variables
  /show           Show model information
  /load <model>   Load a session or model
  /save <model>   Save your current session
  /clear          Clear session context
  /bye            Exit
  /?, /help       Help for a command
  /? shortcuts    Help for keyboard shortcuts

Use \"\"\" to begin a multi-line message.

"""
SET = {
    "parameter ...": "Set a parameter",
    "system <string>": "Set system message",
    "history": "Enable history",
    "nohistory": "Disable history",
    "wordwrap": "Enable wordwrap",
    "nowordwrap": "Disable wordwrap",
    "format json": "Enable JSON mode",
    "noformat": "Disable formatting",
    "verbose": "Show LLM stats",
    "quiet": "Disable LLM stats",
    "think": "Enable thinking",
    "nothink": "Disable thinking",
}
SHOW = {
    "info": "Show details for this model",
    "license": "Show model license",
    "modelfile": "Show Modelfile for this model",
    "parameters": "Show parameters for this model",
    "system": "Show system message",
    "template": "Show prompt template",
}
PARAMETERS = ["seed <int>", "num_predict <int>", "top_k <int>", "top_p <float>", "min_p <float>"]
PARAMETERS += ["num_ctx <int>", "temperature <float>", "repeat_penalty <float>"]
PARAMETERS += ["repeat_last_n <int>", "num_gpu <int>", "stop <string> <string> ..."]


def test_the_help_has_every_command(enter: Any) -> None:
    assert enter("/?").err == MAIN


@pytest.mark.parametrize(("command", "entries"), [("set", SET), ("show", SHOW)])
def test_the_help_on_a_command_has_every_form_of_it(
    enter: Any, command: str, entries: dict[str, str]
) -> None:
    lines = [" ".join(line.split()) for line in enter(f"/{command}").err.splitlines()]
    wanted = [f"/{command} {form} {text}" for form, text in entries.items()]
    assert lines == ["Available Commands:", *wanted, ""]


def test_the_help_on_parameters_has_each_with_its_type(enter: Any) -> None:
    lines = enter("/set parameter").err.splitlines()
    assert [line[2:44].strip() for line in lines[1:-1]] == [
        f"/set parameter {parameter}" for parameter in PARAMETERS
    ]


def test_what_cannot_be_saved_says_why_and_the_session_goes_on(enter: Any, server: Any) -> None:
    error = {"error": "no space left on device"}
    server.answers["POST /api/create"] = (200, [{"status": "writing manifest"}, error])
    printed = enter("/save new", "hi")
    assert (printed.out, printed.err) == ("Yes.\n\n", "error: no space left on device\n")
