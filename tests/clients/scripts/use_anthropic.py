"""Anthropic's package, sync and async: use_anthropic.py URL."""

import sys
from typing import Any

import anthropic
from questions import PARIS, SKY
from reporting import report

(URL,) = sys.argv[1:]
CLIENT = anthropic.Anthropic(base_url=URL, api_key="unused", max_retries=0)
AWAITED = anthropic.AsyncAnthropic(base_url=URL, api_key="unused", max_retries=0)
WEATHER: Any = {
    "name": "get_weather",
    "description": "Get the weather of a city",
    "input_schema": {
        "type": "object",
        "required": ["city"],
        "properties": {"city": {"type": "string", "description": "The city"}},
    },
}
SEARCH: Any = {"type": "web_search_20250305", "name": "web_search"}
GREEDY = {"temperature": 0, "options": {"seed": 1}}


def fields(messages: Any = SKY, **more: Any) -> dict[str, Any]:
    """The arguments of a message that is alike each time."""
    return {
        "model": "tiny", "max_tokens": 120, "messages": messages, "extra_body": GREEDY, **more,
    }  # fmt: skip


def shown(message: Any) -> Any:
    """A message in short."""
    blocks = [[block.type, content_of(block)] for block in message.content]
    usage = [message.usage.input_tokens, message.usage.output_tokens]
    return {"blocks": blocks, "reason": message.stop_reason, "usage": usage}


def content_of(block: Any) -> Any:
    """What a block says: text, thoughts, the input of a tool, what a search found."""
    match block.type:
        case "tool_use" | "server_tool_use":
            return block.input
        case "web_search_tool_result":
            return block.content.error_code
    return getattr(block, block.type)


def failure(call: Any) -> Any:
    """The name of the exception that a call raises, and the error's type and message."""
    try:
        call()
    except anthropic.APIStatusError as error:
        told = error.body["error"]
        return [type(error).__name__, told["type"], told["message"]]
    return None


def message() -> Any:
    return shown(CLIENT.messages.create(**fields()))


async def message_awaited() -> Any:
    return shown(await AWAITED.messages.create(**fields()))


def message_streamed() -> Any:
    with CLIENT.messages.stream(**fields()) as stream:
        return [list(stream.text_stream), shown(stream.get_final_message())]


async def message_streamed_awaited() -> Any:
    async with AWAITED.messages.stream(**fields()) as stream:
        pieces = [piece async for piece in stream.text_stream]
        return [pieces, shown(await stream.get_final_message())]


def raw_events() -> Any:
    return [event.type for event in CLIENT.messages.create(**fields(stream=True))]


def limited() -> Any:
    return shown(CLIENT.messages.create(**fields(max_tokens=3)))


def tool_loop() -> Any:
    """A tool is called, and the model told what it gave, together with its own message."""
    asked = fields(PARIS, tools=[WEATHER], thinking={"type": "disabled"})
    called = CLIENT.messages.create(**asked)
    given = {"type": "tool_result", "tool_use_id": called.content[-1].id, "content": "18 degrees"}
    asked["messages"] = [
        *PARIS, {"role": "assistant", "content": called.content},
        {"role": "user", "content": [given]},
    ]  # fmt: skip
    return [shown(called), shown(CLIENT.messages.create(**asked))]


def thinking_and_a_tool_streamed() -> Any:
    asked = fields(PARIS, tools=[WEATHER], thinking={"type": "enabled", "budget_tokens": 1024})
    with CLIENT.messages.stream(**asked) as stream:
        events = [event.type for event in stream]
        return [events, shown(stream.get_final_message())]


def choices() -> Any:
    hello = [{"role": "user", "content": "Hello!"}]
    wanted: Any = [{"type": "any"}, {"type": "tool", "name": "get_weather"}, {"type": "none"}]
    asked = fields(hello, tools=[WEATHER])
    return [shown(CLIENT.messages.create(**asked, tool_choice=choice)) for choice in wanted]


def search() -> Any:
    asked = fields(tools=[SEARCH], tool_choice={"type": "any"})
    with CLIENT.messages.stream(**asked) as stream:
        streamed = shown(stream.get_final_message())
    return [shown(CLIENT.messages.create(**asked)), streamed]


def within_a_schema() -> Any:
    schema = {
        "type": "object",
        "properties": {"color": {"enum": ["red", "green", "blue"]}},
        "required": ["color"],
    }
    asked = fields([{"role": "user", "content": "Which color do you like?"}])
    output: Any = {"format": {"type": "json_schema", "schema": schema}}
    return shown(CLIENT.messages.create(**asked, output_config=output))


def counted() -> Any:
    asked = {"model": "tiny", "messages": SKY, "system": "Be brief."}
    made = CLIENT.messages.create(**asked, max_tokens=1)
    count = CLIENT.messages.count_tokens(**asked)
    return [count.input_tokens, made.usage.input_tokens]


def mistakes() -> Any:
    return [
        failure(lambda: CLIENT.messages.create(**fields(model="nobody"))),
        failure(lambda: CLIENT.messages.create(**fields(model="nobody", stream=True))),
        failure(lambda: CLIENT.messages.create(**fields(max_tokens=0))),
        failure(lambda: CLIENT.messages.create(**fields(model="embedder"))),
    ]


if __name__ == "__main__":
    report(
        message, message_awaited, message_streamed, message_streamed_awaited, raw_events, limited,
        tool_loop, thinking_and_a_tool_streamed, choices, search, within_a_schema,
        counted, mistakes,
    )  # fmt: skip
