"""What all parsers that are made of states have in common."""

import time
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taken_apart import TOOLS, parsed

from pyollama.prompt.parsers import AnswerError, Start, new_parser

ARG_KEYS = ("<think>", "</think>", "<tool_call>", "</tool_call>", "<arg_key>", "</arg_value>")
GEMMA = ("<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", "call:now{", '<|"|>', "}")
TAGS = {
    "deepseek3": (
        *("</think>", "<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>"),
        *("<｜tool▁call▁end｜>", "<｜tool▁output▁begin｜>"),
    ),
    "cogito": ("</think>", "<｜tool▁calls▁begin｜>", "<｜tool▁outputs▁begin｜>", "```json\n"),
    "functiongemma": ("<start_function_call>", "call:", "<escape>", "<end_function_call>"),
    "gemma4": GEMMA,
    "gemma4-no-thinking": GEMMA,
    "glm-4.7": ARG_KEYS,
    "glm-ocr": ARG_KEYS,
    "lfm2": ("<|tool_call_start|>", "[now(a=", "<|tool_call_end|>"),
    "lfm2-thinking": ("<think>", "<|tool_call_start|>", "[now(", "<|tool_call_end|>"),
    "laguna": (*ARG_KEYS, "<user>", "</user>", "\n{"),
    "poolside-v1": (*ARG_KEYS, "<user>", "\n{"),
    "cohere": ("<|END_THINKING|>", "<|START_TEXT|>", "<|START_ACTION|>", "<|END_ACTION|>"),
    "glimmer": (
        *("<|start|>", "assistant to=now", "<|message|>", "<|eom|>", "<atem:function_calls>"),
        *('<atem:invoke name="', "</atem:function_calls>"),
    ),
}
UNITS = ("<", "{", "[", " ", '"', "'", ",", "a:", "{}\n")
NEVER_WAIT = ("deepseek3", "cogito", "lfm2", "lfm2-thinking")  # for the rest of a tag
EAT_SPACE_AT_HAND = ("functiongemma", "gemma4", "gemma4-no-thinking")  # before a tag


@cache
def texts(name: str) -> st.SearchStrategy[str]:
    """Tags and other bits in any order."""
    space = () if name in EAT_SPACE_AT_HAND else (" ", "\n")
    return st.lists(st.sampled_from([*TAGS[name], *space, "<", "{", "}", "a"])).map("".join)


@pytest.mark.parametrize("name", [name for name in TAGS if name not in NEVER_WAIT])
@given(data=st.data(), think=st.sampled_from([None, False, True]))
def test_single_characters_give_what_the_whole_gives(
    name: str, data: st.DataObject, think: bool | None
) -> None:
    text = data.draw(texts(name))
    try:
        whole = parsed(name, [text], think=think)
    except AnswerError as error:
        with pytest.raises(AnswerError) as caught:
            parsed(name, text, think=think)
        assert str(caught.value) == str(error)
    else:
        assert parsed(name, text, think=think) == whole


@pytest.mark.slow
@pytest.mark.parametrize("name", TAGS)
def test_a_megabyte_of_anything_takes_less_than_a_second(name: str) -> None:
    for unit in (*TAGS[name], *UNITS):
        text = unit * ((1 << 20) // len(unit))
        assert seconds(name, text, len(text)) < 1, unit
        assert seconds(name, text[: 1 << 18], 16) < 0.5, unit


@pytest.mark.slow
@pytest.mark.parametrize("name", TAGS)
def test_a_long_call_takes_less_than_a_second(name: str) -> None:
    for opening in ("".join(TAGS[name][:4]), "".join(TAGS[name])):
        for unit in UNITS:
            text = opening + unit * ((1 << 20) // len(unit)) + "".join(TAGS[name])
            assert seconds(name, text, len(text)) < 1, unit


def seconds(name: str, text: str, size: int) -> float:
    """Processor time that a parser takes for a text in pieces."""
    parser = new_parser(name, Start(tools=TOOLS, think=True))
    assert parser is not None
    start = time.process_time()
    try:
        for at in range(0, len(text), size):
            parser.add(text[at : at + size], done=False)
        parser.add("", done=True)
    except AnswerError:
        pass
    return time.process_time() - start
