"""pull, push and cp against a real server and a registry on loopback."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fake_registry import FakeRegistry, Reply, fake_registry
from live_server import LiveServer, live_server
from pseudo_terminal import pseudo_terminal
from upload_registry import UploadRegistry, upload_registry

from pyollama.cli.push import NOT_YOURS, destination

LAYER = b"the weights, as it were" * 50_000  # 1.15 MB

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that reaches only this machine, and keeps its keys to itself."""
    folder = tmp_path_factory.mktemp("served")
    proxies = {f"{kind}_PROXY": "" for kind in ("HTTP", "HTTPS", "NO")}
    environ = {**proxies, **{name.lower(): "" for name in proxies}, "HOME": str(folder)}
    with live_server(folder / "models", environ) as server:
        yield server


@pytest.fixture(autouse=True)
def at_the_server(served: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", served.url)


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as found:
        found.offer("m", [b"{}", LAYER])
        yield found


@pytest.fixture
def uploads() -> Iterator[UploadRegistry]:
    with upload_registry() as found:
        found.server.offer("m", [b"{}", LAYER])
        yield found


def listed(run: Any) -> list[str]:
    return [line.split()[0] for line in run("list").out.splitlines()[1:]]


def test_a_pull_without_a_terminal_says_each_status_once(run: Any, registry: FakeRegistry) -> None:
    name = f"{registry.netloc}/ns/m"
    result = run("pull", name, "--insecure")
    assert (result.code, result.out) == (0, "")
    lines = result.err.splitlines()
    assert lines[0] == "pulling manifest"
    assert lines[-3:] == ["verifying sha256 digest", "writing manifest", "success"]
    assert all(line.startswith("pulling ") and line.endswith(":") for line in lines[1:-3])
    assert len(set(lines[1:-3])) == 2
    assert len(lines[1:-3]) == 2
    assert f"{name}:latest" in listed(run)


def test_a_pull_on_a_terminal_draws_full_bars(registry: FakeRegistry) -> None:
    arguments = ("pull", "--insecure", f"{registry.netloc}/ns/m")
    with pseudo_terminal(*arguments, environ=os.environ) as terminal:
        text = terminal.expect("success")
        assert terminal.end() == 0
    assert "100% ▕█" in text
    assert "1.1 MB" in text


def test_what_no_registry_has_is_an_error(run: Any, registry: FakeRegistry) -> None:
    result = run("pull", "--insecure", f"{registry.netloc}/ns/none")
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines() == [
        "pulling manifest",
        "Error: pull model manifest: file does not exist",
    ]


def test_a_name_that_is_none_shows_the_status_of_the_answer(run: Any) -> None:
    result = run("pull", "a b")
    assert (result.code, result.err) == (1, "Error: 400 Bad Request: invalid model name\n")


def test_escapes_in_the_words_of_a_registry_do_not_reach_the_terminal(
    run: Any, registry: FakeRegistry
) -> None:
    registry.replies["GET /v2/ns/old/manifests/latest"] = Reply(412, b"\x1b]0;title\x07 upgrade")
    result = run("pull", "--insecure", f"{registry.netloc}/ns/old")
    words = "Error: pull model manifest: 412: \\x1b]0;title\\x07 upgrade"
    assert result.err.splitlines()[-1] == words


def test_an_interrupted_pull_stops_at_the_server_too(
    registry: FakeRegistry,
) -> None:
    registry.replies["GET /v2/ns/slow/manifests/latest"] = Reply(hold=True)
    arguments = ("pull", "--insecure", f"{registry.netloc}/ns/slow")
    with pseudo_terminal(*arguments, environ=os.environ) as terminal:
        terminal.expect("pulling manifest")
        while not registry.asked:
            time.sleep(0.01)
        terminal.type("\x03")
        assert terminal.end() == 130
    assert registry.gone.wait(10)


def test_a_copy_is_pushed_and_can_be_found(run: Any, uploads: UploadRegistry) -> None:
    source, target = (f"{uploads.server.netloc}/{name}" for name in ("ns/m", "team/own"))
    assert run("pull", "--insecure", source).code == 0
    copied = run("cp", source, target)
    assert (copied.code, copied.out) == (0, f"copied '{source}' to '{target}'\n")
    result = run("push", "--insecure", target)
    assert result.code == 0
    assert result.out == f"\nYou can find your model at:\n\n\t{target}:latest\n"
    lines = result.err.splitlines()
    assert lines[0] == "retrieving manifest"
    assert lines[-2:] == ["pushing manifest", "success"]
    assert all(line.startswith("pushing ") and line[-1] != ":" for line in lines[1:-2])
    assert "GET /v2/team/own/manifests/latest" in uploads.server.replies


def test_a_push_on_a_terminal_draws_full_bars(run: Any, uploads: UploadRegistry) -> None:
    name = f"{uploads.server.netloc}/ns/m"
    assert run("pull", "--insecure", name).code == 0
    with pseudo_terminal("push", "--insecure", name, environ=os.environ) as terminal:
        text = terminal.expect("You can find your model at:")
        assert terminal.end() == 0
    assert "100% ▕█" in text
    assert "success\n" in text


def test_a_push_of_what_is_not_there_is_an_error(run: Any, uploads: UploadRegistry) -> None:
    result = run("push", "--insecure", f"{uploads.server.netloc}/ns/none")
    lines = result.err.splitlines()
    assert (result.code, result.out) == (1, "")
    assert lines[:2] == ["retrieving manifest", "couldn't retrieve manifest"]
    assert lines[-1].startswith("Error: ")


def test_a_push_that_is_refused_says_why(run: Any, uploads: UploadRegistry) -> None:
    name = f"{uploads.server.netloc}/ns/m"
    assert run("pull", "--insecure", name).code == 0
    challenge = f'Bearer realm="http://{uploads.server.netloc}/token",service="s",scope="x"'
    refusal = Reply(401, b"no", {"WWW-Authenticate": challenge})
    token = Reply(200, b'{"token":"useless"}')
    uploads.server.gate = lambda asked: token if asked.path.startswith("/token?") else refusal
    result = run("push", "--insecure", name)
    assert result.code == 1
    assert result.err.splitlines()[-1] == f"Error: {NOT_YOURS}"


def test_a_copy_of_nothing_has_ollamas_words(run: Any) -> None:
    result = run("cp", "none", "other")
    assert (result.code, result.out) == (1, "")
    assert result.err == 'Error: model "none" not found\n'


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("a b", "c"), 'source "a b" is invalid'), (("a", "b c"), 'destination "b c" is invalid')],
)
def test_a_copy_of_what_is_no_name_is_an_error(
    run: Any, arguments: tuple[str, str], words: str
) -> None:
    result = run("cp", *arguments)
    assert (result.code, result.err) == (1, f"Error: {words}\n")


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("me/m", "https://ollama.com/me/m"),
        ("me/m:latest", "https://ollama.com/me/m"),
        ("me/m:8b", "https://ollama.com/me/m:8b"),
        ("m", "https://ollama.com/m"),
        ("staging.ollama.com/me/m", "https://ollama.com/staging.ollama.com/me/m"),
        ("registry.lan:5000/team/m", "registry.lan:5000/team/m:latest"),
        ("http://registry.lan/team/m:8b", "registry.lan/team/m:8b"),
    ],
)
def test_the_place_of_a_pushed_model(name: str, place: str) -> None:
    assert destination(name) == place


def test_a_model_that_is_missing_is_pulled_before_it_runs(run: Any, registry: FakeRegistry) -> None:
    result = run("run", "--insecure", f"{registry.netloc}/ns/none", "hello")
    assert result.code == 1
    assert result.err.splitlines() == [
        "pulling manifest",
        "Error: pull model manifest: file does not exist",
    ]


def test_the_server_is_asked_for_plain_http_only_where_told(
    run: Any, registry: FakeRegistry
) -> None:
    result = run("pull", f"{registry.netloc}/ns/m")
    assert result.code == 1
    assert f'pull model manifest: Get "https://{registry.netloc}/v2/ns/m' in result.err
