"""The package ollama, in an environment of its own: every method, synchronous and asynchronous."""

import datetime
from collections.abc import Sequence
from typing import Any

import pytest
from clients import Seen, run_python
from stocked_server import Ollama

from pyollama_conformance.embedding_model import vector

pytestmark = [pytest.mark.client, pytest.mark.slow]
COUNTS = (
    "total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration", "eval_count",
    "eval_duration",
)  # fmt: skip
CALL = {"function": {"name": "get_weather", "arguments": {"city": "Paris"}}}


@pytest.fixture(scope="module", params=["sync", "async"])
def seen(request: pytest.FixtureRequest, ollama: Ollama) -> Seen:
    """What the script saw, with either client."""
    mode = request.param
    return run_python("ollama", "use_ollama.py", mode, ollama.url, ollama.registry, ollama.file)


def counts(answer: dict[str, Any]) -> list[Any]:
    """The statistics of a last record."""
    return [answer[name] for name in COUNTS]


def joined(parts: Sequence[dict[str, Any]], key: str) -> str:
    """The text of a stream."""
    return "".join(part[key] or "" for part in parts)


def test_every_public_method_is_used(seen: Seen) -> None:
    methods, used = seen["methods"]
    assert used == methods


def test_generate_answers_with_counts_and_context(seen: Seen) -> None:
    answer = seen["generate"]
    assert "light" in answer["response"]
    assert (answer["done"], answer["done_reason"]) == (True, "stop")
    assert all(count > 0 for count in counts(answer))
    assert len(answer["context"]) >= answer["prompt_eval_count"]


def test_a_stream_says_what_the_whole_answer_says(seen: Seen) -> None:
    *parts, last = seen["generate_streamed"]
    assert joined(parts, "response") == seen["generate"]["response"]
    assert not any(part["done"] or any(counts(part)) for part in parts)
    assert all(count > 0 for count in counts(last))
    assert (last["done"], last["response"]) == (True, "")


def test_a_context_goes_on_where_it_was(seen: Seen) -> None:
    first, second = seen["generate_with_system_and_context"]
    assert second[: len(first)] == first
    assert len(second) > len(first)


def test_a_raw_prompt_stops_at_its_length(seen: Seen) -> None:
    answer = seen["generate_raw"]
    assert answer["response"] == "The <b>kettle</b> &"
    assert (answer["done_reason"], answer["eval_count"]) == ("length", 5)
    assert answer["context"] is None


def test_logprobs_spell_the_answer(seen: Seen) -> None:
    answer = seen["generate_logprobs"]
    assert "".join(entry["token"] for entry in answer["logprobs"]) == answer["response"]
    assert all(len(entry["top_logprobs"]) == 2 for entry in answer["logprobs"])
    assert all(entry["logprob"] <= 0 for entry in answer["logprobs"])


def test_a_suffix_is_part_of_the_prompt(seen: Seen) -> None:
    short, long = seen["generate_into_a_suffix"]
    assert 0 < short < long


def test_chat_answers_with_counts(seen: Seen) -> None:
    answer = seen["chat"]
    assert answer["message"]["role"] == "assistant"
    assert "light" in answer["message"]["content"]
    assert all(count > 0 for count in counts(answer))


def test_a_streamed_chat_says_what_the_whole_says(seen: Seen) -> None:
    *parts, last = seen["chat_streamed"]
    texts = [part["message"] for part in parts]
    assert joined(texts, "content") == seen["chat"]["message"]["content"]
    assert all(text["role"] == "assistant" for text in texts)
    assert all(count > 0 for count in counts(last))


def test_a_python_function_is_called_and_told_of(seen: Seen) -> None:
    call, told = seen["chat_with_a_function"]
    assert call == CALL
    assert "18" in told


def test_a_streamed_call_comes_once_and_whole(seen: Seen) -> None:
    assert seen["chat_with_a_function_streamed"] == [CALL]


def test_an_answer_keeps_to_a_pydantic_schema(seen: Seen) -> None:
    answer = seen["chat_within_a_schema"]
    assert answer["color"] in ("red", "green", "blue")
    assert 1 <= answer["count"] <= 9


def test_thoughts_are_apart_from_the_answer(seen: Seen) -> None:
    whole, parts = seen["chat_in_thoughts"], seen["chat_in_thoughts_streamed"]
    assert whole["thinking"]
    assert whole["content"]
    assert "think>" not in whole["content"] + whole["thinking"]
    for key in ("thinking", "content"):
        assert joined(parts, key) == whole[key]


def test_embed_gives_a_vector_for_each_text(seen: Seen) -> None:
    both, cut = seen["embed"]
    assert both["embeddings"] == [vector("hello", "world"), vector("blue", "sky")]
    assert both["prompt_eval_count"] == 8
    assert both["total_duration"] > 0
    assert cut["embeddings"] == [[1, 0, 0, 0]]


def test_embeddings_gives_one_vector(seen: Seen) -> None:
    assert seen["embeddings"] == vector("hello", "world")


def test_a_stream_that_is_left_frees_its_model(seen: Seen) -> None:
    assert seen["a_stream_that_is_left"] == ["The", " <b>", "kettle"]
    assert seen["until_it_is_unloaded"]


def test_ps_tells_when_the_model_goes(seen: Seen) -> None:
    running = seen["ps"]
    assert running["name"] == running["model"] == "tiny:latest"
    expires_at = datetime.datetime.fromisoformat(running["expires_at"])
    left = expires_at - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(minutes=1) < left <= datetime.timedelta(minutes=5)
    assert running["size"] > 0
    assert running["context_length"] == 2048


def test_list_tells_the_models(seen: Seen) -> None:
    models = {model["model"]: model for model in seen["list_models"]}
    tiny = models["tiny:latest"]
    assert {"embedder:latest", "endless:latest", "fim:latest"} <= set(models)
    assert tiny["size"] > 1_000_000
    assert len(tiny["digest"]) == 64
    assert (tiny["details"]["family"], tiny["details"]["format"]) == ("llama", "gguf")


def test_show_tells_what_the_model_is(seen: Seen) -> None:
    shown = seen["show"]
    assert set(shown["capabilities"]) == {"completion", "tools", "thinking"}
    assert shown["modelinfo"]["llama.context_length"] == 2048
    assert shown["parameters"].split() == ["temperature", "0.2"]
    assert "im_start" in shown["template"]
    assert shown["modelfile"].startswith("# Modelfile generated by")


def test_a_model_is_pushed_deleted_and_pulled_again(seen: Seen) -> None:
    told = seen["copied_pushed_deleted_and_pulled"]
    assert told["statuses"] == ["success"] * 4
    for direction, first in (("pushed", "retrieving manifest"), ("pulled", "pulling manifest")):
        progress = told[direction]
        assert (progress[0]["status"], progress[-1]["status"]) == (first, "success")
        assert all(len(part["digest"]) == 71 for part in progress if part["total"])


def test_a_file_is_uploaded_and_becomes_a_model(seen: Seen) -> None:
    told = seen["uploaded_and_created"]
    assert told["said"][0] == "parsing GGUF"
    assert told["said"][-2:] == ["writing manifest", "success"]
    assert told["child"] == "success"
    shown = told["shown"]
    lines = sorted(line.split() for line in shown["parameters"].splitlines())
    assert lines == [["stop", '"a"'], ["stop", '"b"'], ["top_k", "7"]]
    assert "\nSYSTEM Be kind.\n" in shown["modelfile"]


def test_errors_have_their_status_and_words(seen: Seen) -> None:
    told = seen["errors"]
    assert told["chat"] == told["delete"] == [404, "model 'nobody' not found"]
    assert told["show"][0] == 404
    assert (told["embed"][0], "does not support embeddings" in told["embed"][1]) == (501, True)


def test_an_endpoint_that_is_not_there_is_a_plain_404(seen: Seen) -> None:
    assert seen["errors"]["systemone"] == [404, "404 page not found"]


def test_an_error_in_a_stream_is_raised(seen: Seen) -> None:
    assert "connection refused" in seen["an_error_in_a_stream"]


def test_the_web_is_not_asked_of_this_server(seen: Seen) -> None:
    web = "https://ollama.com/api/web_"
    assert seen["the_web"] == [f"{web}search", f"{web}fetch"]
