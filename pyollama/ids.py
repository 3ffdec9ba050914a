"""Names of tool calls."""

import secrets
import string

__all__ = ["call_id", "engine_id"]

SMALL = string.ascii_lowercase + string.digits
LETTERS = string.ascii_letters + string.digits


def call_id() -> str:
    """As Ollama's server names a call: call_ and 8 small letters and digits."""
    return "call_" + "".join(secrets.choice(SMALL) for _ in range(8))


def engine_id() -> str:
    """As llama.cpp names a call, where it runs on the model's own template: 32 characters."""
    return "".join(secrets.choice(LETTERS) for _ in range(32))
