"""langchain-openai, which speaks /v1 to whatever it is pointed at: use_langchain_openai.py URL."""

import sys
from typing import Any, Literal

from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from pydantic import BaseModel, Field
from reporting import report

(URL,) = sys.argv[1:]
SKY = "Why is the sky blue?"
PARIS = "What is the weather in Paris?"
THERE: Any = {"base_url": f"{URL}/v1", "api_key": "unused", "max_retries": 0}


class Liking(BaseModel):
    """An answer's form."""

    color: Literal["red", "green", "blue"]
    count: int = Field(ge=1, le=9)


class Color(BaseModel):
    """A form of which the schemas of tools tell everything: they have no bounds."""

    color: Literal["red", "green", "blue"]


def get_weather(city: str) -> str:
    """Get the weather of a city"""
    return "18 degrees and sunny"


def model(**fields: Any) -> Any:
    """A chat model that answers alike each time."""
    return ChatOpenAI(**{"model": "tiny", "temperature": 0, "seed": 1, **THERE, **fields})


def responding(**fields: Any) -> Any:
    """One that asks /v1/responses, which knows no seed."""
    return model(use_responses_api=True, seed=None, **fields)


def told(message: AIMessage) -> dict[str, Any]:
    """What a message holds that this library reads from an answer."""
    usage: Any = message.usage_metadata
    return {
        "content": message.text,
        "calls": [{"name": c["name"], "args": c["args"]} for c in message.tool_calls],
        "usage": usage and [usage["input_tokens"], usage["output_tokens"]],
        "reason": message.response_metadata.get("finish_reason"),
    }


def chat() -> Any:
    return told(model().invoke(SKY))


def chat_streamed() -> Any:
    parts = list(model(stream_usage=True).stream(SKY))
    whole = parts[0]
    for part in parts[1:]:
        whole += part
    return {"parts": len(parts), **told(whole)}


async def chat_awaited() -> Any:
    return told(await model().ainvoke(SKY))


async def chat_streamed_and_awaited() -> Any:
    whole: AIMessageChunk | None = None
    async for part in model(stream_usage=True).astream(SKY):
        whole = part if whole is None else whole + part
    assert whole is not None
    return told(whole)


def several_at_once() -> Any:
    return [message.text for message in model().batch([SKY, SKY, SKY])]


def chat_with_a_tool() -> Any:
    bound = model().bind_tools([get_weather])
    messages: list[Any] = [HumanMessage(PARIS)]
    called = bound.invoke(messages)
    result = ToolMessage(get_weather("Paris"), tool_call_id=called.tool_calls[0]["id"])
    return [told(called), told(bound.invoke([*messages, called, result]))]


def chat_with_a_tool_streamed() -> Any:
    parts = list(model().bind_tools([get_weather]).stream(PARIS))
    whole = parts[0]
    for part in parts[1:]:
        whole += part
    return told(whole)


def choices() -> Any:
    wanted = ["any", "required", "get_weather", "none"]
    bound = [model().bind_tools([get_weather], tool_choice=choice) for choice in wanted]
    return [told(each.invoke("Hello!")) for each in bound]


def structured_output() -> Any:
    chain = model().with_structured_output(Liking)
    return chain.invoke("Which color do you like?").model_dump()


def structured_output_by_a_tool() -> Any:
    chain = model().with_structured_output(Color, method="function_calling")
    return chain.invoke("Which color do you like?").model_dump()


def log_probabilities() -> Any:
    message = model(logprobs=True, top_logprobs=2).invoke(SKY)
    content = message.response_metadata["logprobs"]["content"]
    return [message.text, "".join(token["token"] for token in content)]


def response() -> Any:
    called = responding().bind_tools([get_weather]).invoke(PARIS)
    return [told(responding().invoke(SKY)), told(called)]


def response_streamed() -> Any:
    parts = list(responding(reasoning={"effort": "low"}).stream("What is 2 plus 3?"))
    whole = parts[0]
    for part in parts[1:]:
        whole += part
    return [block["type"] for block in whole.content_blocks]


def a_prompt_in_a_list() -> Any:
    """It sends prompts in lists, which /v1/completions refuses, as Ollama's does."""
    try:
        OpenAI(model="tiny", **THERE).invoke(SKY)
    except Exception as error:
        return [getattr(error, "status_code", None), str(error)]


def embeddings() -> Any:
    embedder = OpenAIEmbeddings(model="embedder", check_embedding_ctx_length=False, **THERE)
    return [embedder.embed_query("hello world"), embedder.embed_documents(["blue sky"])]


async def embeddings_awaited() -> Any:
    embedder = OpenAIEmbeddings(model="embedder", check_embedding_ctx_length=False, **THERE)
    return await embedder.aembed_query("hello world")


def a_model_that_is_not_there() -> Any:
    try:
        ChatOpenAI(model="nobody", **THERE).invoke(SKY)
    except Exception as error:
        return [getattr(error, "status_code", None), str(error)]


if __name__ == "__main__":
    report(
        chat, chat_streamed, chat_awaited, chat_streamed_and_awaited, several_at_once,
        chat_with_a_tool, chat_with_a_tool_streamed, choices, structured_output,
        structured_output_by_a_tool, log_probabilities, response, response_streamed,
        a_prompt_in_a_list, embeddings, embeddings_awaited, a_model_that_is_not_there,
    )  # fmt: skip
