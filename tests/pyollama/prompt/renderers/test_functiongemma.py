"""FunctionGemma's prompts."""

from conversations import user

from pyollama.api import Message, ToolCall, ToolCallFunction
from pyollama.prompt.renderers import find_renderer
from pyollama.prompt.renderers.base import Tool
from pyollama.prompt.renderers.functiongemma import TOOLS

TOOL: Tool = {
    "type": "function",
    "function": {
        "name": "f",
        "description": "D",
        "parameters": {
            "type": "object",
            "required": ["b"],
            "properties": {
                "b": {"type": ["integer", "null"], "enum": [1]},
                "a": {"description": "first", "items": {"type": "string"}},
            },
        },
    },
}
DECLARED = (
    "<start_function_declaration>declaration:f{description:<escape>D<escape>,parameters:{"
    "properties:{a:{description:<escape>first<escape>},"
    "b:{description:<escape><escape>,type:<escape>INTEGER<escape>}},"
    "required:[<escape>b<escape>],type:<escape>OBJECT<escape>}}<end_function_declaration>"
)
MODEL = "<start_of_turn>model\n"


def prompt(*messages: Message, tools: tuple[Tool, ...] = ()) -> str:
    return find_renderer("functiongemma").render(messages, tools, None)


def call(name: str) -> ToolCall:
    arguments = {"s": "x", "n": None, "i": 2.0, "l": [True, 1.5]}
    return ToolCall(function=ToolCallFunction(name=name, arguments=arguments))


def called(name: str) -> str:
    arguments = "{i:2,l:[true,1.5],n:<nil>,s:<escape>x<escape>}"
    return f"<start_function_call>call:{name}{arguments}<end_function_call>"


def response(name: str, text: str) -> str:
    return f"response:{name}{{<escape>{text}<escape>}}<end_function_response>"


def developer(text: str) -> str:
    return f"<bos><start_of_turn>developer\n{text}<end_of_turn>\n{MODEL}"


def test_a_conversation_is_turns() -> None:
    assert prompt(user("hi"), Message(role="assistant", content="ho")) == (
        f"<bos><start_of_turn>user\nhi<end_of_turn>\n{MODEL}ho<end_of_turn>\n{MODEL}"
    )


def test_the_system_speaks_as_developer() -> None:
    assert prompt(Message(role="system", content="S")) == developer("S")
    assert prompt(Message(role="developer", content="S")) == developer("S")


def test_tools_are_announced_once() -> None:
    system = Message(role="system", content="S")
    said = Message(role="system", content=TOOLS)
    assert prompt(tools=(TOOL,)) == developer(TOOLS + DECLARED)
    assert prompt(system, tools=(TOOL,)) == developer(f"S\n{TOOLS}{DECLARED}")
    assert prompt(said, tools=(TOOL,)) == developer(f"{TOOLS}\n{DECLARED}")


def test_results_are_named_by_their_place_and_share_the_turn_of_the_calls() -> None:
    spoken = Message(role="assistant", content="see", tool_calls=[call("f"), call("g")])
    results = [Message(role="tool", content=text) for text in "123"]
    opened = "<start_function_response>"
    shared = (
        f"<bos>{MODEL}see{called('f')}{called('g')}{opened}{response('f', '1')}"
        f"{opened}{response('g', '2')}{opened}{response('', '3')}"
    )
    assert prompt(spoken, *results) == shared
    answer = Message(role="assistant", content="ok")
    assert prompt(spoken, *results, answer) == f"{shared}ok<end_of_turn>\n{MODEL}"


def test_calls_without_results_end_the_turn() -> None:
    spoken = Message(role="assistant", tool_calls=[call("f")])
    assert prompt(spoken) == f"<bos>{MODEL}{called('f')}<end_of_turn>\n{MODEL}"


def test_a_result_without_a_call_has_no_name() -> None:
    orphan = Message(role="tool", content="1")
    assert prompt(orphan) == f"<bos><start_function_response>{response('', '1')}"
