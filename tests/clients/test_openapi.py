"""Schemathesis: requests made up from the OpenAPI document, answers held against it."""

import subprocess
from pathlib import Path

import pytest
from clients import SCRIPTS, environment
from stocked_server import Ollama

pytestmark = [pytest.mark.client, pytest.mark.slow]
CHECKS = "status_code_conformance,content_type_conformance,response_schema_conformance"
HONEST = (
    "/api/me",
    "/api/signout",
    "/api/user/keys/{encodedKey}",
    "/api/push",
    "/api/pull",
    "/api/embeddings",
    "/v1/audio/transcriptions",
)
"""Where Ollama answers with a status of its own from 500 on: nobody is signed in, nothing is there
to be pushed, no registry answers, a text is too long for the older embeddings, no model hears."""


def asked(url: str, folder: Path, *options: str) -> str:
    """What Schemathesis says after a run; AssertionError with all of it if it has found a fault."""
    program = environment("schemathesis") / "bin" / "schemathesis"
    command = [str(program), "run", f"{url}/openapi.json", "--mode", "positive", "--seed", "1"]
    fuzzing = ["--phases", "fuzzing", "--continue-on-failure", "--request-timeout", "30"]
    done = subprocess.run(
        [*command, *fuzzing, *options], cwd=folder, capture_output=True, text=True, check=False,
        env={"SCHEMATHESIS_HOOKS": str(SCRIPTS / "schemathesis_hooks.py"), "HOME": str(folder),
             "PYTHONPATH": ""},
        timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_no_request_makes_the_server_fail_and_no_answer_is_another_than_is_described(
    ollama: Ollama, tmp_path: Path
) -> None:
    others = [option for path in HONEST for option in ("--exclude-path", path)]
    checks = f"not_a_server_error,{CHECKS}"
    said = asked(ollama.url, tmp_path, "--checks", checks, "--max-examples", "12", *others)
    assert "Tested: 3" in said  # some thirty operations


def test_what_nobody_can_do_here_is_answered_as_described(ollama: Ollama, tmp_path: Path) -> None:
    these = [option for path in HONEST for option in ("--include-path", path)]
    asked(ollama.url, tmp_path, "--checks", CHECKS, "--max-examples", "3", *these)
