"""Conversations to text, through the very template that the model file carries.

Training and serving must agree to the byte, so both render with the Jinja template in
`chat_template.jinja`, and with the `tojson` that servers of chat templates use: JSON as Python
writes it, keys in their own order, no HTML escapes.
"""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pyollama.tiny.corpus.example import Example

__all__ = ["SPECIAL_TOKENS", "USER_TOKENS", "chat_template", "render", "render_example"]

# Control tokens: they steer the conversation and never appear in the answer's text.
SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
# User-defined tokens: one token each, but ordinary text to whoever reads the answer.
USER_TOKENS = (
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
    "<tools>",
    "</tools>",
    "<tool_response>",
    "</tool_response>",
)


@cache
def chat_template() -> str:
    """The template's source, as it is stored under tokenizer.chat_template."""
    return (files("pyollama.tiny") / "chat_template.jinja").read_text("utf-8")


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@cache
def _compiled() -> jinja2.Template:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = _to_json
    return environment.from_string(chat_template())


def render(
    messages: Sequence[dict[str, Any]],
    tools: Sequence[dict[str, Any]] = (),
    *,
    thinking: bool = False,
    prompt: bool = True,
) -> str:
    """The conversation as text; with prompt=True it ends where the assistant starts to write."""
    return _compiled().render(
        messages=list(messages),
        tools=list(tools) or None,
        enable_thinking=thinking,
        add_generation_prompt=prompt,
    )


def render_example(example: Example) -> tuple[str, str]:
    """A training example as (the prompt, what the assistant shall write, end mark included)."""
    prompt = render(example.messages[:-1], example.tools, thinking=example.thinking)
    whole = render(example.messages, example.tools, thinking=example.thinking, prompt=False)
    if not whole.startswith(prompt):
        raise ValueError(f"the template's prompt is not a prefix of the conversation: {prompt!r}")
    return prompt, whole[len(prompt) :].removesuffix("\n")
