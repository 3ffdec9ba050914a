"""Tool calls: everyday tools and invented ones, whose names and arguments can only be copied."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from pyollama.tiny.corpus.example import Example, answer, function_tool, user
from pyollama.tiny.corpus.facts import fact_example
from pyollama.tiny.corpus.tool_kinds import KINDS, ToolKind
from pyollama.tiny.corpus.words import CITIES, COLOURS, DAYS, NAMES, THINGS, Words, listed

__all__ = ["tool_example", "tool_result_example", "unneeded_tool_example"]

_LANGUAGES = listed("French German Spanish Italian Latin Dutch Polish Greek Japanese Russian")
_ROOMS = listed("kitchen bathroom bedroom hall garden garage office cellar")
_ENDINGS = listed("txt md py json csv log")
_VERBS = listed("get find check read count make send open show start stop set move fix load")
_LONG_SHARE = 0.5  # of the tool examples: conversations of several requests
_CHOICES = {"day": DAYS, "colour": COLOURS, "language": _LANGUAGES, "room": _ROOMS}


@dataclass(frozen=True)
class Use:
    """A tool, a request that needs it, the arguments of the call, and its answer put in words."""

    tool: dict[str, Any]
    request: str
    arguments: dict[str, Any]
    result: str
    reply: str

    @property
    def name(self) -> str:
        """What the tool is called."""
        return str(self.tool["function"]["name"])

    def call(self) -> dict[str, Any]:
        """The call as a message carries it."""
        return {"type": "function", "function": {"name": self.name, "arguments": self.arguments}}


def _value(kind: str, rng: Random, words: Words) -> Any:
    """A value of a kind; wherever a word may stand, invented ones are common."""
    invented = rng.random() < 0.6
    if "|" in kind:
        return rng.choice(kind.split("|"))
    if kind == "number":
        return rng.randrange(rng.choice((10, 100, 1000)))
    if kind == "text":
        return " ".join(words.word() for _ in range(rng.choice((1, 2, 3))))
    if kind == "file":
        return f"{words.word()}.{rng.choice(_ENDINGS)}"
    if kind in ("city", "name"):
        return words.name() if invented else rng.choice(CITIES if kind == "city" else NAMES)
    if kind == "thing":
        return words.word() if invented else rng.choice(THINGS)
    return rng.choice(_CHOICES[kind])


def _schema_type(kind: str) -> Any:
    if "|" in kind:
        return kind.split("|")
    return "integer" if kind == "number" else "string"


def _everyday(kind: ToolKind, rng: Random, words: Words) -> Use:
    """One use of an everyday tool, under one of its names, sometimes with an invented one."""
    name = rng.choice(kind.names)
    if rng.random() < 0.3:
        name = rng.choice((f"{name}_{words.word()}", f"{words.word()}_{name}", words.word()))
    keys = [rng.choice(choices.split("/")) for choices, _ in kind.parameters]
    values = [_value(of, rng, words) for _, of in kind.parameters]
    schema = {key: _schema_type(of) for key, (_, of) in zip(keys, kind.parameters, strict=True)}
    result = rng.choice(kind.results).replace("{n}", str(rng.randrange(100)))
    while "{w}" in result:
        result = result.replace("{w}", words.word(), 1)
    reply = rng.choice(kind.replies).format(*values, r=result)
    request = rng.choice(kind.requests).format(*values)
    tool = function_tool(name, kind.description, schema)
    return Use(tool, request, dict(zip(keys, values, strict=True)), result, reply)


def _invented(rng: Random, words: Words) -> Use:
    """One use of a tool that exists nowhere: verb, noun and parameters are copied or not at all."""
    verb, noun = rng.choice(_VERBS), words.word()
    name = rng.choice((f"{verb}_{noun}", f"{verb}{noun.capitalize()}", noun, f"{noun}_{verb}"))
    count = rng.choice((1, 1, 2, 2, 3))
    keys = [words.word() if rng.random() < 0.5 else key for key in rng.sample(THINGS, count)]
    kinds = [rng.choice(("city", "name", "thing", "number", "colour", "day")) for _ in keys]
    arguments = {key: _value(kind, rng, words) for key, kind in zip(keys, kinds, strict=True)}
    given = " and ".join(f"{key} {value}" for key, value in arguments.items())
    request = rng.choice(
        (
            f"{verb.capitalize()} the {noun} with {given}.",
            f"Please {verb} the {noun} for {given}.",
            f"{verb.capitalize()} {noun}: {given}",
            f"Can you {verb} the {noun}? Use {given}.",
            f"Use {name} with {given}.",
        )
    )
    schema = {key: _schema_type(kind) for key, kind in zip(keys, kinds, strict=True)}
    result = rng.choice((str(rng.randrange(100)), words.word(), json.dumps({noun: words.word()})))
    tool = function_tool(name, f"{verb.capitalize()} the {noun}", schema)
    plain = next(iter(json.loads(result).values())) if result.startswith("{") else result
    return Use(tool, request, arguments, result, f"The {noun} is {plain}.")


def _use(rng: Random, words: Words) -> Use:
    if rng.random() < 0.45:
        return _invented(rng, words)
    return _everyday(rng.choice(KINDS), rng, words)


def _with_others(use: Use, rng: Random, words: Words) -> list[dict[str, Any]]:
    """The tool among up to three others, in any order."""
    tools, taken = [use.tool], {use.tool["function"]["description"]}
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        other = _use(rng, words).tool
        if other["function"]["description"] not in taken:
            tools.append(other)
            taken.add(other["function"]["description"])
    rng.shuffle(tools)
    return tools


def _calls(uses: list[Use], thinking: bool) -> dict[str, Any]:
    names = " and ".join(use.name for use in uses)
    message = answer("", f"I should call {names}." if thinking else "")
    message["tool_calls"] = [use.call() for use in uses]
    return message


def tool_example(rng: Random, words: Words, *, thinking: bool) -> Example:
    """A request and the calls that it needs: often after others to the same tools, rarely two."""
    if rng.random() < 0.06:
        tools, uses = _pair(rng, words)
        return Example("tools", [_request(uses), _calls(uses, thinking)], tools)
    if rng.random() < _LONG_SHARE:
        return _tool_chat(rng, words, thinking)
    use = _use(rng, words)
    messages = [_request([use]), _calls([use], thinking)]
    return Example("tools", messages, _with_others(use, rng, words))


def _request(uses: list[Use]) -> dict[str, Any]:
    return user(" ".join(use.request for use in uses))


def _tool_chat(rng: Random, words: Words, thinking: bool) -> Example:
    """Request after request to one list of tools: much to copy from one prompt."""
    found = {use.name: use for use in (_use(rng, words) for _ in range(rng.choice((2, 3, 4))))}
    uses = list(found.values())
    tools = [use.tool for use in uses]
    rng.shuffle(tools)
    messages = []
    for use in uses[:-1]:
        messages += [_request([use]), _calls([use], thinking=False)]
        if rng.random() < 0.5:
            messages += [_result(use), answer(use.reply)]
    return Example("tools", [*messages, _request(uses[-1:]), _calls(uses[-1:], thinking)], tools)


def _result(use: Use) -> dict[str, Any]:
    return {"role": "tool", "content": use.result, "tool_name": use.name}


def _pair(rng: Random, words: Words) -> tuple[list[dict[str, Any]], list[Use]]:
    """Two different everyday tools, both wanted."""
    kinds = rng.sample(KINDS, 2)
    uses = [_everyday(kind, rng, words) for kind in kinds]
    return [use.tool for use in uses], uses


def tool_result_example(rng: Random, words: Words, *, thinking: bool) -> Example:
    """A call was made and the tool has answered; the assistant says so."""
    use = _use(rng, words)
    called = {"role": "assistant", "content": "", "tool_calls": [use.call()]}
    said = answer(use.reply, "The tool has answered." if thinking else "")
    key = use.reply.split()[-1].strip(".").lower()
    messages = [_request([use]), called, _result(use), said]
    return Example("tool results", messages, _with_others(use, rng, words), (key,))


def unneeded_tool_example(rng: Random, words: Words, *, thinking: bool) -> Example:
    """Tools are there, but the question needs none of them."""
    fact = fact_example(rng, words, thinking=thinking)
    tools = _with_others(_use(rng, words), rng, words)
    return Example("tools unneeded", fact.messages, tools, fact.keys)
