"""The request of /v1/responses as /api/chat has it."""

from typing import Any

from pyollama.api import ChatRequest, RawJSON
from pyollama_http.openai.dialect import thinking_of
from pyollama_http.openai.responses.conversation import native_messages
from pyollama_http.openai.responses.tools import native_tools
from pyollama_http.openai.responses.types import ResponsesRequest, ResponsesText
from pyollama_http.options import keep_alive_of, merged

__all__ = ["native_request"]


def native_request(call: ResponsesRequest, *, strict: bool) -> ChatRequest:
    """The native request. Untranslatable; DecodeError for a bad keep_alive.

    strict: what Ollama does not know is passed over
    """
    return ChatRequest(
        model=call.model,
        messages=native_messages(call.instructions, call.input),
        tools=native_tools(call.tools),
        options=_options(call, None if strict else call.options),
        format=_format(call.text),
        think=thinking_of(call.reasoning.effort if call.reasoning else ""),
        keep_alive=None if strict else keep_alive_of(call.keep_alive),
    )


def _options(call: ResponsesRequest, extra: Any) -> dict[str, Any]:
    """The options; one has a default that no model's parameters change."""
    given = {
        "num_predict": call.max_output_tokens,
        "temperature": call.temperature,
        "top_p": call.top_p,
    }
    return merged({"temperature": 1.0}, extra, given)


def _format(text: ResponsesText | None) -> RawJSON | None:
    """The schema to keep to; that any JSON object is wanted is passed over, as in Ollama."""
    wanted = text.format if text else None
    return wanted.schema if wanted and wanted.type == "json_schema" else None
