"""OpenAI's package and a server whose model fails, at once or after a word: URL of it."""

import sys
from typing import Any

import openai
from reporting import report

(URL,) = sys.argv[1:]
CLIENT = openai.OpenAI(base_url=f"{URL}/v1/", api_key="unused", max_retries=0)
HELLO: Any = [{"role": "user", "content": "hi"}]


def failure(error: openai.APIError) -> Any:
    """An exception: its name, and what it tells."""
    return [type(error).__name__, error.message]


def read(stream: Any, text: Any) -> Any:
    """The texts of a stream until it fails, and how it does."""
    pieces = []
    try:
        for part in stream:
            pieces += [text(part)] if text(part) else []
    except openai.APIError as error:
        return [pieces, failure(error)]
    return [pieces, None]


def at_once() -> Any:
    """Without a stream, a failure at any time has a status."""
    calls: Any = [
        lambda: CLIENT.chat.completions.create(model="m", messages=HELLO),
        lambda: CLIENT.completions.create(model="m", prompt="hi"),
        lambda: CLIENT.responses.create(model="m", input="hi"),
    ]
    found = []
    for call in calls:
        try:
            call()
        except openai.APIStatusError as error:
            body: Any = error.body
            found.append([type(error).__name__, body["type"], body["message"]])
    return found


def chat() -> Any:
    stream = CLIENT.chat.completions.create(model="m", messages=HELLO, stream=True)
    return read(stream, lambda chunk: chunk.choices[0].delta.content)


def completion() -> Any:
    stream = CLIENT.completions.create(model="m", prompt="hi", stream=True)
    return read(stream, lambda chunk: chunk.choices[0].text)


def response() -> Any:
    events: Any = list(CLIENT.responses.create(model="m", input="hi", stream=True))
    return [events[-1].type, events[-1].response.error.message]


if __name__ == "__main__":
    report(at_once, chat, completion, response)
