"""Anthropic's package and a server whose model fails, at once or after a word: URL of it."""

import sys
from typing import Any

import anthropic
from reporting import report

(URL,) = sys.argv[1:]
CLIENT = anthropic.Anthropic(base_url=URL, api_key="unused", max_retries=0)
ASKED: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


def failure(error: anthropic.APIStatusError) -> Any:
    """An exception: its name, and what it tells."""
    body: Any = error.body
    return [type(error).__name__, body["error"]["type"], body["error"]["message"]]


def at_once() -> Any:
    """Without a stream, a failure at any time has a status."""
    try:
        CLIENT.messages.create(**ASKED)
    except anthropic.APIStatusError as error:
        return failure(error)


def message() -> Any:
    """The texts of a stream until it fails, and how it does."""
    pieces = []
    try:
        with CLIENT.messages.stream(**ASKED) as stream:
            pieces += stream.text_stream
    except anthropic.APIStatusError as error:
        return failure(error)
    return pieces


if __name__ == "__main__":
    report(at_once, message)
