"""ChatML, the format that this family shares, and the pieces that several of its members write.

Every turn names its role and is closed: <|im_start|>user, a line end, the text, <|im_end|> and
another line end. Members differ in how they show tools, calls of tools and thinking.
"""

from collections.abc import Sequence

from pyollama.api import Message

__all__ = [
    "ASSISTANT",
    "END",
    "HOW_TO_CALL",
    "THINK_END",
    "THINK_START",
    "comes_after",
    "header",
    "last_query",
    "tool_response",
    "turn",
]

START, END = "<|im_start|>", "<|im_end|>\n"
THINK_START, THINK_END = "<think>", "</think>"
RESPONSE_START, RESPONSE_END = "<tool_response>", "</tool_response>"

ASSISTANT = START + "assistant\n"
"""What the model goes on from."""

HOW_TO_CALL = """If you choose to call a function ONLY reply in the following format with NO suffix:

<tool_call>
<function=example_function_name>
<parameter=example_parameter_1>
value_1
</parameter>
<parameter=example_parameter_2>
This is the value for the second parameter
that can span
multiple lines
</parameter>
</function>
</tool_call>

<IMPORTANT>
Reminder:
- Function calls MUST follow the specified format: an inner <function=...></function> block must \
be nested within <tool_call></tool_call> XML tags
- Required parameters MUST be specified
- You may provide optional reasoning for your function call in natural language BEFORE the \
function call, but NOT after
- If there is no function call available, answer the question like normal with your current \
knowledge and do not tell the user about function calls
</IMPORTANT>"""
"""What the models that write their calls in XML tags are told of them."""


def header(role: str) -> str:
    """The beginning of a turn."""
    return f"{START}{role}\n"


def turn(role: str, text: str) -> str:
    """A whole turn."""
    return header(role) + text + END


def tool_response(messages: Sequence[Message], place: int) -> str:
    """The result of a tool; those of one turn of the assistant share a turn of the user."""
    follows = place > 0 and messages[place - 1].role == "tool"
    goes_on = place + 1 < len(messages) and messages[place + 1].role == "tool"
    opening = "" if follows else START + "user"
    result = f"\n{RESPONSE_START}\n{messages[place].content}\n{RESPONSE_END}"
    return opening + result + ("" if goes_on else END)


def last_query(messages: Sequence[Message]) -> int | None:
    """The place of the last question: a message of the user that is no result of a tool."""
    for place in reversed(range(len(messages))):
        if messages[place].role == "user" and not _is_response(messages[place].content):
            return place
    return None


def comes_after(place: int, query: int | None) -> bool:
    """Whether a message comes after the last question; none does if nothing was asked."""
    return query is not None and place > query


def _is_response(content: str) -> bool:
    """Whether the user's text is the result of a tool, written as this family writes it."""
    return content.startswith(RESPONSE_START) and content.endswith(RESPONSE_END)
