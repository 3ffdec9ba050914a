"""Thinking and calls of tools in the answers of models that a Go template describes."""

import time
from typing import Any

import pytest

from pyollama.gotemplate.prompts import GoPrompt
from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers.base import Start
from pyollama.prompt.parsers.generic import GenericParser

TIDE = '{"name": "get_tide", "arguments": {"port": "Brest"}}'
WIND = '{"name": "get_wind", "arguments": {"knots": true}}'


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {}}}


TOOLS = [tool("get"), tool("get_tide"), tool("get_wind")]


def parse(
    pieces: list[str], tag: str = "<tool_call>", tags: tuple[str, str] = ("", "")
) -> list[Delta]:
    """What each piece adds, and then the end."""
    parser = GenericParser(Start(TOOLS), tags, tag)
    return [*(parser.add(piece, done=False) for piece in pieces), parser.add("", done=True)]


def total(pieces: list[str], tag: str = "<tool_call>") -> tuple[str, list[tuple[int, str, Any]]]:
    """Content and calls of a whole answer."""
    whole = sum(parse(pieces, tag), Delta())
    return whole.content, [(call.index, call.name, call.arguments) for call in whole.calls]


@pytest.mark.parametrize(
    ("tag", "text", "expected"),
    [
        ("<tool_call>", f"<tool_call>{TIDE}</tool_call>", [(0, "get_tide", {"port": "Brest"})]),
        (
            "<tool_call>",
            f"<tool_call>{TIDE}</tool_call>\n<tool_call>{WIND}</tool_call> and more",
            [(0, "get_tide", {"port": "Brest"}), (1, "get_wind", {"knots": True})],
        ),
        (
            "[TOOL_CALLS] [",
            f"[TOOL_CALLS] [{TIDE}, {WIND}]",
            [(0, "get_tide", {"port": "Brest"}), (1, "get_wind", {"knots": True})],
        ),
        ("<t>", '<t>{"arguments": {"a": 1}, "name": "get"}', [(0, "get", {"a": 1})]),
        ("<t>", '<t>{"name": "get", "parameters": {"a": 1}}', [(0, "get", {"a": 1})]),
        ("<t>", '<t>{"name": "get", "arguments": "{\\"a\\": 1}"}', [(0, "get", {"a": 1})]),
        ("<t>", '<t>{"get_tide": {"port": "Brest"}}', [(0, "get_tide", {"port": "Brest"})]),
        ("<t>", '<t>get_wind {"knots": 3}', [(0, "get_wind", {"knots": 3})]),
        ("<t>", '<t>[{"calls": [{"name": "get", "arguments": {}}]}]', [(0, "get", {})]),
        ("<t>", '<t>{"name": "get", "arguments": {"a": "} \\" {"}}', [(0, "get", {"a": '} " {'})]),
        ("{", TIDE, [(0, "get_tide", {"port": "Brest"})]),
        ("[", f"[{TIDE}]", [(0, "get_tide", {"port": "Brest"})]),
    ],
)
def test_calls_are_found_wherever_the_text_is_cut(
    tag: str, text: str, expected: list[tuple[int, str, Any]]
) -> None:
    for cut in range(len(text) + 1):
        assert total([text[:cut], text[cut:]], tag) == ("", expected)
    assert total(list(text), tag) == ("", expected)


@pytest.mark.parametrize(
    ("tag", "text", "content"),
    [
        ("<tool_call>", "no call <to be found", "no call <to be found"),
        ("<tool_call>", '<tool_call>{"name": "fetch", "arguments": {}}</tool_call>', ""),
        ("<tool_call>", '<tool_call>{"name": "get"}', ""),
        ("{", '{"answer": 42}', '{"answer": 42}'),
        ("{", "for { loop }", "for { loop }"),
        ("{", '{"answer": ', '{"answer": '),
        ("[", "[special delivery]", "[special delivery]"),
        ("<t>", '<t>{"name": "get", "arguments": {"a": NaN}}', ""),
    ],
)
def test_what_is_no_call_of_a_declared_tool(tag: str, text: str, content: str) -> None:
    assert total([text], tag) == (content, [])


def test_a_call_is_lost_with_content_in_the_same_piece_but_not_behind_it() -> None:
    text = f"Let me see. <tool_call>{TIDE}"
    assert total([text]) == ("Let me see. ", [])
    assert total(["Let me see. ", text[12:]]) == (
        "Let me see. ",
        [(0, "get_tide", {"port": "Brest"})],
    )


def test_a_name_that_may_become_a_longer_one_is_awaited() -> None:
    first, second, _ = parse(['<tool_call>{"name": "get', f"{TIDE[13:]}"])
    assert not first.calls
    assert [call.name for call in second.calls] == ["get_tide"]


def test_thinking_comes_first_and_may_hold_no_call() -> None:
    tags = ("<think>", "</think>")
    pieces = ["<think>a <tool_call>", f"{TIDE}</think>", f"<tool_call>{WIND}"]
    whole = sum(parse(pieces, tags=tags), Delta())
    assert whole.thinking == f"a <tool_call>{TIDE}"
    assert [call.name for call in whole.calls] == ["get_wind"]


@pytest.mark.parametrize(
    ("tag", "preserved"),
    [("<tool_call>", ("<tool_call>",)), ("[TOOL_CALLS] [", ("[TOOL_CALLS]",)), ("{", ())],
)
def test_the_mark_of_a_call_is_to_be_seen(tag: str, preserved: tuple[str, ...]) -> None:
    assert GenericParser(Start(TOOLS), ("", ""), tag).preserved == preserved


@pytest.mark.parametrize("text", ["{", "}", '"', "\\", "<", "{}", '{"name":1}', "get_", "get{x}"])
def test_a_megabyte_of_anything_takes_less_than_a_second(text: str) -> None:
    parser = GenericParser(Start(TOOLS), ("<think>", "</think>"), "<tool_call>")
    whole = "<tool_call>" + text * ((1 << 20) // len(text))
    begin = time.process_time()
    for place in range(0, len(whole), 64):
        parser.add(whole[place : place + 64], done=False)
    parser.add("", done=True)
    assert time.process_time() - begin < 3.0  # well under one second on a machine at rest


@pytest.mark.parametrize(
    ("template", "tag"),
    [
        ('{{ range .Messages }}{{ if .ToolCalls }}<call>\n{"name"{{ end }}{{ end }}', "<call>"),
        ("{{ range .Messages }}{{ if .ToolCalls }}[CALLS] [{{ end }}{{ end }}", "[CALLS] ["),
        ('{{ if .ToolCalls }}{{ range .ToolCalls }}{"name"{{ end }}{{ end }}', "{"),
        ("{{ if .A }}{{ if .ToolCalls }}{{ if .B }}\n<x>{{ end }}{{ end }}{{ end }}", "<x>"),
        ("{{ if .ToolCalls }}{{ .Content }}<x>{{ end }}", "{"),
        ("{{ range .Messages }}{{ .Content }}{{ end }}", "{"),
    ],
)
def test_the_tag_is_what_the_template_writes_before_a_call(template: str, tag: str) -> None:
    assert GoPrompt(template).tool_tag == tag
