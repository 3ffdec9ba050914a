"""litellm with its providers openai/ and anthropic/, which speak /v1: use_litellm_v1.py URL."""

import os
import sys
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it fetches a list of prices

import litellm
from questions import COLOR, LIKING, PARIS, SKY, SUM, WEATHER
from reporting import report

(URL,) = sys.argv[1:]
BASES = {"openai": f"{URL}/v1", "anthropic": URL}
CLOSED = LIKING | {"additionalProperties": False}
WITHIN = {"type": "json_schema", "json_schema": {"name": "liking", "schema": CLOSED}}


def fields(provider: str, messages: list[Any], **more: Any) -> dict[str, Any]:
    """The arguments of a completion that is alike each time."""
    return {
        "model": f"{provider}/tiny", "messages": messages, "api_base": BASES[provider],
        "api_key": "unused", "temperature": 0, "max_tokens": 80, **more,
    }  # fmt: skip


def completion(provider: str, messages: list[Any], **more: Any) -> Any:
    """A completion."""
    return litellm.completion(**fields(provider, messages, **more))


def told(answer: Any) -> dict[str, Any]:
    """What an answer holds, in OpenAI's names."""
    (choice,) = answer.choices
    calls = choice.message.tool_calls or []
    return {
        "content": choice.message.content,
        "reason": choice.finish_reason,
        "calls": [[call.function.name, call.function.arguments] for call in calls],
        "usage": [answer.usage.prompt_tokens, answer.usage.completion_tokens],
        "thoughts": getattr(choice.message, "reasoning_content", None),
    }


def joined(parts: list[Any]) -> Any:
    """The text of a stream, and its usage."""
    usages = [part.usage for part in parts if getattr(part, "usage", None)]
    text = [part.choices[0].delta.content or "" for part in parts if part.choices]
    counts = [[usage.prompt_tokens, usage.completion_tokens] for usage in usages]
    return ["".join(text), len(parts), counts]


def chat() -> Any:
    return [told(completion(provider, SKY)) for provider in BASES]


def chat_streamed() -> Any:
    usage = {"include_usage": True}
    streams = [completion(each, SKY, stream=True, stream_options=usage) for each in BASES]
    return [joined(list(stream)) for stream in streams]


async def chat_awaited() -> Any:
    return [told(await litellm.acompletion(**fields(provider, SKY))) for provider in BASES]


async def chat_streamed_and_awaited() -> Any:
    found = []
    for provider in BASES:
        stream: Any = await litellm.acompletion(**fields(provider, SKY, stream=True))
        found.append(joined([part async for part in stream]))
    return found


def with_a_tool() -> Any:
    found = []
    for provider in BASES:
        called = completion(provider, PARIS, tools=[WEATHER], tool_choice="auto")
        message = called.choices[0].message
        call_id = message.tool_calls[0].id
        result = {"role": "tool", "tool_call_id": call_id, "content": "18 degrees and sunny"}
        history = [*PARIS, message.model_dump(), result]
        found.append([told(called), told(completion(provider, history, tools=[WEATHER]))])
    return found


def with_a_tool_streamed() -> Any:
    found = []
    for provider in BASES:
        parts = list(completion(provider, PARIS, tools=[WEATHER], stream=True))
        whole: Any = litellm.stream_chunk_builder(parts)
        found.append(told(whole)["calls"])
    return found


def required() -> Any:
    hello = [{"role": "user", "content": "Hello!"}]
    asked = {"tools": [WEATHER], "tool_choice": "required"}
    return [told(completion(provider, hello, **asked)) for provider in BASES]


def within_a_schema() -> Any:
    return [told(completion(each, COLOR, response_format=WITHIN))["content"] for each in BASES]


def in_thoughts() -> Any:
    """Both have to be told that a model of this name thinks."""
    effort = {"reasoning_effort": "low", "allowed_openai_params": ["reasoning_effort"]}
    budget = {"type": "enabled", "budget_tokens": 1024}
    thinking = {"thinking": budget, "allowed_openai_params": ["thinking"]}
    return [
        told(completion("openai", SUM, **effort)),
        told(completion("anthropic", SUM, **thinking)),
    ]


def text_completion() -> Any:
    asked = {"api_base": BASES["openai"], "api_key": "unused", "temperature": 0, "max_tokens": 80}
    model = "text-completion-openai/tiny"
    answer: Any = litellm.text_completion(model=model, prompt=SKY[0]["content"], **asked)
    return answer.choices[0].text


def embedding() -> Any:
    asked = {"api_base": BASES["openai"], "api_key": "unused"}
    texts = ["hello world", "blue sky"]
    answer = litellm.embedding(model="openai/embedder", input=texts, **asked)
    return [[entry["embedding"] for entry in answer.data], answer.usage.prompt_tokens]


def responses() -> Any:
    asked: Any = {"api_base": BASES["openai"], "api_key": "unused", "temperature": 0}
    answer: Any = litellm.responses(model="openai/tiny", input=SKY[0]["content"], **asked)
    events = list(litellm.responses(model="openai/tiny", input="hi", stream=True, **asked))
    return [answer.output[-1].content[0].text, events[0].type, events[-1].type]


async def messages() -> Any:
    """Anthropic's form, as programs that want it get it through litellm."""
    asked = fields("anthropic", SKY)
    answer: Any = await litellm.anthropic.messages.acreate(**asked)
    return [answer["content"][0]["text"], answer["stop_reason"]]


def a_model_that_is_not_there() -> Any:
    told = []
    for provider in BASES:
        try:
            litellm.completion(**{**fields(provider, SKY), "model": f"{provider}/nobody"})
        except litellm.exceptions.NotFoundError as error:
            told.append([error.status_code, str(error)])
    return told


if __name__ == "__main__":
    report(
        chat, chat_streamed, chat_awaited, chat_streamed_and_awaited, with_a_tool,
        with_a_tool_streamed, required, within_a_schema, in_thoughts, text_completion, embedding,
        responses, messages, a_model_that_is_not_there,
    )  # fmt: skip
