"""llama-index-llms-ollama and llama-index-embeddings-ollama: use_llama_index.py URL."""

import sys
from typing import Any, Literal

from llama_index.core.base.llms.types import ThinkingBlock
from llama_index.core.llms import ChatMessage, MessageRole
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.ollama import OllamaEmbedding
from llama_index.llms.ollama import Ollama
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
    """A model that answers alike each time; its context is what the server says it is."""
    options = {"seed": 1, "num_predict": 80}
    return Ollama(model="tiny", base_url=URL, temperature=0, additional_kwargs=options, **fields)


def asked(content: str) -> list[Any]:
    """A conversation of one question."""
    return [ChatMessage(role=MessageRole.USER, content=content)]


def metadata() -> Any:
    return model().metadata.context_window


def chat() -> Any:
    answer = model().chat(asked(SKY))
    return {"content": answer.message.content, "usage": answer.raw["usage"]}


def chat_streamed() -> Any:
    parts = list(model().stream_chat(asked(SKY)))
    return {
        "deltas": [part.delta for part in parts],
        "content": parts[-1].message.content,
        "usage": parts[-1].raw["usage"],
    }


async def chat_awaited() -> Any:
    return (await model().achat(asked(SKY))).message.content


async def chat_streamed_and_awaited() -> Any:
    parts = [part async for part in await model().astream_chat(asked(SKY))]
    return parts[-1].message.content


def complete() -> Any:
    return model().complete(SKY).text


def complete_streamed() -> Any:
    return [part.delta for part in model().stream_complete(SKY)]


async def complete_awaited() -> Any:
    streamed = [part.delta async for part in await model().astream_complete(SKY)]
    return [(await model().acomplete(SKY)).text, "".join(streamed)]


def chat_with_a_tool() -> Any:
    tool = FunctionTool.from_defaults(get_weather)
    llm = model()
    answer = llm.chat_with_tools([tool], user_msg=PARIS)
    calls = llm.get_tool_calls_from_response(answer)
    result = ChatMessage(role=MessageRole.TOOL, content="18 degrees and sunny")
    history = [*asked(PARIS), answer.message, result]
    told = llm.chat_with_tools([tool], chat_history=history)
    return [[[call.tool_name, call.tool_kwargs] for call in calls], told.message.content]


def predict_and_call() -> Any:
    return str(model().predict_and_call([FunctionTool.from_defaults(get_weather)], PARIS))


def structured_output() -> Any:
    prompt = PromptTemplate("Which color do you like?")
    return model().structured_predict(Liking, prompt).model_dump()


async def structured_output_awaited() -> Any:
    prompt = PromptTemplate("Which color do you like?")
    return (await model().astructured_predict(Liking, prompt)).model_dump()


def json_mode() -> Any:
    return model(json_mode=True).complete("Give me JSON.").text


def chat_in_thoughts() -> Any:
    message = model(thinking=True).chat(asked("What is 2 plus 3?")).message
    thoughts = [block.content for block in message.blocks if isinstance(block, ThinkingBlock)]
    return [thoughts, message.content]


def embeddings() -> Any:
    embedder = OllamaEmbedding(model_name="embedder", base_url=URL)
    texts = embedder.get_text_embedding_batch(["hello world", "blue sky"])
    return [embedder.get_query_embedding("hello world"), texts]


async def embeddings_awaited() -> Any:
    embedder = OllamaEmbedding(model_name="embedder", base_url=URL)
    return await embedder.aget_text_embedding_batch(["hello world", "blue sky"])


if __name__ == "__main__":
    report(
        metadata, chat, chat_streamed, chat_awaited, chat_streamed_and_awaited, complete,
        complete_streamed, complete_awaited, chat_with_a_tool, predict_and_call, structured_output,
        structured_output_awaited, json_mode, chat_in_thoughts, embeddings, embeddings_awaited,
    )  # fmt: skip
