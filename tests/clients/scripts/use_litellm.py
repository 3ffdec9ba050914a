"""litellm with its providers ollama/ (by /api/generate) and ollama_chat/: use_litellm.py URL."""

import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it fetches a list of prices

import litellm
from questions import COLOR, LIKING, PARIS, SKY, WEATHER
from reporting import report

(URL,) = sys.argv[1:]
WITHIN = {"type": "json_schema", "json_schema": {"name": "liking", "schema": LIKING}}
Call = Callable[[], Any]
Awaited = Callable[[], Coroutine[Any, Any, Any]]


def fields(provider: str, messages: list[Any], **more: Any) -> dict[str, Any]:
    """The arguments of a completion that is alike each time."""
    return {
        "model": f"{provider}/tiny", "messages": messages, "api_base": URL, "temperature": 0,
        "seed": 1, "max_tokens": 80, **more,
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


def text_of(parts: Any) -> list[str]:
    """The pieces of a stream that are not empty."""
    return [part.choices[0].delta.content for part in parts if part.choices[0].delta.content]


def ollama_generate() -> Any:
    return told(completion("ollama", SKY))


def ollama_generate_streamed() -> Any:
    return text_of(completion("ollama", SKY, stream=True))


def ollama_generate_within_a_schema() -> Any:
    return told(completion("ollama", COLOR, response_format=WITHIN))


async def ollama_generate_awaited() -> Any:
    return told(await litellm.acompletion(**fields("ollama", SKY)))


def chat() -> Any:
    return told(completion("ollama_chat", SKY))


def chat_streamed() -> Any:
    parts = list(
        completion("ollama_chat", SKY, stream=True, stream_options={"include_usage": True})
    )
    counted = [part.usage for part in parts if getattr(part, "usage", None)]
    usage = [[each.prompt_tokens, each.completion_tokens] for each in counted]
    return {"pieces": text_of(parts), "usage": usage}


async def chat_awaited() -> Any:
    whole = await litellm.acompletion(**fields("ollama_chat", SKY))
    parts = [p async for p in await litellm.acompletion(**fields("ollama_chat", SKY, stream=True))]
    return [told(whole), text_of(parts)]


def chat_with_a_tool() -> Any:
    called = completion("ollama_chat", PARIS, tools=[WEATHER])
    message = called.choices[0].message
    result = {
        "role": "tool",
        "tool_call_id": message.tool_calls[0].id,
        "name": "get_weather",
        "content": "18 degrees and sunny",
    }
    history = [*PARIS, message.model_dump(), result]
    return [told(called), told(completion("ollama_chat", history, tools=[WEATHER]))]


def chat_with_a_tool_streamed() -> Any:
    parts = completion("ollama_chat", PARIS, tools=[WEATHER], stream=True)
    calls = [call for part in parts for call in part.choices[0].delta.tool_calls or []]
    return [[call.function.name, call.function.arguments] for call in calls]


def chat_within_a_schema() -> Any:
    return told(completion("ollama_chat", COLOR, response_format=WITHIN))


def chat_in_thoughts() -> Any:
    question = [{"role": "user", "content": "What is 2 plus 3?"}]
    return told(completion("ollama_chat", question, reasoning_effort="low", think=True))


def embedding() -> Any:
    texts = ["hello world", "blue sky"]
    answer = litellm.embedding(model="ollama/embedder", input=texts, api_base=URL)
    return [[entry["embedding"] for entry in answer.data], answer.usage.prompt_tokens]


async def embedding_awaited() -> Any:
    answer = await litellm.aembedding(model="ollama/embedder", input=["hello world"], api_base=URL)
    return answer.data[0]["embedding"]


def model_info() -> Any:
    info = litellm.get_model_info("ollama/tiny", api_base=URL)
    return [info["max_tokens"], info["supports_function_calling"]]


def models() -> Any:
    found = litellm.get_valid_models(
        check_provider_endpoint=True, custom_llm_provider="ollama", api_base=URL
    )
    return sorted(found)


def a_model_that_is_not_there() -> Any:
    told = []
    for provider in ("ollama", "ollama_chat"):
        try:
            litellm.completion(model=f"{provider}/nobody", messages=SKY, api_base=URL)
        except litellm.exceptions.NotFoundError as error:
            told.append([error.status_code, str(error)])
    return told


if __name__ == "__main__":
    report(
        ollama_generate, ollama_generate_streamed, ollama_generate_within_a_schema,
        ollama_generate_awaited, chat, chat_streamed, chat_awaited, chat_with_a_tool,
        chat_with_a_tool_streamed, chat_within_a_schema, chat_in_thoughts, embedding,
        embedding_awaited, model_info, models, a_model_that_is_not_there,
    )  # fmt: skip
