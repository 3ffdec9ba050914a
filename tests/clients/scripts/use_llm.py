"""The program llm with its plugin llm-ollama, which takes OLLAMA_HOST from the environment."""

from typing import Any

import llm
from click.testing import CliRunner
from llm.cli import cli
from reporting import report

SKY = "Why is the sky blue?"
PARIS = "What is the weather in Paris?"
GREEDY = {"temperature": 0, "seed": 1, "num_predict": 80}
LIKING = {
    "type": "object",
    "properties": {"color": {"enum": ["red", "green", "blue"]}},
    "required": ["color"],
}


def get_weather(city: str) -> str:
    """Get the weather of a city"""
    return "18 degrees and sunny"


def command(*arguments: str) -> Any:
    """What the program prints."""
    result = CliRunner().invoke(cli, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def models() -> Any:
    return [line.split() for line in command("ollama", "models").splitlines()]


def prompt_at_the_command_line() -> Any:
    options = [part for name in GREEDY for part in ("-o", name, str(GREEDY[name]))]
    return command("-m", "ollama/tiny", "--no-log", *options, SKY)


def embed_at_the_command_line() -> Any:
    return command("embed", "-m", "ollama/embedder", "-c", "hello world")


def prompt() -> Any:
    answer = llm.get_model("ollama/tiny").prompt(SKY, stream=False, **GREEDY)
    return [answer.text(), answer.usage().input, answer.usage().output]


def prompt_streamed() -> Any:
    answer = llm.get_model("ollama/tiny").prompt(SKY, **GREEDY)
    return [list(answer), answer.usage().input, answer.usage().output]


async def prompt_awaited() -> Any:
    return await llm.get_async_model("ollama/tiny").prompt(SKY, **GREEDY).text()


def conversation() -> Any:
    talk = llm.get_model("ollama/tiny").conversation()
    first = talk.prompt(SKY, **GREEDY).text()
    second = talk.prompt("hello", **GREEDY)
    second.text()
    return [first, second.usage().input]


def chain_of_tools() -> Any:
    model = llm.get_model("ollama/tiny")
    chain = model.chain(PARIS, tools=[get_weather], options=GREEDY)
    answers = list(chain.responses())
    calls = [[call.name, call.arguments] for call in answers[0].tool_calls()]
    return [calls, answers[-1].text()]


def within_a_schema() -> Any:
    model = llm.get_model("ollama/tiny")
    return model.prompt("Which color do you like?", schema=LIKING, **GREEDY).text()


def json_object() -> Any:
    return llm.get_model("ollama/tiny").prompt("Give me JSON.", json_object=True, **GREEDY).text()


def in_thoughts() -> Any:
    answer = llm.get_model("ollama/tiny").prompt("What is 2 plus 3?", think=True, **GREEDY)
    text = answer.text()
    return [answer.json()["message"]["thinking"], text]


def embeddings() -> Any:
    model = llm.get_embedding_model("ollama/embedder")
    return [model.embed("hello world"), *model.embed_multi(["hello world", "blue sky"])]


if __name__ == "__main__":
    report(
        models, prompt_at_the_command_line, embed_at_the_command_line, prompt, prompt_streamed,
        prompt_awaited, conversation, chain_of_tools, within_a_schema, json_object, in_thoughts,
        embeddings,
    )  # fmt: skip
