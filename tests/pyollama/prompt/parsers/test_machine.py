"""Tags found in pieces, white space held back, calls counted."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.prompt.parsers.machine import SPACE, Blanks, Feed, Gathered

TAGS = ("</think>", "<tool_call>")


def read(pieces: list[str]) -> list[tuple[str, str]]:
    """The texts and tags that a feed gives for some pieces, neighbouring texts joined."""
    feed, found, text = Feed(), [], ""
    for piece in pieces:
        feed.push(piece)
        while feed:
            before, tag = feed.upto(TAGS)
            text += before
            if not tag:
                break
            found.append((text, tag))
            text = ""
    return [*found, (text + feed.rest(), "")]


def test_a_text_is_cut_at_its_tags() -> None:
    assert read(["a</think>b<tool_call>c<"]) == [
        ("a", "</think>"),
        ("b", "<tool_call>"),
        ("c<", ""),
    ]


def test_the_beginning_of_a_tag_is_held_back() -> None:
    feed = Feed("so </thi")
    assert feed.upto(TAGS) == ("so ", "")
    feed.push("nk>then")
    assert feed.upto(TAGS) == ("", "</think>")
    assert feed.upto(TAGS) == ("then", "")


def test_what_only_looked_like_a_tag_is_given_later() -> None:
    feed = Feed("a <too")
    assert feed.upto(TAGS) == ("a ", "")
    feed.push("l box>")
    assert feed.upto(TAGS) == ("<tool box>", "")


def test_of_two_tags_at_one_place_the_first_named_counts() -> None:
    assert Feed("x<a>b").upto(("<a>b", "<a>")) == ("x", "<a>b")
    assert Feed("x<a>b").upto(("<a>", "<a>b")) == ("x", "<a>")


@given(st.text(alphabet="<>/thinktool_c a", max_size=60), st.data())
def test_any_cut_gives_the_same_texts_and_tags(text: str, data: st.DataObject) -> None:
    text += data.draw(st.sampled_from(["", *TAGS]))
    at = data.draw(st.integers(0, len(text)))
    assert read([text[:at], text[at:]]) == read(list(text)) == read([text])


def test_white_space_is_passed_on_only_with_what_follows_it() -> None:
    blanks = Blanks()
    assert [blanks.push(piece) for piece in ["a ", "\n", "", " b", " "]] == [
        "a",
        "",
        "",
        " \n b",
        "",
    ]
    blanks.drop()
    assert blanks.push("c") == "c"
    assert blanks.push(" ") == ""
    assert blanks.flush() == " "
    assert blanks.push("d") == "d"


def test_white_space_is_what_go_says() -> None:
    assert not "\x85\xa0\u2003\u2028\u3000\t\v".strip(SPACE)
    assert "\x1c\u200b".strip(SPACE) == "\x1c\u200b"


def test_calls_are_counted_over_the_whole_answer() -> None:
    gathered = Gathered()
    gathered.call("f", {"a": 1})
    first = gathered.take()
    gathered.call("g", {})
    gathered.content.append("x")
    second = gathered.take()
    assert [call.index for call in (*first.calls, *second.calls)] == [0, 1]
    assert (second.content, second.thinking) == ("x", "")
    assert not gathered.take()


@pytest.mark.parametrize("text", ["<", " ", "</think>", "</thin", "<tool_call> "])
@pytest.mark.parametrize("size", [16, 1 << 20])
def test_a_megabyte_takes_less_than_a_second(text: str, size: int) -> None:
    whole = text * ((1 << 20) // len(text))
    feed, blanks = Feed(), Blanks()
    start = time.process_time()
    for at in range(0, len(whole), size):
        feed.push(whole[at : at + size])
        tag = "all"
        while tag:
            before, tag = feed.upto(TAGS)
            blanks.push(before)
    assert time.process_time() - start < 1
