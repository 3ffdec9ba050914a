"""The cases of what clients depend on notice a server that is wrong in one such thing."""

from collections.abc import Iterator

import pytest
from faults import Change, body, faulty, status
from thread_server import Message, thread_server

from pyollama_conformance.case import load_cases
from pyollama_conformance.client import Client
from pyollama_conformance.runner import Runner

pytestmark = pytest.mark.slow
CASES = {case.name: case for case in load_cases() if case.name.startswith("clients/")}
FAULTS: dict[str, Change] = {
    "the version is one that editors accept, 0.6.4 or later": body(b'"0.33.0"', b'"0.6.03"'),
    "programs find a listed model by its name and by its model": body(b'"name"', b'"nome"'),
    "a running model's end is a date in the form of ISO 8601": body(
        b'"expires_at"', b'"expires_in"'
    ),
    "the context length is an integer in model_info, under the architecture's name": body(
        b'"llama.context_length":2048', b'"llama.context_length":null'
    ),
    "parameters are shown as text, one on each line": body(b'"parameters"', b'"Parameters"'),
    "every line of a completion has text, done, model and time; the last has the counts": body(
        b'"eval_count"', b'"eval_Count"'
    ),
    "every line of a chat has a message with a role and content that is text": body(
        b'"content":""', b'"content":[]'
    ),
    "without a stream the counts come with the text": body(
        b'"prompt_eval_count"', b'"prompt_eval_total"'
    ),
    "a model that is not there is told as JSON before a stream begins": status(404, 200),
    "a call's arguments are an object, and its line has content that is text": body(
        b'"arguments":{"', b'"argument_":{"'
    ),
}


@pytest.fixture(scope="module")
def changes() -> list[Change]:
    """What is done to the server's answers."""
    return []


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, changes: list[Change]) -> Iterator[str]:
    """One server, whose faults come and go."""

    def change(message: Message) -> None:
        for each in changes:
            each(message)

    with thread_server(tmp_path_factory.mktemp("store") / "models", faulty(change)) as url:
        yield url


@pytest.mark.parametrize("description", FAULTS)
def test_a_server_that_breaks_a_client_fails(
    description: str, url: str, changes: list[Change]
) -> None:
    case = CASES[f"clients/{description}"]
    changes.append(FAULTS[description])
    try:
        (wrong,) = Runner(Client(url)).run([case])
    finally:
        changes.clear()
    assert wrong.outcome == "fail"
