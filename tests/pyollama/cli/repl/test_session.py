"""The interactive session on a real terminal: what is typed, what is seen, what Ctrl-C stops."""

import itertools
import json
import os
import shlex
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from pseudo_terminal import PseudoTerminal, pseudo_terminal

PLACEHOLDER = "Send a message (/? for help)"
CTRL_C, CTRL_D, CTRL_G, CTRL_J, CTRL_P, CTRL_U = "\x03", "\x04", "\x07", "\n", "\x10", "\x15"
SHORT = "be brief"
PASTE, PASTED = "\x1b[200~", "\x1b[201~"


@pytest.fixture
def scripted(server: Any) -> Any:
    """A server that knows m and answers "Yes."."""
    shown = {"capabilities": ["completion"], "messages": [{"role": "user", "content": "stored"}]}
    answer = {"message": {"role": "assistant", "content": "Yes."}}
    server.answers["POST /api/show"] = (200, shown)
    server.answers["POST /api/generate"] = (200, [{"done": True}])
    server.answers["POST /api/chat"] = (200, [answer, {"done": True}])
    return server


@contextmanager
def session(server: Any, home: Path, **environ: str) -> Iterator[PseudoTerminal]:
    """run m, at its first prompt."""
    variables = {"HOME": str(home), "OLLAMA_HOST": server.address, **environ}
    with pseudo_terminal("run", "m", environ=variables) as terminal:
        terminal.expect(PLACEHOLDER)
        yield terminal


def said(server: Any) -> list[str]:
    """The last message of each chat request."""
    return [body["messages"][-1]["content"] for body in server.bodies("POST /api/chat")]


@pytest.mark.slow
def test_a_session_from_the_first_prompt_to_the_end(scripted: Any, tmp_path: Path) -> None:
    variables = {"HOME": str(tmp_path), "OLLAMA_HOST": scripted.address}
    with pseudo_terminal("run", "m", environ=variables) as terminal:
        assert terminal.expect(">>> ").strip() == ""
        assert terminal.expect("\n") == "stored"
        assert terminal.expect(PLACEHOLDER) == ">>> "
        terminal.type("hello\r")
        terminal.expect("Yes.\n\n>>> ")
        terminal.expect(PLACEHOLDER)
        terminal.type(CTRL_C)
        terminal.expect("\nUse Ctrl + d or /bye to exit.\n")
        terminal.expect(PLACEHOLDER)
        terminal.type(CTRL_D)
        assert terminal.end() == 0
    assert said(scripted) == ["hello"]
    assert (tmp_path / ".ollama" / "history").read_text() == "hello\n"


@pytest.mark.slow
def test_messages_of_several_lines(scripted: Any, tmp_path: Path) -> None:
    with session(scripted, tmp_path) as terminal:
        terminal.type('"""one\r')
        terminal.expect("... ")
        terminal.expect("Press Enter to send")
        terminal.type('two"""\r')
        terminal.expect("Yes.\n\n>>> ")
        terminal.type(f"three{CTRL_J}four\r")
        terminal.expect("Yes.\n\n>>> ")
        terminal.type(f"{PASTE}five\r\nsix\n{PASTED}seven\r")
        terminal.expect("Yes.\n\n>>> ")
        terminal.type("/bye\r")
        assert terminal.end() == 0
    assert said(scripted) == ["one\ntwo", "three\nfour", "five\nsix\nseven"]


@pytest.mark.slow
def test_keys_edit_the_line_and_recall_earlier_ones(scripted: Any, tmp_path: Path) -> None:
    folder = tmp_path / ".ollama"
    folder.mkdir()
    (folder / "history").write_text("from before\n")
    with session(scripted, tmp_path) as terminal:
        for keys in (
            CTRL_P + "!",
            "world\x01hello \x05.",
            "lost" + CTRL_U + "a\tb",
            "c d e\x17\x17f",
        ):
            terminal.type(keys + "\r")
            terminal.expect("Yes.\n\n>>> ")
        terminal.type("/set nohistory\r")
        terminal.expect(PLACEHOLDER)
        terminal.type("secret\r")
        terminal.expect("Yes.\n\n>>> ")
        terminal.type(CTRL_D)
        assert terminal.end() == 0
    assert said(scripted) == ["from before!", "hello world.", "a        b", "c f", "secret"]
    assert "secret" not in (folder / "history").read_text()


@pytest.mark.slow
def test_no_history_is_saved_where_none_is_wanted(scripted: Any, tmp_path: Path) -> None:
    with session(scripted, tmp_path, OLLAMA_NOHISTORY="1") as terminal:
        terminal.type("secret\r")
        terminal.expect("Yes.\n\n>>> ")
        terminal.type(CTRL_D)
        assert terminal.end() == 0
    assert not (tmp_path / ".ollama").exists()


@pytest.mark.slow
def test_ctrl_g_opens_the_editor_and_takes_its_text(scripted: Any, tmp_path: Path) -> None:
    program = "import pathlib, sys; p = pathlib.Path(sys.argv[1]); p.write_text(p.read_text() * 2)"
    editor = shlex.join([sys.executable, "-c", program])
    with session(scripted, tmp_path, OLLAMA_EDITOR=editor) as terminal:
        terminal.type("ab" + CTRL_G)
        terminal.expect("abab")
        terminal.type("!\r")
        terminal.expect("Yes.\n\n>>> ")
    assert said(scripted) == ["abab!"]


@pytest.mark.slow
def test_an_editor_that_is_missing_leaves_the_line(scripted: Any, tmp_path: Path) -> None:
    with session(scripted, tmp_path, OLLAMA_EDITOR="no-such-editor") as terminal:
        terminal.type("ab" + CTRL_G)
        terminal.expect('editor "no-such-editor" not found, set OLLAMA_EDITOR')
        terminal.expect(">>> ab")
        terminal.type("c\r")
        terminal.expect("Yes.\n\n>>> ")
    assert said(scripted) == ["abc"]


@pytest.mark.slow
def test_an_answer_that_fails_ends_with_code_1(scripted: Any, tmp_path: Path) -> None:
    scripted.answers["POST /api/chat"] = (500, {"error": "no memory"})
    with session(scripted, tmp_path) as terminal:
        terminal.type("hi\r")
        terminal.expect("Error: 500 Internal Server Error: no memory\n")
        assert terminal.end() == 1


class Endless(BaseHTTPRequestHandler):
    """A server whose answers do not end, but for one; left is set when a client has gone."""

    left: threading.Event
    chats: list[Any]

    def log_message(self, format: str, *args: Any) -> None:
        return

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        if self.path != "/api/chat":
            self.wfile.write(b'{"done": true, "capabilities": ["completion"]}\n')
            return
        self.chats.append(body["messages"])
        try:
            short = body["messages"][-1]["content"] == SHORT
            for _ in range(20) if short else itertools.repeat(None):
                self.wfile.write(b'{"message": {"content": "on and "}}\n')
                time.sleep(0.02)
        except OSError:
            self.left.set()


@pytest.fixture
def endless() -> Iterator[type[Endless]]:
    """The server's handler, listening at its attribute address."""
    handler = type("Handler", (Endless,), {"left": threading.Event(), "chats": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        handler.address = f"127.0.0.1:{http.server_port}"  # type: ignore[attr-defined]
        yield handler
        http.shutdown()
        thread.join()


@pytest.mark.slow
def test_ctrl_c_stops_the_answer_and_the_server(endless: Any, tmp_path: Path) -> None:
    with session(endless, tmp_path) as terminal:
        terminal.type("go\r")
        terminal.expect("on and on and ")
        terminal.type(CTRL_C)
        assert "^C" not in terminal.expect("\n\n>>> ")
        assert endless.left.wait(10)
        terminal.expect(PLACEHOLDER)
        terminal.type("again\r")
        terminal.expect("on and on and ")
        terminal.type(CTRL_C)
        terminal.expect("\n\n>>> ")
        terminal.type(CTRL_D)
        assert terminal.end() == 0
    assert [[m["content"] for m in messages] for messages in endless.chats] == [
        ["go"],
        ["go", "again"],
    ]


@pytest.mark.slow
def test_a_line_typed_ahead_is_not_echoed_and_is_sent_afterwards(
    endless: Any, tmp_path: Path
) -> None:
    with session(endless, tmp_path) as terminal:
        terminal.type(f"{SHORT}\r")
        terminal.expect("on and on and ")
        terminal.type("ahead\r")
        assert "ahead" not in terminal.expect("\n\n>>> ")
        terminal.expect("ahead")
        terminal.expect("on and on and ")
        terminal.type(CTRL_C)
        terminal.expect("\n\n>>> ")
    assert [messages[-1]["content"] for messages in endless.chats] == [SHORT, "ahead"]


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40, 100])
def test_a_conversation_with_the_embedded_model(tmp_path: Path, columns: int) -> None:
    """One process: the server inside, the model from the package, the terminal around it."""
    with socket.socket() as taken:  # the default port may be in use here: not by Ollama, then
        taken.settimeout(1)
        if taken.connect_ex(("127.0.0.1", 11434)) == 0:
            pytest.skip("something listens at Ollama's own port")
    cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))  # of compiled kernels
    environ = {"HOME": str(tmp_path), "OLLAMA_MODELS": str(tmp_path), "XDG_CACHE_HOME": cache}
    environ["OLLAMA_HOST"] = ""
    arguments = ("run", "tiny", "--think=false", "--verbose", "--keepalive", "1m")
    with pseudo_terminal(*arguments, environ=environ, columns=columns) as terminal:
        terminal.expect(PLACEHOLDER)
        terminal.type("/set parameter temperature 0\r")
        terminal.expect("Set parameter 'temperature' to '0'\n")
        terminal.expect(PLACEHOLDER)
        terminal.type("Why is the sky blue?\r")
        lines = terminal.expect("\n\ntotal duration: ").rpartition("blue?\n")[2].splitlines()
        assert "blue" in " ".join(lines)
        assert max(len(line.rstrip()) for line in lines) <= columns - 5
        assert (len(lines) > 1) == (columns == 40)
        terminal.expect(PLACEHOLDER)
        terminal.type("/bye\r")
        assert terminal.end() == 0


@pytest.mark.slow
def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(
    scripted: Any, tmp_path: Path
) -> None:
    thinking = {"message": {"role": "assistant", "content": "", "thinking": "hm"}}
    answer = {"message": {"role": "assistant", "content": "Yes."}}
    scripted.answers["POST /api/chat"] = (200, [thinking, answer, {"done": True}])
    variables = {"HOME": str(tmp_path), "OLLAMA_HOST": scripted.address, "TERM": "dumb"}
    with pseudo_terminal("run", "m", environ=variables) as terminal:
        terminal.expect(">>> stored\n")
        terminal.expect(">>> ")
        terminal.type('"""one\n')
        terminal.expect("... ")
        terminal.type('two"""\n')
        printed = terminal.expect("Yes.\n\n>>> ")
        assert printed == 'two"""\nThinking...\nhm\n...done thinking.\n\n'
        time.sleep(0.5)  # no person is as quick: it asks before it waits for keys
        terminal.type(CTRL_C)
        terminal.expect("\nUse Ctrl + d or /bye to exit.\n>>> ")
        terminal.type(CTRL_D)
        assert terminal.end() == 0
        assert "\x1b" not in terminal.raw
    assert said(scripted) == ["one\ntwo"]
    assert (tmp_path / ".ollama" / "history").read_text() == '"""one\ntwo"""\n'
