"""The objects that an answer consists of: itself, and its items."""

import time
from collections.abc import Sequence

from msgspec.structs import replace

from pyollama.api import ToolCall
from pyollama_http import gojson
from pyollama_http.gojson.encode import Written
from pyollama_http.openai.conversion import Counted
from pyollama_http.openai.responses.tools import repeated_tools
from pyollama_http.openai.responses.types import (
    ResponsesReasoning,
    ResponsesRequest,
    ResponsesText,
)
from pyollama_http.openai.responses.wire import (
    Effort,
    FunctionCall,
    Item,
    Message,
    OutputText,
    ReasoningItem,
    ResponseObject,
    SummaryText,
    Text,
    TextFormat,
    Tool,
    Usage,
    WebSearchAction,
    WebSearchCall,
    by_key,
)

__all__ = [
    "NUMBERS",
    "Answer",
    "function_call",
    "message",
    "output_text",
    "reasoning",
    "usage_of",
    "web_search_call",
]

NUMBERS = 999_999  # how many there are for the ids


class Answer:
    """What all objects of one answer have in common. Untranslatable for tools without end.

    number: what its id ends in
    """

    def __init__(self, call: ResponsesRequest, number: int) -> None:
        self.call = call
        self.number = number
        self.id = f"resp_{number}"
        self.tools = repeated_tools(call.tools)
        self.streamed_tools = Written(streamed(self.tools) if call.stream else "")

    def whole(
        self, output: Sequence[Item], usage: Usage, created_at: int | None = None
    ) -> ResponseObject:
        """The answer when it is complete."""
        now = int(time.time())
        began = now if created_at is None else created_at
        return self._object("completed", list(output), began, now, usage)

    def begun(self) -> ResponseObject:
        """The answer before anything of it is known."""
        return self._object("in_progress", [], int(time.time()), None, None)

    def _object(
        self,
        status: str,
        output: list[Item],
        created_at: int,
        completed_at: int | None,
        usage: Usage | None,
    ) -> ResponseObject:
        call = self.call
        return ResponseObject(
            id=self.id,
            object="response",
            created_at=created_at,
            completed_at=completed_at,
            status=status,
            incomplete_details=None,
            model=call.model,
            previous_response_id=None,
            instructions=call.instructions or None,
            output=output,
            error=None,
            tools=self.tools,
            tool_choice="auto",
            truncation=call.truncation or "disabled",
            parallel_tool_calls=True,
            text=_text(call.text),
            top_p=1.0 if call.top_p is None else call.top_p,
            presence_penalty=0,
            frequency_penalty=0,
            top_logprobs=0,
            temperature=1.0 if call.temperature is None else call.temperature,
            reasoning=_effort(call.reasoning),
            usage=usage,
            max_output_tokens=call.max_output_tokens,
            max_tool_calls=None,
            store=False,
            background=call.background,
            service_tier="default",
            metadata={},
            safety_identifier=None,
            prompt_cache_key=None,
        )


def streamed(tools: list[Tool]) -> str:
    """The tools as the events of a stream repeat them: without the members of namespaces."""
    return gojson.encode([by_key(replace(tool, tools=[])) for tool in tools]).decode()


def _text(wanted: ResponsesText | None) -> Text:
    """How the text shall be: plain, if nothing is said."""
    given = wanted.format if wanted else None
    if given is None:
        return Text(format=TextFormat(type="text"))
    made = TextFormat(type=given.type, name=given.name, schema=given.schema, strict=given.strict)
    return Text(format=made)


def _effort(given: ResponsesReasoning | None) -> Effort | None:
    """How it shall be thought about, if something is said."""
    if given is None or not (given.effort or given.summary):
        return None
    return Effort(effort=given.effort or None, summary=given.summary or None)


def usage_of(*events: Counted) -> Usage:
    """The tokens of all runs of the model that made an answer."""
    prompt = sum(event.prompt_eval_count for event in events)
    made = sum(event.eval_count for event in events)
    return Usage(
        input_tokens=prompt,
        output_tokens=made,
        total_tokens=prompt + made,
        input_tokens_details={"cached_tokens": 0},
        output_tokens_details={"reasoning_tokens": 0},
    )


def message(id: str, text: str) -> Message:
    """What the model said."""
    return Message(
        id=id, type="message", status="completed", role="assistant", content=[output_text(text)]
    )


def output_text(text: str) -> OutputText:
    """The part that a message consists of."""
    return OutputText(type="output_text", text=text, annotations=[], logprobs=[])


def reasoning(id: str, text: str) -> ReasoningItem:
    """What the model thought."""
    summary = [SummaryText(type="summary_text", text=text)]
    return ReasoningItem(id=id, type="reasoning", summary=summary, encrypted_content=text)


def function_call(id: str, call: ToolCall) -> FunctionCall:
    """What the model called."""
    return FunctionCall(
        id=id,
        type="function_call",
        status="completed",
        call_id=call.id,
        name=call.function.name,
        arguments=gojson.map_text(call.function.arguments),
    )


def web_search_call(id: str, query: str) -> WebSearchCall:
    """What the model looked up."""
    action = WebSearchAction(type="search", query=query)
    return WebSearchCall(id=id, type="web_search_call", status="completed", action=action)
