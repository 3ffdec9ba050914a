"""The commands against the real server, as a person would use them one after the other."""

import hashlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from live_server import live_server
from random_bert import write_random_bert
from tiny_llama import write_model

from pyollama.cli.asking import Server, View
from pyollama.cli.client import Client
from pyollama.cli.errors import CommandError
from pyollama.cli.repl.conversation import Conversation
from pyollama.cli.repl.history import HistoryFile
from pyollama.cli.repl.loop import converse
from pyollama.cli.serve import bind
from pyollama.settings import Host

ENTRY = [sys.executable, "-m", "pyollama"]


def names(table: str) -> list[str]:
    return [line.split()[0] for line in table.splitlines()[1:]]


@pytest.mark.slow
def test_a_models_life_from_a_file_to_its_end(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "small.gguf")
    (tmp_path / "Modelfile").write_text(
        "FROM ./small.gguf\nPARAMETER temperature 0\nPARAMETER num_predict 4\n"
    )
    with live_server(tmp_path / "models") as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        created = run("create", "small", "-f", str(tmp_path / "Modelfile"))
        assert (created.code, created.err.splitlines()[-1]) == (0, "success")
        assert names(run("list").out) == ["small:latest"]
        assert "    architecture        llama" in run("show", "small").out
        answer = run("run", "small", "hello", "--verbose")
        assert answer.code == 0
        assert answer.out.endswith("\n\n")
        assert "eval count:           4 token(s)" in answer.err
        assert names(run("ps").out) == ["small:latest"]
        assert run("stop", "small").code == 0
        assert names(run("ps").out) == []
        assert run("rm", "small").out == "deleted 'small'\n"
        assert names(run("list").out) == []
        assert "ollama version is" in run("--version").out


@pytest.mark.slow
def test_a_model_of_embeddings_prints_a_vector(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_random_bert(tmp_path / "bert.gguf")
    (tmp_path / "Modelfile").write_text("FROM ./bert.gguf\n")
    with live_server(tmp_path / "models") as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        assert run("create", "e", "-f", str(tmp_path / "Modelfile")).code == 0
        whole = json.loads(run("run", "e", "hello").out)
        assert sum(number * number for number in whole) == pytest.approx(1, rel=1e-3)
        short = run("run", "e", "hello", "--dimensions", "4", "--truncate=false")
        assert len(json.loads(short.out)) == 4
        assert short.out.count("\n") == 1
        assert run("run", "e").err.startswith("Error: embedding models require input text.")


@pytest.mark.slow
def test_a_session_is_saved_and_gone_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["/set system Be brief.", "/set parameter num_predict 4", "hello", "/save kept"]
    lines += ["/load none", "/load kept", "/show system", "again"]
    with live_server(tmp_path / "models") as server:
        client = Client(Host.parse(server.url))
        digest = f"sha256:{hashlib.sha256(write_model(tmp_path / 'm').read_bytes()).hexdigest()}"
        with (tmp_path / "m").open("rb") as file:
            assert [*client.upload(digest, file, (tmp_path / "m").stat().st_size)]
        list(client.stream("/api/create", {"model": "m", "files": {"m.gguf": digest}}))

        class Typed:
            def read(self, *, continued: bool = False) -> str:
                return lines.pop(0) if lines else "/bye"

        history = HistoryFile(tmp_path / "history")
        shown = client.call("POST", "/api/show", {"model": "m"})
        talk = Conversation(Server(client), Typed(), history, {"model": "m"}, shown, View())
        converse(talk)
        kept = client.call("POST", "/api/show", {"model": "kept"})
    out = capsys.readouterr().out
    assert "Created new model 'kept'\nLoading model 'none'\nCouldn't find model 'none'\n" in out
    assert "Loading model 'kept'\nBe brief.\n\n" in out
    assert (talk.model, [m["content"] for m in talk.messages][:1]) == ("kept", ["again"])
    assert kept["system"] == "Be brief."
    assert kept["parameters"] == "num_predict                    4"
    said = [(message["role"], message["content"]) for message in kept["messages"]]
    assert said[:2] == [("system", "Be brief."), ("user", "hello")]
    assert said[2][0] == "assistant"


@pytest.mark.slow
def test_run_brings_its_own_server_and_its_own_model(tmp_path: Path) -> None:
    with socket.socket() as taken:  # the default port may be in use here: not by Ollama, then
        taken.settimeout(1)
        if taken.connect_ex(("127.0.0.1", 11434)) == 0:
            pytest.skip("something listens at Ollama's own port")
    environ = {name: value for name, value in os.environ.items() if name != "OLLAMA_HOST"}
    environ["OLLAMA_MODELS"] = str(tmp_path)
    command = [*ENTRY, "run", "tiny", "--think=false", "Why is the sky blue?"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip()
    assert done.stdout.endswith("\n\n")
    first, *rest = done.stderr.splitlines()
    assert first == "no server at 127.0.0.1:11434: starting one inside this process"
    assert [line for line in rest if line.startswith(("pulling", "success"))][-1] == "success"


@pytest.mark.slow
def test_a_server_that_is_told_to_stop_ends_well(tmp_path: Path) -> None:
    with live_server(tmp_path / "models") as server:
        server.process.terminate()
        assert server.process.wait(30) == 0


@pytest.mark.slow
def test_a_list_takes_less_than_three_tenths_of_a_second_to_compute(tmp_path: Path) -> None:
    with live_server(tmp_path / "models") as server:
        environ = {**os.environ, "OLLAMA_HOST": server.url}
        seconds = []
        for _ in range(5):
            before = os.times()
            subprocess.run([*ENTRY, "list"], env=environ, check=True, capture_output=True)
            after = os.times()
            spent = after.children_user + after.children_system
            seconds.append(spent - before.children_user - before.children_system)
    assert min(seconds) < 0.3  # of the processor, whatever else it does meanwhile


def test_a_port_in_use_has_gos_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError) as caught:
            bind(Host(port=port))
    words = f"listen tcp 127.0.0.1:{port}: bind: address already in use"
    assert str(caught.value) == words


@pytest.mark.parametrize("address", ["", "127.0.0.1", "::1"])
def test_a_server_listens_where_it_is_told(address: str) -> None:
    if ":" in address and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with bind(Host(address=address, port=0)) as listener:
        port = listener.getsockname()[1]
        reachable = Host(address=address, port=port).client.address
        socket.create_connection((reachable, port)).close()
