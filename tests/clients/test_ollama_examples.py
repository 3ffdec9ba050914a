"""The examples of the package ollama, as its source archive has them, against this server."""

import json
from typing import Any

import pytest
from clients import environment, output_of
from stocked_server import Ollama

pytestmark = [pytest.mark.client, pytest.mark.slow]
CALLED = "Calling function: add_two_numbers\nArguments: {'a': 3, 'b': 1}\nFunction output: 4\n"
FRIENDS = "friends=[FriendInfo(name='Ollama', age=22, is_available=False)]\n"
SAYS = {
    "async-chat.py": "",
    "async-generate.py": "",
    "async-structured-outputs.py": FRIENDS,
    "async-tools.py": CALLED,
    "chat-logprobs.py": "\n    alt -> ",
    "chat-stream.py": "",
    "chat-with-history.py": "Chat with history: ",
    "chat.py": "",
    "create.py": "success\n",
    "embed.py": "0.088388346",
    "fill-in-middle.py": "",
    "generate-logprobs.py": " logprob=",
    "generate-stream.py": "",
    "generate.py": "",
    "list.py": "Name: tiny:latest\n  Size (MB): 3.81\n  Format: gguf\n  Family: llama\n",
    "multi-tool.py": "----- Sending result back to model",
    "ps.py": "success\n\n\nWaiting for model to load... \n\nModel:  ",
    "pull.py": "success\n",
    "show.py": "Model Information:\nModified at:   2",
    "structured-outputs.py": FRIENDS,
    "thinking-generate.py": "Let me see.\n\nResponse:\n========\n\nLight scatters.",
    "thinking-levels.py": "Thinking (high)",
    "thinking.py": "Let me see.\n\nResponse:\n========\n\nLight scatters.",
    "tools.py": CALLED,
}
"""What each of them prints, among other things."""
IMAGES = "needs a model that sees or draws"
WEB = "asks ollama.com, with a key"
HARMONY = "goes on until gpt-oss calls no more tools"
LEFT_OUT = {
    "generate-image.py": IMAGES,
    "gpt-oss-tools-stream.py": HARMONY,
    "gpt-oss-tools.py": HARMONY,
    "multimodal-chat.py": IMAGES,
    "multimodal-generate.py": IMAGES,
    "structured-outputs-image.py": IMAGES,
    "systemone.py": "asks /v1/systemone, which needs a model of another kind",
    "web-search-gpt-oss.py": WEB,
    "web-search-mcp.py": WEB,
    "web-search.py": WEB,
    "web_search_gpt_oss_helper.py": "is no program",
}


@pytest.fixture(scope="module")
def told(ollama: Ollama) -> dict[str, Any]:
    """What the script tells: what the examples printed, and which ones there are."""
    (archive,) = (environment("ollama") / "examples").glob("ollama-*.tar.gz")
    arguments = ("use_examples.py", str(archive), *SAYS)
    output = output_of("ollama", *arguments, OLLAMA_HOST=ollama.url)
    told: dict[str, Any] = json.loads(output)
    return told


def test_every_example_is_run_or_left_out_for_a_reason(told: dict[str, Any]) -> None:
    assert told["examples"] == sorted(SAYS | LEFT_OUT)


@pytest.mark.parametrize("name", SAYS)
def test_an_example_runs_to_its_end(told: dict[str, Any], name: str) -> None:
    seen = told["seen"][name]
    # The one that converses does so until nobody types any more.
    wanted = "EOFError: EOF when reading a line" if name == "chat-with-history.py" else ""
    assert seen["end"] == wanted
    assert SAYS[name] in seen["printed"]
    assert seen["printed"]
