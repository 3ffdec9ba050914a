"""langchain-ollama: use_langchain.py URL."""

import sys
from typing import Any, Literal

from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_ollama import ChatOllama, OllamaEmbeddings, OllamaLLM
from pydantic import BaseModel, Field
from reporting import report

(URL,) = sys.argv[1:]
SKY = "Why is the sky blue?"
PARIS = "What is the weather in Paris?"


class Liking(BaseModel):
    """An answer's form."""

    color: Literal["red", "green", "blue"]
    count: int = Field(ge=1, le=9)


def get_weather(city: str) -> str:
    """Get the weather of a city"""
    return "18 degrees and sunny"


def model(**fields: Any) -> Any:
    """A chat model that answers alike each time; it asks the server whether there is tiny."""
    return ChatOllama(
        model="tiny", base_url=URL, temperature=0, seed=1, num_predict=80,
        validate_model_on_init=True, **fields,
    )  # fmt: skip


def told(message: AIMessage) -> dict[str, Any]:
    """What a message holds that this library reads from an answer."""
    return {
        "content": message.content,
        "calls": [{"name": c["name"], "args": c["args"]} for c in message.tool_calls],
        "usage": message.usage_metadata,
        "metadata": message.response_metadata,
        "reasoning": message.additional_kwargs.get("reasoning_content"),
    }


def chat() -> Any:
    return told(model().invoke(SKY))


def chat_streamed() -> Any:
    parts = list(model().stream(SKY))
    whole = parts[0]
    for part in parts[1:]:
        whole += part
    return {"parts": len(parts), **told(whole)}


async def chat_awaited() -> Any:
    return told(await model().ainvoke(SKY))


async def chat_streamed_and_awaited() -> Any:
    whole: AIMessageChunk | None = None
    async for part in model().astream(SKY):
        whole = part if whole is None else whole + part
    assert whole is not None
    return told(whole)


def several_at_once() -> Any:
    return [message.content for message in model().batch([SKY, SKY, SKY])]


def chat_with_a_tool() -> Any:
    bound = model().bind_tools([get_weather])
    messages: list[Any] = [HumanMessage(PARIS)]
    called = bound.invoke(messages)
    result = ToolMessage(get_weather("Paris"), tool_call_id=called.tool_calls[0]["id"])
    return [told(called), told(bound.invoke([*messages, called, result]))]


def chat_with_a_tool_streamed() -> Any:
    parts = model().bind_tools([get_weather]).stream(PARIS)
    return [
        {"name": call["name"], "args": call["args"]} for part in parts for call in part.tool_calls
    ]


def structured_output() -> Any:
    chain = model().with_structured_output(Liking)
    return chain.invoke("Which color do you like?").model_dump()


def structured_output_by_json() -> Any:
    chain = model().with_structured_output(Liking, method="json_mode", include_raw=True)
    return told(chain.invoke("Give me JSON.")["raw"])


def chat_in_thoughts() -> Any:
    return told(model(reasoning=True).invoke("What is 2 plus 3?"))


def completion() -> Any:
    llm = OllamaLLM(model="tiny", base_url=URL, temperature=0, num_predict=80)
    return [llm.invoke(SKY), list(llm.stream(SKY))]


def embeddings() -> Any:
    embedder = OllamaEmbeddings(model="embedder", base_url=URL)
    return [embedder.embed_query("hello world"), embedder.embed_documents(["blue sky"])]


async def embeddings_awaited() -> Any:
    return await OllamaEmbeddings(model="embedder", base_url=URL).aembed_query("hello world")


def a_model_that_is_not_there() -> Any:
    try:
        ChatOllama(model="nobody", base_url=URL, validate_model_on_init=True)
    except ValueError as error:
        return str(error)


if __name__ == "__main__":
    report(
        chat, chat_streamed, chat_awaited, chat_streamed_and_awaited, several_at_once,
        chat_with_a_tool, chat_with_a_tool_streamed, structured_output, structured_output_by_json,
        chat_in_thoughts, completion, embeddings, embeddings_awaited,
        a_model_that_is_not_there,
    )  # fmt: skip
