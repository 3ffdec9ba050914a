"""Every method of the package ollama: use_ollama.py (sync|async) URL REGISTRY FILE.

REGISTRY is a host and port to push to and to pull from, FILE a GGUF to upload.
"""

import asyncio
import inspect
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar, Literal

import httpx
import ollama
from pydantic import BaseModel, Field
from reporting import report

MODE, URL, REGISTRY, FILE = sys.argv[1:]
GREEDY = {"temperature": 0, "seed": 1, "num_predict": 80}
SKY = "Why is the sky blue?"


class Liking(BaseModel):
    """An answer's form."""

    color: Literal["red", "green", "blue"]
    count: int = Field(ge=1, le=9)


def get_weather(city: str) -> str:
    """Get the weather of a city

    Args:
        city: The city
    """
    return "18 degrees and sunny"


class Client:
    """A client of either kind, awaited and iterated alike; it remembers which methods were used."""

    used: ClassVar[set[str]] = set()

    def __init__(self, **fields: Any) -> None:
        kind: Any = ollama.Client if MODE == "sync" else ollama.AsyncClient
        self.client = kind(host=URL, **fields)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        self.used.add(name)

        async def call(*arguments: Any, **fields: Any) -> Any:
            result = method(*arguments, **fields)
            result = await result if inspect.iscoroutine(result) else result
            return _iterated(result) if isinstance(result, Iterator) else result

        return call

    def methods(self) -> list[str]:
        """All that the client offers."""
        found = inspect.getmembers(type(self.client), callable)
        return sorted(name for name, _ in found if not name.startswith("_"))


async def _iterated(parts: Any) -> AsyncIterator[Any]:
    try:
        for part in parts:
            yield part
    finally:
        parts.close()


client = Client()


def asked(content: str) -> list[dict[str, str]]:
    """A conversation of one question."""
    return [{"role": "user", "content": content}]


async def generate() -> Any:
    answer = await client.generate("tiny", SKY, options=GREEDY)
    return answer.model_dump()


async def generate_streamed() -> Any:
    parts = await client.generate("tiny", SKY, options=GREEDY, stream=True)
    return [part.model_dump() async for part in parts]


async def generate_with_system_and_context() -> Any:
    first = await client.generate("tiny", "My name is Ada.", system="Be short.", options=GREEDY)
    second = await client.generate("tiny", "hello", context=first.context, options=GREEDY)
    return [list(first.context), list(second.context)]


async def generate_raw() -> Any:
    answer = await client.generate("endless", "hi", raw=True, options={"num_predict": 5})
    return answer.model_dump()


async def generate_logprobs() -> Any:
    answer = await client.generate("tiny", SKY, options=GREEDY, logprobs=True, top_logprobs=2)
    return answer.model_dump()


async def generate_into_a_suffix() -> Any:
    options = {**GREEDY, "num_predict": 8}
    return [
        (await client.generate("fim", "def f(", suffix=suffix, options=options)).prompt_eval_count
        for suffix in ("return 1", "return 1 + 2 + 3 + 4")
    ]


async def chat() -> Any:
    return (await client.chat("tiny", asked(SKY), options=GREEDY)).model_dump()


async def chat_streamed() -> Any:
    parts = await client.chat("tiny", asked(SKY), options=GREEDY, stream=True)
    return [part.model_dump() async for part in parts]


async def chat_with_a_function() -> Any:
    messages: list[Any] = asked("What is the weather in Paris?")
    called = await client.chat("tiny", messages, tools=[get_weather], options=GREEDY)
    (call,) = called.message.tool_calls
    result = get_weather(**call.function.arguments)
    messages += [called.message, {"role": "tool", "tool_name": "get_weather", "content": result}]
    told = await client.chat("tiny", messages, tools=[get_weather], options=GREEDY)
    return [call.model_dump(), told.message.content]


async def chat_with_a_function_streamed() -> Any:
    messages = asked("What is the weather in Paris?")
    parts = await client.chat("tiny", messages, tools=[get_weather], options=GREEDY, stream=True)
    found = [call async for part in parts for call in part.message.tool_calls or []]
    return [call.model_dump() for call in found]


async def chat_within_a_schema() -> Any:
    schema = Liking.model_json_schema()
    messages = asked("Which color do you like?")
    answer = await client.chat("tiny", messages, format=schema, options=GREEDY)
    return Liking.model_validate_json(answer.message.content).model_dump()


async def chat_in_thoughts() -> Any:
    messages = asked("What is 2 plus 3?")
    answer = await client.chat("tiny", messages, think=True, options=GREEDY)
    return answer.message.model_dump()


async def chat_in_thoughts_streamed() -> Any:
    messages = asked("What is 2 plus 3?")
    parts = await client.chat("tiny", messages, think=True, stream=True, options=GREEDY)
    return [part.message.model_dump() async for part in parts]


async def embed() -> Any:
    answer = await client.embed("embedder", ["hello world", "blue sky"])
    cut = await client.embed("embedder", "hello world", dimensions=4, truncate=True)
    return [answer.model_dump(), cut.model_dump()]


async def embeddings() -> Any:
    return list((await client.embeddings("embedder", "hello world")).embedding)


async def a_stream_that_is_left() -> Any:
    options = {"num_ctx": 2048, "num_predict": -1}
    parts = await client.generate("endless", "hi", stream=True, options=options, keep_alive="100ms")
    first = [(await anext(parts)).response for _ in range(3)]
    await parts.aclose()
    return first


async def until_it_is_unloaded() -> Any:
    for _ in range(100):
        if all(model.model != "endless:latest" for model in (await client.ps()).models):
            return True
        await asyncio.sleep(0.05)
    return False


async def ps() -> Any:
    await client.generate("tiny", keep_alive="5m")
    (running,) = [m for m in (await client.ps()).models if m.model == "tiny:latest"]
    return running.model_dump(mode="json")


async def list_models() -> Any:
    return [model.model_dump(mode="json") for model in (await client.list()).models]


async def show() -> Any:
    return (await client.show("tiny")).model_dump(mode="json")


async def copied_pushed_deleted_and_pulled() -> Any:
    there = f"{REGISTRY}/shelf/{MODE}"
    copied = (await client.copy("tiny", there)).status
    pushed = [p async for p in await client.push(there, insecure=True, stream=True)]
    again = await client.push(there, insecure=True)
    deleted = (await client.delete(there)).status
    pulled = [p async for p in await client.pull(there, insecure=True, stream=True)]
    whole = await client.pull(there, insecure=True)
    await client.delete(there)
    return {
        "statuses": [copied, again.status, deleted, whole.status],
        "pushed": [part.model_dump() for part in pushed],
        "pulled": [part.model_dump() for part in pulled],
    }


async def uploaded_and_created() -> Any:
    digest = await client.create_blob(FILE)
    files = {"model.gguf": digest}
    name = f"made-{MODE}"
    said = [p.status async for p in await client.create(name, files=files, stream=True)]
    child = await client.create(
        f"{name}-child", from_=name, system="Be kind.", parameters={"top_k": 7, "stop": ["a", "b"]}
    )
    shown = await client.show(f"{name}-child")
    for each in (name, f"{name}-child"):
        await client.delete(each)
    return {"said": said, "child": child.status, "shown": shown.model_dump(mode="json")}


async def errors() -> Any:
    told = {}
    calls = {
        "chat": client.chat("nobody", asked("hi")),
        "delete": client.delete("nobody"),
        "show": client.show("nobody"),
        "embed": client.embed("tiny", "hi"),
        "systemone": client.systemone("tiny", "hi", {}),
    }
    for name, call in calls.items():
        try:
            await call
        except ollama.ResponseError as error:
            told[name] = [error.status_code, error.error]
    return told


async def an_error_in_a_stream() -> Any:
    try:
        async for _ in await client.pull("127.0.0.1:1/nobody/none", insecure=True, stream=True):
            pass
    except ollama.ResponseError as error:
        return error.error


async def the_web() -> Any:
    asked_for = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked_for.append(str(request.url))
        return httpx.Response(200, json={"results": []})

    web = Client(headers={"authorization": "Bearer x"}, transport=httpx.MockTransport(answer))
    await web.web_search("x")
    await web.web_fetch("https://example.com")
    return asked_for


async def methods() -> Any:
    await client.close()
    return [client.methods(), sorted(client.used)]


if __name__ == "__main__":
    report(
        generate, generate_streamed, generate_with_system_and_context, generate_raw,
        generate_logprobs, generate_into_a_suffix, chat, chat_streamed, chat_with_a_function,
        chat_with_a_function_streamed, chat_within_a_schema, chat_in_thoughts,
        chat_in_thoughts_streamed, embed, embeddings, a_stream_that_is_left, until_it_is_unloaded,
        ps, list_models, show, copied_pushed_deleted_and_pulled, uploaded_and_created, errors,
        an_error_in_a_stream, the_web, methods,
    )  # fmt: skip
