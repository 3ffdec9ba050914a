"""The chat template of a GGUF: Jinja, run in a sandbox.

A template comes with a model from anywhere, so it is treated as hostile: it reaches no Python
attribute, changes nothing it is given, and its output, its loops and its arithmetic are bounded.
The environment is the one that Hugging Face's templates are written for.
"""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pyollama.errors import BadRequest, EngineError

MAX_OUTPUT = 64 << 20  # characters
MAX_OPERAND = 1 << 20  # items or characters that `*` may make, and bits that `**` may
MAX_SECONDS = 10.0

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
        try:
            self.template = ENVIRONMENT.from_string(self.source)
        except (TemplateError, RecursionError) as error:
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

        A last message of the assistant is a start that the model goes on from. enable_thinking is
        what other servers pass too, and on by default for a model that can think; think_requested
        tells a template whether the client asked for it in so many words, where it will be split
        from the answer. Raises BadRequest with the template's own words if it refuses the
        messages, and for exceeding a limit.
        """
        continues = bool(messages) and messages[-1].get("role") == "assistant"
        variables = {
            **self.tokens,
            "messages": list(messages),
            "tools": list(tools) or None,
            "add_generation_prompt": not continues,
            "enable_thinking": enable_thinking,
            "think_requested": think_requested,
        }
        if reasoning_effort is not None:
            variables["reasoning_effort"] = reasoning_effort
        try:
            return self._bounded(variables)
        except (TemplateError, RecursionError, ArithmeticError, LookupError) as error:
            raise BadRequest(f"chat template: {error}") from error
        except (TypeError, ValueError, AttributeError, MemoryError) as error:
            raise BadRequest(f"chat template: {error}") from error

    def _bounded(self, variables: dict[str, Any]) -> str:
        """Run the template piece by piece, within the limits of output and time."""
        pieces: list[str] = []
        size, deadline = 0, time.monotonic() + MAX_SECONDS
        for piece in self.template.generate(variables):
            size += len(piece)
            if size > MAX_OUTPUT:
                raise BadRequest("chat template: the output is too long")
            if time.monotonic() > deadline:
                raise BadRequest("chat template: took too long")
            pieces.append(piece)
        return "".join(pieces)


PADDING = frozenset(
    ["center", "expandtabs", "format", "format_map", "ljust", "rjust", "translate", "zfill"]
)


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with bounds on the operators that make much out of little."""

    intercepted_binops = frozenset(["*", "**", "%"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse a repetition, a power or a format that would be huge."""
        if operator == "*" and product_size(left, right) > MAX_OPERAND:
            raise TemplateError("the result of * is too large")
        if operator == "**" and power_bits(left, right) > MAX_OPERAND:
            raise TemplateError("the result of ** is too large")
        if operator == "%" and isinstance(left, str):
            raise TemplateError("text cannot be formatted with %")
        return super().call_binop(context, operator, left, right)

    def call(self, context: Any, method: Any, *args: Any, **kwargs: Any) -> Any:
        """Refuse the string methods that can make a huge string of a small one."""
        text = getattr(method, "__self__", None)
        if isinstance(text, str):
            name = method.__name__
            if name in PADDING:
                raise TemplateError(f"{name} is not available")
            if name in ("replace", "join") and grown_size(text, args) > MAX_OPERAND * 64:
                raise TemplateError(f"the result of {name} is too large")
        return super().call(context, method, *args, **kwargs)


def product_size(left: Any, right: Any) -> int:
    """How many items a repetition makes, or how many bits a product of integers has."""
    if isinstance(left, int) and isinstance(right, int):
        return left.bit_length() + right.bit_length()
    for sequence, count in ((left, right), (right, left)):
        if isinstance(count, int) and hasattr(sequence, "__len__"):
            return len(sequence) * max(count, 0)
    return 0


def grown_size(text: str, args: tuple[Any, ...]) -> int:
    """The most characters that replace or join can make of these."""
    longest = max((len(arg) for arg in args if hasattr(arg, "__len__")), default=0)
    return max(len(text), 1) * max(longest, 1)


def power_bits(base: Any, exponent: Any) -> int:
    """About how many bits a power of integers has."""
    if isinstance(base, int) and isinstance(exponent, int):
        return base.bit_length() * max(exponent, 0)
    return 0


def to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """The ``tojson`` filter that chat templates expect: plain JSON, nothing escaped for HTML."""
    if indent is not None and not 0 <= indent <= 16:
        raise TemplateError("tojson: indent must be within 0 to 16")
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def raise_exception(message: Any) -> NoReturn:
    """What templates call to refuse a conversation."""
    raise TemplateError(str(message))


def strftime_now(pattern: str) -> str:
    """The local date and time, as strftime prints it."""
    return datetime.now().strftime(pattern)


def new_environment() -> Sandbox:
    """The environment that every chat template is compiled in."""
    environment = Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = to_json
    environment.globals.update(raise_exception=raise_exception, strftime_now=strftime_now)
    for name in ("lipsum", "cycler", "joiner"):
        del environment.globals[name]
    for name in ("center", "format", "indent", "pprint", "random", "wordwrap", "xmlattr"):
        del environment.filters[name]
    return environment


ENVIRONMENT = new_environment()
