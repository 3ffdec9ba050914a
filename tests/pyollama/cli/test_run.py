"""run: prompts from arguments and stdin, streaming, thinking, pulling what is missing."""

from pathlib import Path
from typing import Any

import pytest

from pyollama.cli import run as run_module
from pyollama.cli.client import Client

NOT_FOUND = (404, {"error": "model 'm' not found"})
LAST = {"done": True, "total_duration": 4_648_158_584, "load_duration": 1_071_084}
LAST |= {"prompt_eval_count": 26, "prompt_eval_duration": 342_500_000}
LAST |= {"eval_count": 290, "eval_duration": 4_300_000_000}


def lines(*texts: str) -> list[dict[str, Any]]:
    return [{"response": text, "done": False} for text in texts] + [LAST | {"response": ""}]


@pytest.fixture
def ready(server: Any) -> Any:
    server.answers["POST /api/show"] = (200, {"capabilities": ["completion"]})
    server.answers["POST /api/generate"] = (200, lines("Hel", "lo."))
    return server


def test_an_answer_is_printed_with_an_empty_line(run: Any, ready: Any) -> None:
    result = run("run", "m", "say", "hi")
    assert (result.code, result.out, result.err) == (0, "Hello.\n\n", "")
    assert ready.bodies("POST /api/generate") == [{"model": "m", "prompt": "say hi"}]


@pytest.mark.parametrize(
    ("words", "stdin", "prompt"),
    [(["b"], "a\n", "a\n b"), ([], "a\n", "a\n"), (["b"], "", "b"), (["b", "c"], "a", "a b c")],
)
def test_what_is_piped_in_comes_before_the_words(
    run: Any, ready: Any, words: list[str], stdin: str, prompt: str
) -> None:
    run("run", "m", *words, stdin=stdin)
    assert ready.bodies("POST /api/generate")[0]["prompt"] == prompt


def test_an_empty_prompt_loads_the_model_and_prints_nothing(run: Any, ready: Any) -> None:
    ready.answers["POST /api/generate"] = (200, [{"response": "", "done": True}])
    assert run("run", "m").out == ""


def test_a_tool_call_is_printed_since_nobody_can_carry_it_out(run: Any, ready: Any) -> None:
    calls = [{"function": {"name": "add", "arguments": {"b": 2, "a": 1}}}]
    message = {"role": "assistant", "content": "", "tool_calls": calls}
    ready.answers["POST /api/generate"] = (200, [{"message": message}, LAST | {"response": ""}])
    words = "Model called a non-existent function 'add()' with arguments: "
    assert run("run", "m", "p").out == f'  {words}{{"a":1,"b":2}}\n\n\n'


def test_flags_become_fields(run: Any, ready: Any) -> None:
    run("run", "m", "p", "--format", "json", "--keepalive", "5m", "--think=high")
    assert ready.bodies("POST /api/generate") == [
        {"model": "m", "prompt": "p", "format": "json", "keep_alive": "5m", "think": "high"}
    ]
    run("run", "m", "p", "--format", '{"type": "object"}')
    assert ready.bodies("POST /api/generate")[1]["format"] == {"type": "object"}


def test_think_takes_a_value_only_after_an_equals_sign(run: Any, ready: Any) -> None:
    run("run", "m", "--think", "low")
    run("run", "m", "--think=false", "low")
    bodies = ready.bodies("POST /api/generate")
    assert [(body["think"], body["prompt"]) for body in bodies] == [(True, "low"), (False, "low")]


def test_a_model_that_can_think_is_asked_to(run: Any, ready: Any) -> None:
    ready.answers["POST /api/show"] = (200, {"capabilities": ["completion", "thinking"]})
    answer = [{"thinking": "Let me see", "response": ""}, *lines("Yes.")]
    ready.answers["POST /api/generate"] = (200, answer)
    assert run("run", "m", "p").out == "Thinking...\nLet me see\n...done thinking.\n\nYes.\n\n"
    assert ready.bodies("POST /api/generate")[0]["think"] is True
    assert run("run", "m", "p", "--hidethinking").out == "Yes.\n\n"


def test_verbose_prints_timings_on_stderr(run: Any, ready: Any) -> None:
    result = run("run", "m", "p", "--verbose")
    assert result.out == "Hello.\n\n"
    assert result.err == (
        "total duration:       4.648158584s\n"
        "load duration:        1.071084ms\n"
        "prompt eval count:    26 token(s)\n"
        "prompt eval duration: 342.5ms\n"
        "prompt eval rate:     75.91 tokens/s\n"
        "eval count:           290 token(s)\n"
        "eval duration:        4.3s\n"
        "eval rate:            67.44 tokens/s\n"
    )


def test_an_error_has_its_status_unless_it_comes_in_the_stream(run: Any, ready: Any) -> None:
    ready.answers["POST /api/generate"] = (500, {"error": "no memory"})
    result = run("run", "m", "p")
    assert (result.code, result.err) == (1, "Error: 500 Internal Server Error: no memory\n")
    ready.answers["POST /api/generate"] = (200, [{"response": "a"}, {"error": "broke"}])
    result = run("run", "m", "p")
    assert (result.code, result.out, result.err) == (1, "a", "Error: broke\n")


def test_a_missing_model_is_pulled_first(
    run: Any, ready: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([NOT_FOUND, ready.answers["POST /api/show"]])
    real = run_module.show

    def show(*arguments: Any) -> dict[str, Any]:
        ready.answers["POST /api/show"] = next(answers)
        return real(*arguments)

    monkeypatch.setattr(run_module, "show", show)
    digest = "sha256:" + "0" * 64
    ready.answers["POST /api/pull"] = (
        200,
        [
            {"status": "pulling manifest"},
            {"status": "pulling 000000000000", "digest": digest, "total": 10, "completed": 10},
            {"status": "success"},
        ],
    )
    result = run("run", "m", "p")
    assert result.out == "Hello.\n\n"
    assert result.err == "pulling manifest\npulling 000000000000:\nsuccess\n"


def test_a_model_that_cannot_be_pulled_is_an_error(run: Any, server: Any) -> None:
    server.answers["POST /api/show"] = NOT_FOUND
    error = {"error": "pull model manifest: file does not exist"}
    server.answers["POST /api/pull"] = (200, [{"status": "pulling manifest"}, error])
    result = run("run", "m", "p")
    assert result.code == 1
    assert result.err.endswith("Error: pull model manifest: file does not exist\n")


def test_an_embedding_model_prints_its_vector(run: Any, server: Any) -> None:
    server.answers["POST /api/show"] = (200, {"capabilities": ["embedding"]})
    server.answers["POST /api/embed"] = (200, {"embeddings": [[0.5, 1]]})
    assert run("run", "m", "p").out == "[0.5,1]\n"
    usage = 'embedding models require input text. Usage: ollama run m "your text here"'
    assert run("run", "m").err == f"Error: {usage}\n"


def test_flags_for_embedding_models_are_sent_if_they_are_given(run: Any, server: Any) -> None:
    server.answers["POST /api/show"] = (200, {"capabilities": ["embedding"]})
    server.answers["POST /api/embed"] = (200, {"embeddings": [[0.5]]})
    run("run", "m", "p")
    run("run", "m", "p", "--truncate=false", "--dimensions", "64", "--keepalive", "1m")
    bodies = server.bodies("POST /api/embed")
    assert bodies[0] == {"model": "m", "input": "p"}
    assert bodies[1] == bodies[0] | {"truncate": False, "dimensions": 64, "keep_alive": "1m"}


@pytest.mark.parametrize(
    ("flag", "value", "parser", "reason"),
    [
        ("truncate", "x", "ParseBool", "invalid syntax"),
        ("dimensions", "1.5", "ParseInt", "invalid syntax"),
        ("dimensions", "9223372036854775808", "ParseInt", "value out of range"),
        ("dimensions", "9" * 5000, "ParseInt", "value out of range"),
    ],
)
def test_a_flag_that_cannot_be_read(
    run: Any, flag: str, value: str, parser: str, reason: str
) -> None:
    problem = f'strconv.{parser}: parsing "{value}": {reason}'
    words = f'Error: invalid argument "{value}" for "--{flag}" flag: {problem}\n'
    assert run("run", "m", f"--{flag}={value}").err == words


def test_an_image_that_the_prompt_names_is_sent_to_a_model_that_sees(
    run: Any, ready: Any, tmp_path: Path
) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    ready.answers["POST /api/show"] = (200, {"capabilities": ["completion", "vision"]})
    result = run("run", "m", "what is this?", str(picture))
    assert (result.code, result.err) == (0, f"Added image '{picture}'\n")
    assert ready.bodies("POST /api/generate") == [
        {"model": "m", "prompt": "what is this?", "images": ["iVBORw0KGgo="]}
    ]


def test_a_path_stays_text_for_a_model_that_does_not_see(
    run: Any, ready: Any, tmp_path: Path
) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    run("run", "m", f"what is {picture}?")
    assert ready.bodies("POST /api/generate") == [{"model": "m", "prompt": f"what is {picture}?"}]


def test_a_file_that_is_no_image_ends_the_command(run: Any, ready: Any, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_text("a text")
    ready.answers["POST /api/show"] = (200, {"capabilities": ["completion", "vision"]})
    result = run("run", "m", f"what is {picture}?")
    words = "invalid file type: text/plain; charset=utf-8"
    assert (result.code, result.out) == (1, "")
    assert result.err == f'Couldn\'t process file: "{words}"\nError: {words}\n'
    assert ready.bodies("POST /api/generate") == []


def test_flags_are_read_in_a_fixed_order(run: Any) -> None:
    result = run("run", "m", "--keepalive", "x", "--think=maybe", "p")
    assert result.err.startswith('Error: invalid value for --think: "maybe"')
    assert run("run", "m", "--keepalive", "x", "p").err == 'Error: time: invalid duration "x"\n'


@pytest.mark.parametrize(
    ("flag", "think"),
    [
        ("--think", True),
        *((f"--think={level}", level) for level in ("high", "medium", "low", "max")),
        ("--think=true", True),
        ("--think=false", False),
    ],
)
def test_thinking_is_a_boolean_or_a_level(run: Any, ready: Any, flag: str, think: Any) -> None:
    assert run("run", flag, "m", "p").code == 0
    assert ready.bodies("POST /api/generate")[0]["think"] == think


def test_an_interrupted_answer_is_no_error(
    run: Any, ready: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Client.stream

    def interrupted(self: Client, path: str, body: Any) -> Any:
        yield next(stream(self, path, body))
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "stream", interrupted)
    result = run("run", "m", "p")
    assert (result.code, result.out, result.err) == (0, "Hel\n", "")


def test_flags_of_the_program_hold_for_run_too(run: Any, ready: Any) -> None:
    assert "eval count:           290 token(s)\n" in run("--verbose", "run", "m", "p").err


def test_plain_http_is_asked_for_only_where_told(run: Any, server: Any) -> None:
    server.answers["POST /api/show"] = NOT_FOUND
    server.answers["POST /api/pull"] = (200, [{"error": "no"}])
    run("run", "m", "p")
    run("run", "--insecure", "m", "p")
    assert [body["insecure"] for body in server.bodies("POST /api/pull")] == [False, True]
