"""/show: the sections, and what is said where there is nothing."""

from typing import Any

import pytest

from pyollama.cli.repl.showing import parameters

FULL = {
    "license": "MIT",
    "modelfile": "FROM m\n",
    "parameters": 'seed 1\nstop "a"',
    "system": "Be kind.",
    "template": "{{ .Prompt }}",
    "details": {"family": "llama", "parameter_size": "3M", "quantization_level": "Q8_0"},
}


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("license", "MIT\n"),
        ("modelfile", "FROM m\n\n"),
        ("system", "Be kind.\n\n"),
        ("template", "{{ .Prompt }}\n"),
        ("parameters", 'Model defined parameters:\n  seed 1\n  stop "a"\n\n'),
    ],
)
def test_sections(enter: Any, server: Any, section: str, expected: str) -> None:
    server.answers["POST /api/show"] = (200, FULL)
    assert enter(f"/show {section}").out == expected


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("license", "No license was specified for this model.\n"),
        ("system", "No system message was specified for this model.\n"),
        ("template", "No prompt template was specified for this model.\n"),
    ],
)
def test_what_a_model_has_not(enter: Any, section: str, expected: str) -> None:
    assert enter(f"/show {section}").out == expected


def test_info_goes_to_stderr(enter: Any, server: Any) -> None:
    server.answers["POST /api/show"] = (200, FULL)
    printed = enter("/show info")
    assert printed.out == ""
    assert printed.err.startswith("  Model\n    architecture    llama    \n")


def test_what_was_set_here_is_shown(enter: Any, server: Any) -> None:
    printed = enter("/set system s", "/set parameter seed 1", "/show system", "/show info")
    assert printed.out.endswith("\ns\n\n")
    request = server.bodies("POST /api/show")[-1]
    assert request == {"model": "m", "system": "s", "options": {"seed": 1}}


def test_parameters_of_the_session_follow_those_of_the_model() -> None:
    assert parameters("", {"top_k": 5, "stop": ["a", "b"]}) == (
        "Model defined parameters:\n"
        "  No additional parameters were specified for this model.\n\n"
        "User defined parameters:\n"
        "  stop                           [a b]\n"
        "  top_k                          5\n"
    )


def test_an_unknown_section_is_named(enter: Any) -> None:
    assert enter("/show foo").out == "Unknown command '/show foo'. Type /? for help\n"
