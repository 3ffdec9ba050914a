"""The suite passes on this project's server, and fails on servers that are wrong in one thing."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from faults import Change, body, faulty, header, status
from thread_server import thread_server

from pyollama.store.registry import direct, manifest, retries, tokens
from pyollama.store.registry.session import Session
from pyollama_conformance import __main__, report
from pyollama_conformance.case import load_cases
from pyollama_conformance.client import Client
from pyollama_conformance.runner import BAD, Runner

KNOWN = Path(__file__).with_name("known_failures.txt")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store") / "models"


def bad_results(url: str, *, without: frozenset[str] = frozenset()) -> list[str]:
    known = __main__.known_failures(KNOWN)
    results = list(Runner(Client(url), known, without).run(load_cases()))
    print(report.closing_line(results))
    return [report.line(result) for result in results if result.outcome in BAD]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home in which a server makes its key."""
    monkeypatch.setenv("HOME", str(tmp_path))


def test_the_whole_suite_passes_on_this_projects_server(models: Path) -> None:
    with thread_server(models) as url:
        assert bad_results(url) == []


FAULTS: dict[str, Change] = {
    "plain JSON type": header(b"content-type", b"application/json"),
    "no Allow": header(b"allow", None),
    "no Location": header(b"location", None),
    "no Vary": header(b"vary", None),
    "no origin": header(b"access-control-allow-origin", None),
    "422 for 400": status(400, 422),
    "403 for 404": status(404, 403),
    "200 for 403": status(403, 200),
    "308 for 301": status(301, 308),
    "200 for 201": status(201, 200),
    "other quotes": body(b"'", b"`"),
    "capitals": body(b"invalid model name", b"Invalid model name"),
    "another version": body(b'"version"', b'"Version"'),
}


@pytest.fixture(params=FAULTS)
def wrong_server(request: pytest.FixtureRequest, models: Path) -> Iterator[str]:
    with thread_server(models, faulty(FAULTS[request.param])) as url:
        yield url


def test_a_server_that_is_wrong_in_one_thing_fails(wrong_server: str) -> None:
    assert bad_results(wrong_server, without=frozenset({"model", "registry"}))


REGISTRY_FAULTS: dict[str, Change] = {
    "registry/a pull says what it does, in this order": body(b"writing man", b"Writing man"),
    "registry/a model that the registry lacks": body(b"does not exist", b"is not there, "),
    "registry/layers that are there already get one line each": body(
        b'"completed"', b'"completes"'
    ),
    "registry/a blob with other bytes than its digest says": body(b"mismatch", b"is wrong"),
    "registry/a model that was made here is pushed": body(b"pushing man", b"Pushing man"),
    "registry/a tag that the registry lacks": status(500, 404),
}


@pytest.mark.parametrize("name", REGISTRY_FAULTS)
def test_a_pull_or_push_that_is_wrong_in_one_thing_fails(name: str, models: Path) -> None:
    case = next(case for case in load_cases() if case.name == name)
    with thread_server(models, faulty(REGISTRY_FAULTS[name])) as url:
        (result,) = Runner(Client(url)).run([case])
    assert result.outcome == "fail"


real_value = tokens._value
CLIENT_FAULTS: dict[str, tuple[object, str, object]] = {
    "registry_protocol/nine redirects at the registry are followed": (direct, "MAX_REDIRECTS", 5),
    "registry_protocol/a pull says which type of manifest it wants, and that Ollama asks": (
        manifest,
        "MANIFEST_TYPE",
        "application/json",
    ),
    "registry_protocol/an upload goes on where Docker-Upload-Location says": (
        Session,
        "location",
        lambda session, answer: urljoin(answer.url, answer.headers["location"]),
    ),
    "registry_protocol/each item of a scope is a parameter of the question for a token": (
        tokens,
        "_value",
        lambda header, key: real_value(header, key).partition(" ")[0],
    ),
}


@pytest.mark.parametrize("name", CLIENT_FAULTS)
def test_a_client_that_speaks_wrongly_to_a_registry_fails(
    name: str, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, pause in ((retries, "PAUSE"), (direct, "BUDGET")):
        monkeypatch.setattr(module, pause, 0.0)
    case = next(case for case in load_cases() if case.name == name)
    with thread_server(models) as url:
        (right,) = Runner(Client(url)).run([case])
        monkeypatch.setattr(*CLIENT_FAULTS[name])
        (wrong,) = Runner(Client(url)).run([case])
    assert (right.outcome, wrong.outcome) == ("pass", "fail")
