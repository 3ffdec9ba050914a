"""Cogito's prompts."""

import json
from typing import Any

from conversations import user
from hypothesis import given
from hypothesis import strategies as st

from pyollama.api import Message, ToolCall, ToolCallFunction
from pyollama.prompt.renderers import find_renderer
from pyollama.prompt.renderers.base import Think, Tool
from pyollama.prompt.renderers.cogito import WHO, indented

BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
USER, ASSISTANT = "<｜User｜>", "<｜Assistant｜>"


def prompt(*messages: Message, think: Think = None, tools: tuple[Tool, ...] = ()) -> str:
    return find_renderer("cogito").render(messages, tools, think)


def test_thinking_frames_the_prompt() -> None:
    assert prompt(user("hi")) == f"{BOS}{WHO}{USER}hi{ASSISTANT}"
    assert prompt(user("hi"), think=True) == (
        f"{BOS}Enable deep thinking subroutine.\n\n{WHO}{USER}hi{ASSISTANT}<think>\n"
    )


def test_only_a_system_message_at_the_beginning_counts() -> None:
    first, late = Message(role="system", content="S"), Message(role="system", content="late")
    assert prompt(first, user("x"), late) == f"{BOS}{WHO}\n\nS{USER}x{ASSISTANT}"
    assert prompt(first, user("x"), think=True).startswith(
        f"{BOS}Enable deep thinking subroutine.\n\n{WHO}\n\nS\n\n{USER}x"
    )


def test_an_answer_is_always_begun_anew() -> None:
    answer = Message(role="assistant", content="A", thinking="why")
    assert prompt(user("x"), answer) == f"{BOS}{WHO}{USER}x{ASSISTANT}A{EOS}{ASSISTANT}"


def test_calls_stand_on_lines_and_results_share_a_pair_of_tags() -> None:
    calls = [ToolCall(function=ToolCallFunction(name=n, arguments={"a": n})) for n in ("f", "g")]
    results = [Message(role="tool", content=text) for text in ("1", "2")]
    text = prompt(Message(role="assistant", tool_calls=calls), *results)
    f, g = (
        f"<｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}\n"
        f'```json\n{{"a":"{name}"}}\n```<｜tool▁call▁end｜>'
        for name in ("f", "g")
    )
    output = "<｜tool▁output▁begin｜>{}<｜tool▁output▁end｜>".format
    assert text == (
        f"{BOS}{WHO}<｜tool▁calls▁begin｜>{f}\n{g}<｜tool▁calls▁end｜>{EOS}"
        f"<｜tool▁outputs▁begin｜>{output(1)}\n{output(2)}<｜tool▁outputs▁end｜>{ASSISTANT}"
    )


def test_tools_are_shown_in_indented_json() -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"properties": {}}}}
    text = prompt(user("x"), tools=(tool,))
    shown = (
        '{\n    "type": "function",\n    "function": {\n        "name": "f",\n'
        '        "parameters": {\n            "type": "",\n            "properties": {}\n'
        "        }\n    }\n}"
    )
    announced = "You have the following functions available:"
    assert text.startswith(f"{BOS}{WHO}\n{announced}\n```json\n{shown}\n```\n{USER}x")


JSON = st.recursive(
    st.none() | st.booleans() | st.text('ab \n"\\', max_size=3) | st.integers(-99, 99),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
)


@given(JSON)
def test_indented_json_is_laid_out_as_python_does_it(value: Any) -> None:
    assert indented(value) == json.dumps(value, indent=4)
