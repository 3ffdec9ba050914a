"""DeepSeek 3 and Cogito."""

import pytest
from taken_apart import OSLO, TOOLS, deltas, parsed

from pyollama.api import Message
from pyollama.prompt.parsers import Start

BEGIN, END = "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"
ONE, ONE_END, SEPARATOR = "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>", "<｜tool▁sep｜>"
CALL = f'{ONE}forecast{SEPARATOR}{{"place": "Oslo"}}{ONE_END}'
COGITO = f'{ONE}function{SEPARATOR}forecast\n```json\n{{"place": "Oslo"}}\n```{ONE_END}'
BROKEN = f"{ONE}forecast{SEPARATOR}{{place{ONE_END}"
BEGUN = Message(role="assistant", content="So")
EMPTY = Message(role="assistant", content="", thinking="hm")


@pytest.mark.parametrize(
    ("name", "start", "thinks"),
    [
        ("deepseek3", Start(), False),
        ("deepseek3", Start(think=False), False),
        ("deepseek3", Start(think=True), True),
        ("deepseek3", Start(think="low", tools=TOOLS), True),
        ("deepseek3", Start(think=True, last=BEGUN), False),
        ("deepseek3", Start(think=True, last=EMPTY), True),
        ("cogito", Start(think=True), True),
        ("cogito", Start(think=True, tools=TOOLS), False),
        ("cogito", Start(think=True, last=BEGUN), False),
    ],
)
def test_where_an_answer_starts(name: str, start: Start, thinks: bool) -> None:
    [first, _] = deltas(name, ["x"], start)
    assert (first.thinking, first.content) == (("x", "") if thinks else ("", "x"))


@pytest.mark.parametrize("pieces", [["hm \n</think>\n\nyes"], ["hm ", "\n</th", "ink>", "\n\nyes"]])
def test_thinking_ends_with_its_tag_and_white_space_around_it_is_dropped(pieces: list[str]) -> None:
    assert parsed("deepseek3", pieces, think=True) == ("yes", "hm", [])
    assert parsed("cogito", pieces, think=True, tools=()) == ("yes", "hm", [])


@pytest.mark.parametrize(("name", "call"), [("deepseek3", CALL), ("cogito", COGITO)])
def test_calls_are_numbered_over_the_whole_answer(name: str, call: str) -> None:
    text = f"Wait. {BEGIN}{call}\n{call}{END}\n{BEGIN}{call}{END} Done. "
    found = [(0, "forecast", OSLO), (1, "forecast", OSLO), (2, "forecast", OSLO)]
    assert parsed(name, [text]) == ("Wait.Done. ", "", found)


def test_content_never_waits() -> None:
    found = deltas("deepseek3", ["a ", "<", "｜tool▁calls", "▁begin｜>", " "])
    assert [delta.content for delta in found] == ["a ", "<", "｜tool▁calls", "▁begin｜>", " ", ""]


def test_a_call_may_come_in_any_pieces_once_its_first_tag_has_come() -> None:
    rest = f"{CALL}{END}yes"
    for at in range(len(rest)):
        pieces = [BEGIN, rest[:at], rest[at:]]
        assert parsed("deepseek3", pieces) == ("yes", "", [(0, "forecast", OSLO)])


@pytest.mark.parametrize("name", ["deepseek3", "cogito"])
def test_a_call_that_cannot_be_read_takes_those_after_it_along(name: str) -> None:
    call = CALL if name == "deepseek3" else COGITO
    text = f"{BEGIN}{call}{BROKEN}{call}{END}a{BEGIN}{call}{END}"
    assert parsed(name, [text]) == ("a", "", [(0, "forecast", OSLO), (1, "forecast", OSLO)])


@pytest.mark.parametrize(
    "body",
    [
        f"{ONE}forecast{ONE_END}",
        f"{ONE}function{SEPARATOR}forecast{ONE_END}",
        f"{ONE}function{SEPARATOR}forecast\n```json\n{{}}{ONE_END}",
        f"{ONE}forecast{SEPARATOR}[]{ONE_END}",
        f"{ONE}forecast{SEPARATOR}{{}}",
    ],
)
def test_what_is_no_call_is_dropped(body: str) -> None:
    for name in ("deepseek3", "cogito"):
        assert parsed(name, [f"a{BEGIN}{body}{END}b"]) == ("ab", "", [])


def test_an_unfinished_call_is_dropped() -> None:
    assert parsed("deepseek3", [f"a{BEGIN}{CALL[:-3]}"]) == ("a", "", [])


def test_results_of_tools_are_content_of_deepseek_alone() -> None:
    text = "a<｜tool▁output▁begin｜>12<｜tool▁output▁end｜> b"
    assert parsed("deepseek3", [text]) == ("a12b", "", [])
    assert parsed("cogito", [text]) == ("ab", "", [])
    several = f"a<｜tool▁outputs▁begin｜>{text}<｜tool▁outputs▁end｜>b"
    assert parsed("cogito", [several]) == ("ab", "", [])
