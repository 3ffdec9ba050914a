"""Tool calls taken out of text, whatever the pieces."""

import time

import pytest

from pyollama.errors import EngineError
from pyollama.prompt.toolcalls import ToolCallCollector

CALL = '<tool_call>\n{"name": "tide", "arguments": {"port": "Brest"}}\n</tool_call>'


def collect(parts: list[str]) -> tuple[str, list[tuple[int, str, object]]]:
    collector = ToolCallCollector()
    content = "".join(map(collector.push, parts)) + collector.flush()
    return content, [(f.index, f.name, f.arguments) for f in collector.calls]


UNREADABLE = [  # what no answer can hold
    f'<tool_call>{{"name": "a", "arguments": {{"b": {value}}}}}</tool_call>'
    for value in ("NaN", "-Infinity", "1e999", "9" * 400, "[" * 300 + "]" * 300)
]
CASES = [
    (CALL, ("", [(0, "tide", {"port": "Brest"})])),
    (f"Let me see. {CALL}", ("Let me see. ", [(0, "tide", {"port": "Brest"})])),
    (
        f"{CALL}{CALL.replace('tide', 'wind')}",
        ("", [(0, "tide", {"port": "Brest"}), (1, "wind", {"port": "Brest"})]),
    ),
    ('<tool_call>{"name": "a"}</tool_call>', ("", [(0, "a", {})])),
    ('<tool_call>{"name": "a"}', ("", [(0, "a", {})])),
    ("<tool_call>no json</tool_call>", ("<tool_call>no json</tool_call>", [])),
    ("1 < 2 <tool", ("1 < 2 <tool", [])),
    *((call, (call, [])) for call in UNREADABLE),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_calls_are_found_wherever_the_text_is_cut(
    text: str, expected: tuple[str, list[tuple[int, str, object]]]
) -> None:
    for cut in range(len(text) + 1):
        assert collect([text[:cut], text[cut:]]) == expected


def test_arguments_that_are_no_object_are_an_error() -> None:
    with pytest.raises(EngineError, match='invalid tool call arguments for "a"'):
        ToolCallCollector().push('<tool_call>{"name": "a", "arguments": "x"}</tool_call>')


def test_a_long_call_in_small_pieces_takes_less_than_a_second() -> None:
    begin = time.process_time()
    content, calls = collect(["<tool_call>", *["{<ab"] * 100_000])
    assert (len(content), calls) == (len("<tool_call></tool_call>") + 400_000, [])
    assert time.process_time() - begin < 3.0  # well under one second on a machine at rest
