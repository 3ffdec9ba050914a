"""Conversations to prompts by a Go template, in one of three ways that Ollama tells by its names.

A template that names ``.Messages`` is run once. Others are of the older kind: run for each turn,
with ``.System``, ``.Prompt`` and ``.Response``, the last time only up to where the answer goes. To
fill in the middle of a text, either kind is run once with ``.Prompt`` and ``.Suffix``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pyollama.gotemplate import nodes
from pyollama.gotemplate.analysis import (
    cut_after_response,
    thinking_tags,
    tool_call_tag,
    variables,
)
from pyollama.gotemplate.data import collated, system_text, to_messages, to_tools
from pyollama.gotemplate.errors import ExecutionError, ParseError
from pyollama.gotemplate.evaluator import execute
from pyollama.gotemplate.parser import MAIN, Trees, parse
from pyollama.gotemplate.values import Value

__all__ = ["GoPrompt", "Think"]


@dataclass(frozen=True)
class Think:
    """What templates are told of thinking: whether it is on, at which level, if anyone said."""

    on: bool = False
    level: str = ""
    is_set: bool = False

    @property
    def data(self) -> dict[str, Value]:
        """Its variables."""
        return {"Think": self.on, "ThinkLevel": self.level, "IsThinkSet": self.is_set}


class GoPrompt:
    """The template of a model. Raises ParseError if the text is none."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.trees = parse(source)
        try:
            self._complete()
        except RecursionError:
            raise ParseError("template: it is nested too deeply") from None

    def _complete(self) -> None:
        """Check the calls of templates; one that prints no answer prints it at its end."""
        for tree in self.trees.values():
            require_data(tree)
        if not self.variables & {"messages", "response"}:
            end = len(self.source)
            field = nodes.Field(end, ["Response"])
            pipe = nodes.Pipe(end, [], assigns=False, commands=[nodes.Command(end, [field])])
            main = self.trees[MAIN]
            self.trees[MAIN] = nodes.List(0, [*main.statements, nodes.Action(end, pipe)])

    @property
    def variables(self) -> frozenset[str]:
        """The names that it uses, in lower case."""
        return variables(self.trees)

    @cached_property
    def tags(self) -> tuple[str, str]:
        """What its model puts before and after thinking; two empty texts if it does not think."""
        return thinking_tags(self.trees)

    @cached_property
    def tool_tag(self) -> str:
        """What its model puts before a call of a tool."""
        return tool_call_tag(self.trees)

    def fill_in(self, prompt: str, suffix: str, think: Think) -> str:
        """The prompt for what is missing between two texts. Raises ExecutionError."""
        return self._run({"Prompt": prompt, "Suffix": suffix, "Response": "", **think.data})

    def render(
        self,
        messages: Sequence[Mapping[str, Any]],
        tools: Sequence[Mapping[str, Any]],
        think: Think,
    ) -> str:
        """The prompt for a conversation. Raises ExecutionError."""
        try:
            if "messages" not in self.variables:
                return self._render_by_turns(collated(messages), think)
            data = {
                "System": system_text(messages),
                "Messages": to_messages(collated(messages)),
                "Tools": to_tools(tools),
                "Response": "",
            }
        except RecursionError:
            raise ExecutionError("template: the data is nested too deeply") from None
        return self._run({**data, **think.data})

    def _render_by_turns(self, messages: Sequence[Mapping[str, Any]], think: Think) -> str:
        """One run for each turn: it ends where a role comes that has spoken already."""
        pieces: list[str] = []
        turn = {"System": "", "Prompt": "", "Response": ""}
        for message in messages:
            role = message["role"]
            ends = (role == "system" and (turn["Prompt"] or turn["Response"])) or (
                role == "user" and turn["Response"]
            )
            if ends:
                pieces.append(self._run({**turn, **think.data}))
                turn = dict.fromkeys(turn, "")
            names = {"system": "System", "user": "Prompt", "assistant": "Response"}
            if role in names:
                turn[names[role]] = message.get("content") or ""
        last = self.trees | {MAIN: cut_after_response(self.trees[MAIN])}
        return "".join([*pieces, self._run({**turn, **think.data}, last)])

    def _run(self, data: Mapping[str, Value], trees: Trees | None = None) -> str:
        return execute(self.source, trees or self.trees, data)


def require_data(tree: nodes.List) -> None:
    """Raise ParseError for the call of a template without data."""
    for statement in tree.statements:
        if isinstance(statement, nodes.Call) and statement.pipe is None:
            raise ParseError("undefined template specified")
        if isinstance(statement, nodes.Branch):
            require_data(statement.body)
            require_data(statement.otherwise or nodes.List(0))
