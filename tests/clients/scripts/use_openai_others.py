"""OpenAI's package: completions, embeddings, models, mistakes: use_openai_others.py URL."""

import base64
import struct
import sys
from typing import Any

import openai
from reporting import report

(URL,) = sys.argv[1:]
CLIENT = openai.OpenAI(base_url=f"{URL}/v1/", api_key="unused", max_retries=0)
AWAITED = openai.AsyncOpenAI(base_url=f"{URL}/v1/", api_key="unused", max_retries=0)
SKY = "Why is the sky blue?"
TEXTS = ["hello world", "blue sky"]
USAGE: Any = {"include_usage": True}


def fields(prompt: str = SKY, **more: Any) -> Any:
    """The arguments of a completion that is alike each time."""
    return {
        "model": "tiny", "prompt": prompt, "temperature": 0, "seed": 1, "max_tokens": 80, **more,
    }  # fmt: skip


def told(completion: Any) -> Any:
    """A completion in short."""
    (choice,) = completion.choices
    usage = [completion.usage.prompt_tokens, completion.usage.completion_tokens]
    return {"text": choice.text, "reason": choice.finish_reason, "usage": usage}


def streamed(chunks: list[Any]) -> Any:
    """What the chunks of a stream hold."""
    usage = chunks[-1].usage
    return {
        "pieces": [chunk.choices[0].text for chunk in chunks if chunk.choices],
        "reason": chunks[-2].choices[0].finish_reason,
        "last": len(chunks[-1].choices),
        "usage": [usage.prompt_tokens, usage.completion_tokens],
    }


def completion() -> Any:
    return told(CLIENT.completions.create(**fields()))


async def completion_awaited() -> Any:
    return told(await AWAITED.completions.create(**fields()))


def completion_streamed() -> Any:
    return streamed(list(CLIENT.completions.create(**fields(stream=True, stream_options=USAGE))))


async def completion_streamed_awaited() -> Any:
    stream: Any = await AWAITED.completions.create(**fields(stream=True, stream_options=USAGE))
    return streamed([chunk async for chunk in stream])


def filled_in() -> Any:
    return told(CLIENT.completions.create(**fields("blue?", model="fim", suffix="is the sky ")))


def several() -> Any:
    found = CLIENT.completions.create(**fields(n=2, temperature=1, logprobs=1))
    probabilities: Any = found.choices[0].logprobs
    texts = [choice.text for choice in found.choices]
    return [texts, "".join(probabilities.tokens)]


def embeddings() -> Any:
    """As the package asks for them (base64), as numbers, and as they are sent."""
    create = CLIENT.embeddings.create
    asked: Any = {"model": "embedder", "input": TEXTS}
    usual, numbers = create(**asked), create(**asked, encoding_format="float")
    sent = create(**asked, encoding_format="base64").data[0].embedding
    unpacked = list(struct.iter_unpack("<f", base64.b64decode(str(sent))))
    return {
        "usual": [each.embedding for each in usual.data],
        "numbers": [each.embedding for each in numbers.data],
        "sent": [number for (number,) in unpacked],
        "indices": [each.index for each in usual.data],
        "usage": [usual.usage.prompt_tokens, usual.usage.total_tokens],
    }


async def embeddings_awaited() -> Any:
    found = await AWAITED.embeddings.create(model="embedder", input=TEXTS[0])
    return found.data[0].embedding


def fewer_dimensions() -> Any:
    found = CLIENT.embeddings.create(model="embedder", input=TEXTS[0], dimensions=2)
    return found.data[0].embedding


def models() -> Any:
    found = [[model.id, model.object, model.owned_by] for model in CLIENT.models.list()]
    one = CLIENT.models.retrieve("tiny")
    return [found, [one.id, one.object, one.created > 0]]


async def models_awaited() -> Any:
    return [model.id async for model in AWAITED.models.list()]


def failure(call: Any) -> Any:
    """The name of the exception that a call raises, its status, the error's type and message."""
    try:
        call()
    except openai.APIStatusError as error:
        body: Any = error.body
        if not isinstance(body, dict):
            return [type(error).__name__, error.status_code, None, body]
        return [type(error).__name__, error.status_code, body["type"], body["message"]]
    return None


def recording() -> Any:
    """No model here hears anything."""
    file = ("hello.wav", b"RIFF")
    create: Any = CLIENT.audio.transcriptions.create
    return [
        failure(lambda: create(model="tiny", file=file)),
        failure(lambda: create(model="tiny", file=file, response_format="text")),
        failure(lambda: create(model="nobody", file=file)),
        failure(lambda: create(model="tiny", file=("hello.wav", b""))),
    ]


def mistakes() -> Any:
    """By the name of the exception that the package has for them."""
    chat: Any = CLIENT.chat.completions.create
    hello: Any = [{"role": "user", "content": "hi"}]
    create = CLIENT.completions.create
    return {
        "missing": failure(lambda: chat(model="nobody", messages=hello)),
        "missing_streamed": failure(lambda: chat(model="nobody", messages=hello, stream=True)),
        "missing_completion": failure(lambda: create(**fields(model="nobody"))),
        "missing_embedder": failure(lambda: CLIENT.embeddings.create(model="nobody", input="hi")),
        "no_messages": failure(lambda: chat(model="tiny", messages=[])),
        "a_wrong_type": failure(lambda: chat(model="tiny", messages=hello, max_tokens="5")),
        "mute": failure(lambda: chat(model="embedder", messages=hello)),
        "mute_streamed": failure(lambda: chat(model="embedder", messages=hello, stream=True)),
        "no_embeddings": failure(lambda: CLIENT.embeddings.create(model="tiny", input="hi")),
        "a_namespace": failure(lambda: CLIENT.models.retrieve("library/tiny")),
        "no_model": failure(lambda: CLIENT.models.retrieve("nobody")),
        "a_cloud": failure(lambda: chat(model="gpt-oss:20b-cloud", messages=hello)),
        "no_route": failure(lambda: CLIENT.moderations.create(input="hi")),
    }


if __name__ == "__main__":
    report(
        completion, completion_awaited, completion_streamed, completion_streamed_awaited,
        filled_in, several, embeddings, embeddings_awaited, fewer_dimensions, models,
        models_awaited, recording, mistakes,
    )  # fmt: skip
