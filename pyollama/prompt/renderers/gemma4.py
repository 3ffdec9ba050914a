"""Gemma 4: turns between <|turn> and <turn|>; a model's turn holds thought, calls and results.

    <|turn>model
    <|channel>thought ... <channel|><|tool_call>call:f{a:1}<tool_call|>
    <|tool_response>response:f{value:<|"|>...<|"|>}<tool_response|>{text}<turn|>

Results of tools belong to the turn of the message that called them, and the messages of the
assistant that follow each other share one turn. The larger models are told when not to think.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyollama.api import Message, ToolCall
from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.renderers.base import Renderer, Think, Tool
from pyollama.prompt.renderers.gemma4_tools import NOTATION, declaration
from pyollama.prompt.renderers.images import tagged

__all__ = ["Gemma4", "gemma4_size"]

BOS = "<bos>"
MODEL = "<|turn>model\n"
END = "<turn|>\n"
THOUGHT = "<|channel>thought\n"

SMALL, LARGE = ("e2b", "e4b"), ("12b", "26b", "31b")
LARGE_FROM = 12_000_000_000  # parameters


def gemma4_size(model: str, n_params: int) -> str:
    """The renderer that "gemma4" stands for, told by a model's name or else by its parameters."""
    name = model.lower()
    if any(size in name for size in SMALL):
        return "gemma4-small"
    large = any(size in name for size in LARGE) or n_params >= LARGE_FROM
    return "gemma4-large" if large else "gemma4-small"


@dataclass(frozen=True)
class Gemma4(Renderer):
    """large: an empty thought is written in front of an answer that shall have none."""

    bos = BOS
    sees_images = True
    large: bool = False

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; an answer that is to be gone on with is closed like any other."""
        thinking = bool(think)
        told = messages[:1] if messages and messages[0].role in ("system", "developer") else []
        text = told[0].content.strip(SPACE) if told else None
        turns = _turns(tagged(messages)[len(told) :])
        parts = "".join(turn.text for turn in turns)
        ending = turns[-1].left_open if turns else ""
        return BOS + _system(text, tools, thinking) + parts + self._opened(ending, thinking)

    def _opened(self, left_open: str, thinking: bool) -> str:
        """What the answer goes on from."""
        if left_open == "call":
            return ""
        if left_open == "results":
            return THOUGHT if thinking else ""
        return MODEL + (f"{THOUGHT}<channel|>" if self.large and not thinking else "")


def _system(text: str | None, tools: Sequence[Tool], thinking: bool) -> str:
    """The first turn, if there is anything to tell."""
    if text is None and not tools and not thinking:
        return ""
    declared = "".join(f"<|tool>{declaration(tool)}<tool|>" for tool in tools)
    return "<|turn>system\n" + ("<|think|>\n" if thinking else "") + (text or "") + declared + END


@dataclass(frozen=True)
class Turn:
    """A message's text, and whether it ends with the "results" of tools, or with an open "call"."""

    text: str
    left_open: str = ""


def _turns(messages: Sequence[Message]) -> list[Turn]:
    """The turns of all messages but those of tools, which belong to the turn before them."""
    groups = _groups(messages)
    roles = ["", *(message.role for message, _ in groups), ""]
    last_user = max((i for i, role in enumerate(roles[1:]) if role == "user"), default=-1)
    turns = []
    for i, (message, results) in enumerate(groups):
        if message.role != "assistant":
            text = message.content.strip(SPACE)
            turns.append(Turn(f"<|turn>{message.role}\n{text}{END}"))
            continue
        turn = _model_turn(message, results, recent=i > last_user, next_role=roles[i + 2])
        header = "" if roles[i] == "assistant" else MODEL
        turns.append(Turn(header + turn.text, turn.left_open))
    return turns


def _groups(messages: Sequence[Message]) -> list[tuple[Message, list[Message]]]:
    """Each message with the tools' messages that follow it; such without one before are lost."""
    groups: list[tuple[Message, list[Message]]] = []
    for message in messages:
        if message.role != "tool":
            groups.append((message, []))
        elif groups:
            groups[-1][1].append(message)
    return groups


def _model_turn(message: Message, results: list[Message], *, recent: bool, next_role: str) -> Turn:
    """A model's turn without its header.

    recent: after the last message of the user, where thinking is shown again
    next_role: who speaks next; an assistant goes on with this turn, and "" is the model itself
    """
    thought = f"{THOUGHT}{message.thinking}\n<channel|>" if recent and message.thinking else ""
    calls = "".join(f"<|tool_call>{_call(call)}<tool_call|>" for call in message.tool_calls)
    text = _without_thoughts(message.content)
    end = "" if next_role == "assistant" else END
    if not calls:
        return Turn(thought + text + end)
    if not results:
        return Turn(thought + calls + text + "<|tool_response>", "call")
    names = {call.id: call.function.name for call in message.tool_calls if call.id}
    answers = "".join(_response(result, names) for result in results)
    goes_on = next_role == "" and not text  # the model's answer belongs to this very turn
    return Turn(thought + calls + answers + text + ("" if goes_on else end), "results")


def _without_thoughts(content: str) -> str:
    """The text without its channels; one that is not closed reaches to the end."""
    parts = content.split("<channel|>")
    return "".join(part.partition("<|channel>")[0] for part in parts).strip(SPACE)


def _call(call: ToolCall) -> str:
    return f"call:{call.function.name}{NOTATION.mapping(call.function.arguments)}"


def _response(result: Message, names: Mapping[str, str]) -> str:
    """A tool's result; its name is that of the call with its id, or else its own.

    names: of the tools that were called, by the ids of the calls
    """
    name = names.get(result.tool_call_id, result.tool_name or "unknown")
    value = NOTATION.text(result.content)
    return f"<|tool_response>response:{name}{{value:{value}}}<tool_response|>"
