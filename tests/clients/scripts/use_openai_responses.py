"""OpenAI's package and its newer API, sync and async: use_openai_responses.py URL."""

import sys
from typing import Any, Literal

import openai
from pydantic import BaseModel, Field
from reporting import report

(URL,) = sys.argv[1:]
CLIENT = openai.OpenAI(base_url=f"{URL}/v1/", api_key="unused", max_retries=0)
AWAITED = openai.AsyncOpenAI(base_url=f"{URL}/v1/", api_key="unused", max_retries=0)
SKY = "Why is the sky blue?"
PARIS: Any = [{"role": "user", "content": "What is the weather in Paris?"}]
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the weather of a city",
    "strict": True,
    "parameters": {
        "type": "object",
        "required": ["city"],
        "properties": {"city": {"type": "string", "description": "The city"}},
        "additionalProperties": False,
    },
}
SEARCH: Any = {"type": "web_search"}
SEARCHES: Any = {"type": "function", "name": "web_search"}
LOW: Any = {"effort": "low"}


class Liking(BaseModel):
    """What tiny is to fill in."""

    color: Literal["red", "green", "blue"]
    count: int = Field(ge=1, le=9)


def fields(input: Any = SKY, **more: Any) -> Any:
    """The arguments of a response that is alike each time."""
    return {
        "model": "tiny", "input": input, "temperature": 0, "max_output_tokens": 120,
        "extra_body": {"options": {"seed": 1}, "keep_alive": "5m"}, **more,
    }  # fmt: skip


def shown(response: Any) -> Any:
    """A response in short."""
    items = [[item.type, content_of(item)] for item in response.output]
    usage = [response.usage.input_tokens, response.usage.output_tokens]
    return {"items": items, "status": response.status, "usage": usage}


def content_of(item: Any) -> Any:
    """What an item says: text, thoughts, the arguments of a call."""
    match item.type:
        case "message":
            return "".join(part.text for part in item.content)
        case "reasoning":
            return item.summary[0].text
    return item.arguments


def failure(call: Any) -> Any:
    """The name of the exception that a call raises, and the error's type and message."""
    try:
        call()
    except openai.APIStatusError as error:
        told: Any = error.body
        return [type(error).__name__, told["type"], told["message"]]
    return None


def streamed(**asked: Any) -> Any:
    """The kinds of a stream's events and its final response, as the helper puts it together."""
    with CLIENT.responses.stream(**asked) as stream:
        kinds = [event.type.removeprefix("response.") for event in stream]
        return [kinds, shown(stream.get_final_response())]


def response() -> Any:
    return shown(CLIENT.responses.create(**fields()))


async def response_awaited() -> Any:
    return shown(await AWAITED.responses.create(**fields()))


def raw_events() -> Any:
    events = list(CLIENT.responses.create(**fields(stream=True)))
    return [[event.type for event in events], [event.sequence_number for event in events]]


def response_streamed() -> Any:
    with CLIENT.responses.stream(**fields()) as stream:
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        return [pieces, shown(stream.get_final_response())]


async def response_streamed_awaited() -> Any:
    async with AWAITED.responses.stream(**fields()) as stream:
        events = [event async for event in stream]
        pieces = [event.delta for event in events if event.type == "response.output_text.delta"]
        return [pieces, shown(await stream.get_final_response())]


def thoughts_and_text_streamed() -> Any:
    return streamed(**fields("What is 2 plus 3?", reasoning=LOW))


def thoughts_and_a_call_streamed() -> Any:
    return streamed(**fields(PARIS, tools=[WEATHER], reasoning=LOW))


def text_and_a_call_streamed() -> Any:
    """On this the helper fails with a server that gives both the same place in the output."""
    asked = fields("hi", model="talks_and_calls", tools=[WEATHER])
    return [streamed(**asked), shown(CLIENT.responses.create(**asked))]


def tool_loop() -> Any:
    """Calls are answered by what they gave, after the output that they were part of."""
    told = []
    for more in ({}, {"reasoning": LOW}):
        called = CLIENT.responses.create(**fields(PARIS, tools=[WEATHER], **more))
        call: Any = called.output[-1]
        given = {"type": "function_call_output", "call_id": call.call_id, "output": "18 degrees"}
        history = [*PARIS, *called.output, given]
        answer = CLIENT.responses.create(**fields(history, tools=[WEATHER], **more))
        told.append([shown(called), answer.output_text])
    return told


def structured() -> Any:
    liking = CLIENT.responses.parse(**fields("Which color do you like?", text_format=Liking))
    with CLIENT.responses.stream(**fields("Which color?", text_format=Liking)) as stream:
        also = stream.get_final_response().output_parsed
    return [liking.output_parsed.model_dump(), also.model_dump()]


def choices() -> Any:
    wanted: Any = ["required", {"type": "function", "name": "get_weather"}, "none"]
    asked = fields("Hello!", tools=[WEATHER])
    return [shown(CLIENT.responses.create(**asked, tool_choice=choice)) for choice in wanted]


def search() -> Any:
    asked = fields(tools=[SEARCH], tool_choice=SEARCHES)
    last: Any = list(CLIENT.responses.create(**asked, stream=True))[-1]
    refused = failure(lambda: CLIENT.responses.create(**asked))
    return [refused, [last.type, last.response.error.message]]


def mistakes() -> Any:
    create = CLIENT.responses.create
    return [
        failure(lambda: create(**fields(model="nobody"))),
        failure(lambda: create(**fields(model="nobody", stream=True))),
        failure(lambda: create(**fields([{"type": "item_reference", "id": "x"}]))),
        failure(lambda: create(**fields(model="embedder"))),
    ]


if __name__ == "__main__":
    report(
        response, response_awaited, raw_events, response_streamed, response_streamed_awaited,
        thoughts_and_text_streamed, thoughts_and_a_call_streamed, text_and_a_call_streamed,
        tool_loop, structured, choices, search, mistakes,
    )  # fmt: skip
