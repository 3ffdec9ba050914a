"""OpenAI's package and its older API, sync and async: use_openai_chat.py URL."""

import sys
from typing import Any, Literal

import openai
from pydantic import BaseModel, Field
from questions import COLOR, PARIS, SKY, SUM
from reporting import report

(URL,) = sys.argv[1:]
CLIENT = openai.OpenAI(base_url=f"{URL}/v1/", api_key="unused", max_retries=0)
AWAITED = openai.AsyncOpenAI(base_url=f"{URL}/v1/", api_key="unused", max_retries=0)
USAGE: Any = {"include_usage": True}
LOW: Any = {"reasoning_effort": "low"}


class GetWeather(BaseModel):
    """Get the weather of a city"""

    city: str = Field(description="The city")


class Liking(BaseModel):
    """What tiny is to fill in."""

    color: Literal["red", "green", "blue"]
    count: int = Field(ge=1, le=9)


WEATHER: Any = openai.pydantic_function_tool(GetWeather, name="get_weather")


def fields(messages: Any = SKY, **more: Any) -> Any:
    """The arguments of a completion that is alike each time."""
    return {
        "model": "tiny", "messages": messages, "temperature": 0, "seed": 1, "max_tokens": 120,
        **more,
    }  # fmt: skip


def told(completion: Any) -> Any:
    """A completion in short."""
    choice = completion.choices[0]
    calls = [call.function for call in choice.message.tool_calls or []]
    return {
        "content": choice.message.content,
        "reasoning": getattr(choice.message, "reasoning", None),
        "calls": [[call.name, call.arguments] for call in calls],
        "reason": choice.finish_reason,
        "usage": [completion.usage.prompt_tokens, completion.usage.completion_tokens],
    }


def streamed(chunks: list[Any]) -> Any:
    """What the chunks of a stream add up to."""
    choices = [choice for chunk in chunks for choice in chunk.choices]
    deltas = [choice.delta for choice in choices]
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    return {
        "pieces": [delta.content for delta in deltas if delta.content],
        "reasons": [choice.finish_reason for choice in choices if choice.finish_reason],
        "usages": [[usage.prompt_tokens, usage.completion_tokens] for usage in usages],
        "last": len(chunks[-1].choices),
        "roles": [delta.role for delta in deltas if delta.role],
        "ids": len({chunk.id for chunk in chunks}),
    }


def chat() -> Any:
    return told(CLIENT.chat.completions.create(**fields()))


async def chat_awaited() -> Any:
    return told(await AWAITED.chat.completions.create(**fields()))


def chat_streamed() -> Any:
    chunks = CLIENT.chat.completions.create(**fields(stream=True, stream_options=USAGE))
    return streamed(list(chunks))


async def chat_streamed_awaited() -> Any:
    stream: Any = await AWAITED.chat.completions.create(**fields(stream=True, stream_options=USAGE))
    return streamed([chunk async for chunk in stream])


def helper() -> Any:
    """The stream helper puts a completion together again, with parsed arguments of calls."""
    asked = fields(PARIS, tools=[WEATHER], stream_options=USAGE, **LOW)
    with CLIENT.chat.completions.stream(**asked) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    (call,) = final.choices[0].message.tool_calls or []
    parsed: Any = call.function.parsed_arguments
    return [kinds, told(final), parsed.model_dump()]


async def helper_awaited() -> Any:
    async with AWAITED.chat.completions.stream(**fields(stream_options=USAGE)) as stream:
        pieces = [event.delta async for event in stream if event.type == "content.delta"]
        return [pieces, told(await stream.get_final_completion())]


def thoughts() -> Any:
    whole = told(CLIENT.chat.completions.create(**fields(SUM, **LOW)))
    chunks: Any = CLIENT.chat.completions.create(**fields(SUM, stream=True, **LOW))
    deltas = [chunk.choices[0].delta for chunk in chunks]
    pieces = [getattr(delta, "reasoning", None) or "" for delta in deltas]
    silent = told(CLIENT.chat.completions.create(**fields(SUM, reasoning_effort="none")))
    return [whole, "".join(pieces), silent]


def structured() -> Any:
    """Both ways to a class of Pydantic's."""
    completion = CLIENT.chat.completions.parse(**fields(COLOR, response_format=Liking))
    with CLIENT.chat.completions.stream(**fields(COLOR, response_format=Liking)) as stream:
        also = stream.get_final_completion()
    found: Any = [each.choices[0].message.parsed for each in (completion, also)]
    return [liking.model_dump() for liking in found]


async def structured_awaited() -> Any:
    found = await AWAITED.chat.completions.parse(**fields(COLOR, response_format=Liking))
    liking: Any = found.choices[0].message.parsed
    return liking.model_dump()


def json_object() -> Any:
    form: Any = {"type": "json_object"}
    asked = fields(COLOR, model="friends", response_format=form)
    return told(CLIENT.chat.completions.create(**asked))["content"]


def tool_loop() -> Any:
    """A tool is called until none is wanted; the model's messages are passed back as they came."""
    messages: list[Any] = list(PARIS)
    seen: list[Any] = []
    while len(seen) < 3:
        completion = CLIENT.chat.completions.create(**fields(messages, tools=[WEATHER]))
        seen.append(told(completion))
        message: Any = completion.choices[0].message
        if not message.tool_calls:
            break
        messages.append(message)
        for call in message.tool_calls:
            city = GetWeather.model_validate_json(call.function.arguments).city
            content = f"18 degrees in {city}"
            messages.append({"role": "tool", "tool_call_id": call.id, "content": content})
    return seen


def choices() -> Any:
    named: Any = {"type": "function", "function": {"name": "get_weather"}}
    hello: Any = [{"role": "user", "content": "Hello!"}]
    asked = fields(hello, tools=[WEATHER])
    wanted: Any = ["required", named, "none"]
    create = CLIENT.chat.completions.create
    return [told(create(**asked, tool_choice=choice)) for choice in wanted]


def several() -> Any:
    completion = CLIENT.chat.completions.create(**fields(n=2, temperature=1))
    return [[choice.index, choice.message.content] for choice in completion.choices]


def log_probabilities() -> Any:
    completion = CLIENT.chat.completions.create(**fields(logprobs=True, top_logprobs=2))
    found: Any = completion.choices[0].logprobs
    tokens = [token.token for token in found.content]
    return [completion.choices[0].message.content, tokens, len(found.content[0].top_logprobs)]


def steered() -> Any:
    """Fields of Ollama's own, and a bias."""
    usual = CLIENT.chat.completions.create(**fields(logprobs=True))
    first: Any = usual.choices[0].logprobs
    asked = {"model": "tiny", "content": first.content[0].token}
    counted: Any = CLIENT.post("/../api/tokenize", body=asked, cast_to=object)
    bias = {str(token): -100 for token in counted["tokens"]}
    other = CLIENT.chat.completions.create(**fields(logit_bias=bias))
    limited = fields(extra_body={"options": {"num_predict": 2}, "keep_alive": "5m"})
    del limited["max_tokens"]
    short = CLIENT.chat.completions.create(**limited)
    return [told(usual)["content"], told(other)["content"], told(short)]


def parts() -> Any:
    """A developer's message, and content in parts."""
    pieces = [{"type": "text", "text": "Why is the sky blue?"}]
    messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": pieces}]
    return told(CLIENT.chat.completions.create(**fields(messages)))


def raw() -> Any:
    """Headers, the answer's text, and the completion that is parsed from it."""
    answer = CLIENT.chat.completions.with_raw_response.create(**fields())
    with CLIENT.chat.completions.with_streaming_response.create(**fields(stream=True)) as lines:
        kind = lines.headers["content-type"]
        last = [line for line in lines.iter_lines() if line][-1]
    return [answer.headers["content-type"], told(answer.parse()), kind, last]


def left() -> Any:
    """A stream that is closed early leaves the model to others."""
    asked = fields(model="endless", stream=True, max_tokens=-1)
    stream: Any = CLIENT.chat.completions.create(**asked)
    pieces = [next(stream).choices[0].delta.content for _ in range(3)]
    stream.close()
    short = CLIENT.chat.completions.create(**fields(model="endless", max_tokens=2))
    return [pieces, told(short)["reason"]]


if __name__ == "__main__":
    report(
        chat, chat_awaited, chat_streamed, chat_streamed_awaited, helper, helper_awaited, thoughts,
        structured, structured_awaited, json_object, tool_loop, choices, several,
        log_probabilities, steered, parts, raw, left,
    )  # fmt: skip
