"""What OpenAI's requests say beyond Ollama: which tool to call, and what tokens to favour."""

from typing import Any

from pyollama.api import ChatRequest, Steering
from pyollama_http.tool_choice import AUTO, NONE, ToolChoice, required
from pyollama_http.translating import Untranslatable

__all__ = ["choice_of", "steering_of"]

MAX_BIAS = 100
MAX_BIASED = 1024  # tokens


def choice_of(value: Any, native: ChatRequest) -> ToolChoice:
    """The tool choice of a request; what is none is passed over."""
    match value:
        case "none":
            return NONE
        case "required":
            return required(native)
        case {"type": "function", "function": {"name": str(name)}}:
            return required(native, name)
        case {"type": "function", "name": str(name)}:  # as /v1/responses has it
            return required(native, name)
    return AUTO


def steering_of(logit_bias: Any) -> Steering:
    """What is added to which logits. Untranslatable for what is no such map."""
    if logit_bias is None:
        return Steering()
    if not isinstance(logit_bias, dict) or len(logit_bias) > MAX_BIASED:
        raise Untranslatable(f"logit_bias must be an object of at most {MAX_BIASED} tokens")
    return Steering(logit_bias=dict(_bias(*item) for item in logit_bias.items()))


def _bias(token: str, value: Any) -> tuple[int, float]:
    """One entry."""
    if not (token.isascii() and token.isdigit() and len(token) < 10):
        raise Untranslatable("logit_bias must have token ids as keys")
    if type(value) not in (int, float) or not -MAX_BIAS <= value <= MAX_BIAS:
        raise Untranslatable(f"logit_bias must have values between -{MAX_BIAS} and {MAX_BIAS}")
    return int(token), float(value)
