"""The loop: what is sent, blocks, interrupts, errors, and the stored conversation."""

from typing import Any

import pytest

from pyollama.cli.asking import View
from pyollama.cli.errors import ApiError
from pyollama.cli.repl import loop
from pyollama.cli.repl.conversation import Abandoned


def sent(server: Any) -> list[list[tuple[str, str]]]:
    """Role and text of the messages of each chat request."""
    bodies = server.bodies("POST /api/chat")
    return [[(m["role"], m["content"]) for m in body["messages"]] for body in bodies]


def test_every_message_goes_out_with_all_that_was_said_before(enter: Any, server: Any) -> None:
    printed = enter("hello", "again", "/bye", "never read")
    assert printed.out == "Yes.\n\nYes.\n\n"
    first = ("user", "hello")
    assert sent(server) == [[first], [first, ("assistant", "Yes."), ("user", "again")]]


def test_thinking_is_sent_back_with_the_answer(enter: Any, server: Any) -> None:
    pieces: list[dict[str, Any]] = [{"thinking": "h"}, {"thinking": "m"}, {"content": "A"}]
    server.answers["POST /api/chat"] = (200, [{"message": piece} for piece in pieces])
    assert enter("a", "b").out.startswith("Thinking...\nhm\n...done thinking.\n\nA\n\n")
    answer = server.bodies("POST /api/chat")[1]["messages"][1]
    assert answer == {"role": "assistant", "content": "A", "thinking": "hm"}


def test_statistics_follow_the_empty_line_after_the_answer(enter: Any, server: Any) -> None:
    server.answers["POST /api/chat"] = (200, [{"message": {"content": "A"}}, {"eval_count": 3}])
    printed = enter("/set verbose", "hi", "/set quiet", "hi")
    assert printed.out == "Set 'verbose' mode.\nA\n\nSet 'quiet' mode.\nA\n\n"
    assert printed.err == "eval count:           3 token(s)\n"


@pytest.mark.parametrize("line", ["", "  ", '""""""'])
def test_nothing_is_not_sent(enter: Any, server: Any, line: str) -> None:
    enter(line)
    assert sent(server) == []


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (['"""one line"""'], "one line"),
        (['"""a', 'b"""'], "a\nb"),
        (['"""', "a", "/bye", '"""'], "\na\n/bye\n"),
        (["pasted\nlines"], "pasted\nlines"),
        (["/usr/bin\n/usr/lib"], "/usr/bin\n/usr/lib"),
    ],
)
def test_a_message_may_have_several_lines(
    enter: Any, server: Any, lines: list[str], text: str
) -> None:
    enter(*lines)
    assert sent(server) == [[("user", text)]]


def test_the_further_lines_of_a_block_have_the_other_prompt(enter: Any, talk: Any) -> None:
    enter('"""a', 'b"""', "c")
    assert talk.reader.continued == [False, True, False, False]


def test_an_interrupt_abandons_the_block(enter: Any, server: Any) -> None:
    printed = enter('"""a', Abandoned("b"), "c")
    assert sent(server) == [[("user", "c")]]
    assert "Use Ctrl" not in printed.out


def test_an_interrupt_on_an_empty_line_says_how_to_leave(enter: Any) -> None:
    assert enter(Abandoned("")).out == "Use Ctrl + d or /bye to exit.\n"


def test_an_interrupted_answer_is_not_kept_but_its_question_is(
    enter: Any, talk: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = talk.server.client.stream

    def interrupted(path: str, body: Any) -> Any:
        yield next(stream(path, body))
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(talk.server.client, "stream", interrupted)
    assert enter("a", "b").out == "Ye\nYes.\n\n"
    assert sent(server)[1] == [("user", "a"), ("user", "b")]


def test_a_model_that_cannot_think_does_not_end_the_session(enter: Any, server: Any) -> None:
    server.answers["POST /api/chat"] = (400, {"error": '"m" does not support thinking'})
    printed = enter("a", "b")
    line = 'error: 400 Bad Request: "m" does not support thinking\n'
    assert (printed.out, sent(server)[1]) == (line + line, [("user", "b")])


def test_any_other_error_of_an_answer_ends_the_session(enter: Any, server: Any) -> None:
    server.answers["POST /api/chat"] = (500, {"error": "no memory"})
    with pytest.raises(ApiError, match="500 Internal Server Error: no memory"):
        enter("a")


def test_a_stored_conversation_is_shown_again(capsys: pytest.CaptureFixture[str]) -> None:
    stored = [("system", "s"), ("user", "hi"), ("assistant", "Hello.")]
    loop.replay([{"role": role, "content": text} for role, text in stored], View())
    assert capsys.readouterr().out == ">>> hi\nHello.\n\n"
