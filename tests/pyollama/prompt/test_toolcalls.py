"""Tool calls taken out of text, whatever the pieces."""

import pytest

from pyollama.errors import EngineError
from pyollama.prompt.toolcalls import ToolCallCollector

CALL = '<tool_call>\n{"name": "tide", "arguments": {"port": "Brest"}}\n</tool_call>'


def collect(parts: list[str]) -> tuple[str, list[tuple[int, str, object]]]:
    collector = ToolCallCollector()
    content = "".join(map(collector.push, parts)) + collector.flush()
    return content, [(f.index, f.name, f.arguments) for f in collector.calls]


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
