"""Answers on a terminal: thinking set apart, and what an interrupt leaves behind."""

from io import StringIO

import pytest

from pyollama.cli.output import Answer

GREY, BOLD, PLAIN = "\x1b[38;5;245m", "\x1b[1m", "\x1b[0m"


class Terminal(StringIO):
    """A stdout that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal of 25 columns: lines are broken at 20."""
    monkeypatch.setenv("COLUMNS", "25")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def test_words_are_wrapped_five_columns_before_the_edge(terminal: Terminal) -> None:
    Answer(terminal).say("the quick brown fox jumps")
    assert terminal.getvalue() == "the quick brown fox \njumps"


def test_wrapping_can_be_switched_off(terminal: Terminal) -> None:
    Answer(terminal, word_wrap=False).say("aaaa " * 10)
    assert terminal.getvalue() == "aaaa " * 10


def test_a_pipe_gets_neither_line_breaks_nor_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "25")
    out = StringIO()
    answer = Answer(out)
    answer.think("hm")
    answer.say("aaaa " * 10)
    assert out.getvalue() == "Thinking...\nhm\n...done thinking.\n\n" + "aaaa " * 10


def test_thinking_is_grey_on_a_terminal(terminal: Terminal) -> None:
    answer = Answer(terminal)
    answer.think("hm")
    answer.say("yes")
    answer.finish()
    assert terminal.getvalue() == (
        f"{GREY}{BOLD}Thinking...\n{PLAIN}{GREY}hm{PLAIN}\n"
        f"{GREY}{BOLD}...done thinking.\n\n{PLAIN}yes\n\n"
    )


def test_thinking_has_no_colour_where_none_is_wanted(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    answer = Answer(terminal)
    answer.think("hm")
    answer.say("yes")
    assert terminal.getvalue() == (
        f"{BOLD}Thinking...\n{PLAIN}hm{PLAIN}\n{BOLD}...done thinking.\n\n{PLAIN}yes"
    )


def test_an_interrupted_thought_leaves_the_terminal_in_plain_letters(terminal: Terminal) -> None:
    answer = Answer(terminal)
    answer.think("hm")
    answer.abandon()
    assert terminal.getvalue().endswith(f"{GREY}hm{PLAIN}\n\n")


def test_an_answer_interrupted_before_it_began_leaves_one_empty_line(terminal: Terminal) -> None:
    Answer(terminal).abandon()
    assert terminal.getvalue() == "\n"


def test_an_error_begins_on_a_line_of_its_own(terminal: Terminal) -> None:
    answer = Answer(terminal)
    answer.think("hm")
    answer.fail()
    assert terminal.getvalue().endswith(f"{GREY}hm{PLAIN}\n")
