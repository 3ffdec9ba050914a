"""The prompts of GLM 4.7 and GLM-OCR."""

import pytest
from conversations import user

from pyollama.api import Message, ToolCall, ToolCallFunction
from pyollama.prompt.renderers import find_renderer
from pyollama.prompt.renderers.base import Think

ARGUMENTS = {"a": "x<y", "n": 1000000, "l": [1, "<"], "z": None}
CALL = ToolCall(function=ToolCallFunction(name="f", arguments=ARGUMENTS))
CALLED = (
    "<tool_call>f<arg_key>a</arg_key><arg_value>x<y</arg_value>"
    "<arg_key>n</arg_key><arg_value>1000000</arg_value>"
    '<arg_key>l</arg_key><arg_value>[1,"\\u003c"]</arg_value>'
    "<arg_key>z</arg_key><arg_value>null</arg_value></tool_call>"
)
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def glm(*messages: Message, think: Think = None) -> str:
    return find_renderer("glm-4.7").render(messages, [], think)


def ocr(*messages: Message, think: Think = None) -> str:
    return find_renderer("glm-ocr").render(messages, [], think)


def test_glm_thinks_unless_that_is_refused() -> None:
    assert glm(user("hi")) == "[gMASK]<sop><|user|>hi<|assistant|><think>"
    assert glm(user("hi"), think="low").endswith("<|assistant|><think>")
    assert glm(user("hi"), think=False).endswith("<|assistant|></think>")


def test_glm_shows_the_thinking_of_all_turns() -> None:
    answers = [Message(role="assistant", content=c, thinking=t) for c, t in (("A", "t"), ("B", ""))]
    text = glm(user("1"), answers[0], user("2"), answers[1], think=False)
    assert text == (
        "[gMASK]<sop><|user|>1<|assistant|><think>t</think>A<|user|>2<|assistant|></think>B"
        "<|assistant|></think>"
    )


def test_glm_opens_results_once_for_a_group() -> None:
    results = [Message(role="tool", content=text) for text in ("1", "2")]
    text = glm(Message(role="assistant", tool_calls=[CALL]), *results)
    assert text == (
        f"[gMASK]<sop><|assistant|></think>{CALLED}<|observation|><tool_response>1</tool_response>"
        "<tool_response>2</tool_response><|assistant|><think>"
    )


def test_glm_ocr_gives_each_part_a_line() -> None:
    called = Message(role="assistant", content="see", thinking=" t\n", tool_calls=[CALL, CALL])
    results = [Message(role="tool", content=text) for text in ("1", "2")]
    text = ocr(Message(role="system", content="S"), user("x"), called, *results)
    assert text == (
        "[gMASK]<sop><|system|>\nS\n<|user|>\nx<|assistant|>\n<think>t</think>\nsee\n"
        f"{CALLED}\n{CALLED}\n<|observation|>\n<tool_response>\n1\n</tool_response>\n"
        "\n<tool_response>\n2\n</tool_response>\n<|assistant|>\n"
    )


def test_glm_ocr_is_told_not_to_think_once() -> None:
    assert ocr(user("x"), user("y/nothink"), think=False) == (
        "[gMASK]<sop><|user|>\nx/nothink<|user|>\ny/nothink<|assistant|>\n<think></think>\n"
    )


def test_only_glm_ocr_tags_images() -> None:
    picture = Message(role="user", content="what?", images=[b"png"])
    assert "<|user|>\n[img-0] what?<" in ocr(picture)
    assert "<|user|>what?<" in glm(picture)


@pytest.mark.parametrize("name", ["glm-4.7", "glm-ocr"])
def test_tools_have_a_line_each(name: str) -> None:
    text = find_renderer(name).render([user("x")], [TOOL, TOOL], None)
    line = (
        '{"type": "function", "function": {"name": "f", "parameters": {"type": "object", '
        '"properties": null}}}\n'
    )
    assert text.startswith("[gMASK]<sop><|system|>\n# Tools\n\nYou may call")
    assert f"<tools>\n{line}{line}</tools>\n\nFor each" in text
    assert "...</tool_call><|user|>" in text


def test_messages_of_unknown_roles_are_left_out() -> None:
    odd = Message(role="narrator", content="meanwhile")
    assert glm(odd, user("x")) == glm(user("x"))
    assert ocr(odd, user("x")) == ocr(user("x"))
