"""The chat template of a GGUF: Jinja, run in a sandbox.

A template comes with a model from anywhere, so it is treated as hostile: `sandbox` says what it may
name, `budget` how much it may do and make before it is stopped. The environment is the one that
Hugging Face's templates are written for.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import TemplateError

from pyollama.errors import BadRequest, EngineError
from pyollama.prompt.budget import budgeted, printed, spend
from pyollama.prompt.sandbox import Sandbox

MAX_SOURCE = 1 << 20  # characters of a template; the longest in use have some 30,000
MAX_OUTPUT = 64 << 20  # characters
MAX_PATTERN = 200  # characters of a pattern for the date

FAULTS = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    NameError,  # of ``inf``, as which Jinja writes a number of too many digits
    RecursionError,
    SyntaxError,  # Python's own, for loops nested deeper than it takes
    TypeError,
    ValueError,
)
"""What a template's mistakes, and its attempts at more than it may, end with."""

CHATML = (
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
)
"""What a model without a template of its own is given, as llama.cpp does."""


class JsonObject(dict[str, Any]):
    """A JSON object that prints as JSON: templates print the arguments of tool calls so."""

    def __str__(self) -> str:
        return to_json(self)


class ChatTemplate:
    """A compiled chat template. Raises EngineError if the text is not valid Jinja."""

    def __init__(self, source: str | None, *, bos_token: str = "", eos_token: str = "") -> None:
        self.source = CHATML if source is None else source
        self.tokens = {"bos_token": bos_token, "eos_token": eos_token}
        if len(self.source) > MAX_SOURCE:
            raise EngineError("chat template: it is too long")
        try:
            with budgeted():  # Jinja works out constants while it compiles
                self.template = ENVIRONMENT.from_string(self.source)
        except FAULTS as error:
            raise EngineError(f"chat template: {error}") from error

    @property
    def has_tools(self) -> bool:
        """Whether the template speaks of tools (Ollama's substring test)."""
        return "tools" in self.source or "tool_call" in self.source

    @property
    def has_thinking(self) -> bool:
        """Whether the template speaks of thinking (Ollama's substring tests)."""
        if "<think>" in self.source and "</think>" in self.source:
            return True
        splits = "content.split('</think>')" in self.source
        return splits and not any(
            word in self.source for word in ("reasoning_content", "<SPECIAL_12>")
        )

    @property
    def thinks_when_asked(self) -> bool:
        """Whether the template opens thinking only where the client asks for it."""
        return "think_requested" in self.source

    def render(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Any] = (),
        enable_thinking: bool = False,
        think_requested: bool = False,
        reasoning_effort: str | None = None,
    ) -> str:
        """The prompt for a conversation.

        A last message of the assistant is a start that the model goes on from: as in llama.cpp it
        stands behind the prompt for a new one, and without thinking. enable_thinking is what other
        servers pass too, and on by default for a model that can think; think_requested
        tells a template whether the client asked for it in so many words, where it will be split
        from the answer. Raises BadRequest with the template's own words if it refuses the
        messages, and for exceeding a limit.
        """
        continues = bool(messages) and messages[-1].get("role") == "assistant"
        start = messages[-1]["content"] if continues else ""
        variables = {
            **self.tokens,
            "messages": list(messages[:-1] if continues else messages),
            "tools": list(tools) or None,
            "add_generation_prompt": True,
            "enable_thinking": enable_thinking and not continues,
            "think_requested": think_requested and not continues,
        }
        if reasoning_effort is not None:
            variables["reasoning_effort"] = reasoning_effort
        try:
            with budgeted():
                return self._bounded(variables) + start
        except FAULTS as error:
            raise BadRequest(f"chat template: {error}") from error

    def _bounded(self, variables: dict[str, Any]) -> str:
        """Run the template piece by piece, within the limit of its output."""
        pieces: list[str] = []
        size = 0
        for piece in self.template.generate(variables):
            size += len(piece)
            if size > MAX_OUTPUT:
                raise BadRequest("chat template: the output is too long")
            pieces.append(piece)
        return "".join(pieces)


def to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """The ``tojson`` filter that chat templates expect: plain JSON, nothing escaped for HTML."""
    width = len(indent) if isinstance(indent, str) else indent or 0
    if not 0 <= width <= 16:
        raise TemplateError("tojson: indent must be within 0 to 16")
    spend(printed([value, separators]))
    encoder = json.JSONEncoder(
        ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )
    if indent is None:
        return encoder.encode(value)
    pieces: list[str] = []
    for piece in encoder.iterencode(value):  # deep values are mostly blanks
        spend(len(piece))
        pieces.append(piece)
    return "".join(pieces)


def raise_exception(message: Any) -> NoReturn:
    """What templates call to refuse a conversation."""
    spend(printed(message))
    raise TemplateError(str(message))


def strftime_now(pattern: str) -> str:
    """The local date and time, as strftime prints it."""
    if len(pattern) > MAX_PATTERN:
        raise TemplateError("strftime_now: the pattern is too long")
    text = datetime.now().strftime(pattern)
    spend(len(text))
    return text


def new_environment() -> Sandbox:
    """The environment that every chat template is compiled in."""
    environment = Sandbox()
    environment.filters["tojson"] = to_json
    environment.globals.update(raise_exception=raise_exception, strftime_now=strftime_now)
    return environment


ENVIRONMENT = new_environment()
