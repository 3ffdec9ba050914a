"""The ways in which prompts could be written: those there are, the one that is taken, and why."""

from pathlib import Path
from typing import Any

import pytest
import served
import tiny_llama

from pyollama.api import Message
from pyollama.errors import BadRequest
from pyollama.serving.chat import Chat
from pyollama.serving.text_side import load_text_side
from pyollama.serving.ways import Written, ways, written
from pyollama.serving.writers import choose_writer
from pyollama.store import Store, StoredModel

PLAIN = "{{ range .Messages }}{{ .Role }}: {{ .Content }}\n{{ end }}"
WITH_TOOLS = PLAIN + "{{ range .Tools }}{{ .Function.Name }}{{ end }}"
JINJA_TOOLS = (
    "{% for t in tools or [] %}{{ t }}{% endfor %}"
    "{% for m in messages %}{{ m.tool_calls }}{{ m.role == 'tool' }}{{ m.content }}{% endfor %}"
)
NATIVE = "chat template of the GGUF"


def stored_model(
    folder: Path, jinja: str | None, *, go_template: bool | None = None, **fields: Any
) -> StoredModel:
    """A model whose GGUF has this chat template; fields are those of /api/create."""
    store = Store(folder / "models", go_template=go_template)
    keys = tiny_llama.metadata(tokenizer__chat_template=jinja)
    keys = {key: value for key, value in keys.items() if value is not None}
    data = tiny_llama.write_model(folder / "m.gguf", keys).read_bytes()
    served.add_model(store, "m", data, **fields)
    (stored,) = store.list()
    return stored


@pytest.mark.parametrize(
    ("jinja", "fields", "names", "taken", "why"),
    [
        (tiny_llama.CHAT_TEMPLATE, {}, [NATIVE], NATIVE, "the model has no template layer"),
        (None, {}, [NATIVE], NATIVE, "ChatML stands in"),
        (None, {"template": PLAIN}, ["Go template"], "Go template", "has no chat template"),
        (
            tiny_llama.CHAT_TEMPLATE,
            {"template": PLAIN},
            ["Go template", NATIVE],
            "Go template",
            "it is no less able: the layer knows plain conversation",
        ),
        (
            JINJA_TOOLS,
            {"template": PLAIN},
            ["Go template", NATIVE],
            NATIVE,
            "it is abler: the layer knows plain conversation, the chat template tools",
        ),
        (
            JINJA_TOOLS,
            {"template": PLAIN, "go_template": True},
            ["Go template", NATIVE],
            "Go template",
            "OLLAMA_GO_TEMPLATE says so",
        ),
        (
            tiny_llama.CHAT_TEMPLATE,
            {"template": PLAIN, "go_template": False},
            ["Go template", NATIVE],
            NATIVE,
            "OLLAMA_GO_TEMPLATE says so",
        ),
        (
            tiny_llama.CHAT_TEMPLATE,
            {"template": PLAIN, "renderer": "qwen3-coder", "parser": "qwen3-coder"},
            ["renderer qwen3-coder", "Go template", NATIVE],
            "renderer qwen3-coder",
            "the model's config names it",
        ),
        (
            tiny_llama.CHAT_TEMPLATE,
            {"parser": "qwen3-coder"},
            ["Go template", NATIVE],
            "Go template",
            "the parser qwen3-coder, and no renderer",
        ),
    ],
)
def test_the_way_that_is_taken_is_the_one_that_a_chat_takes(
    tmp_path: Path, jinja: str | None, fields: Any, names: list[str], taken: str, why: str
) -> None:
    stored = stored_model(tmp_path, jinja, **fields)
    side = load_text_side(str(stored.model_path))
    found = ways(stored, side.template)
    assert [way.name for way in found] == names
    (used,) = (way for way in found if way.why)
    assert used.name == taken == choose_writer(stored, side.template).name
    assert why in used.why


def all_written(stored: StoredModel, **fields: Any) -> list[Written]:
    chat = Chat(served.chat("m", "hi", **fields))
    side = load_text_side(str(stored.model_path))
    return [written(way, chat, stored, side, False) for way in ways(stored, side.template)]


def test_a_conversation_is_written_each_way(tmp_path: Path) -> None:
    go, native = all_written(stored_model(tmp_path, tiny_llama.CHAT_TEMPLATE, template=PLAIN))
    assert (go.prompt, native.prompt) == ("user: hi\n", "<user>hi<assistant>")
    assert list(go.tokens) == list(b"user: hi\n")
    assert (go.error, native.error) == ("", "")


def test_what_goes_wrong_one_way_does_not_hinder_the_others(tmp_path: Path) -> None:
    refusing = "{{ raise_exception('no talk today') }}"
    go, native = all_written(stored_model(tmp_path, refusing, template=PLAIN))
    assert go.prompt == "user: hi\n"
    assert (native.prompt, native.tokens) == ("", ())
    assert native.error == "chat template: no talk today"


def test_an_unknown_renderer_is_an_error_of_its_way(tmp_path: Path) -> None:
    stored = stored_model(tmp_path, tiny_llama.CHAT_TEMPLATE, renderer="none-such")
    named, native = all_written(stored)
    assert named.error == 'unknown renderer "none-such"'
    assert native.prompt == "<user>hi<assistant>"


def test_a_conversation_is_written_whole(tmp_path: Path) -> None:
    stored = stored_model(tmp_path, tiny_llama.CHAT_TEMPLATE)
    messages = [Message(role="user", content="x" * 400)] * 4
    (only,) = all_written(stored, messages=messages)
    assert len(only.tokens) > 1600


def test_the_checks_are_those_of_a_chat(tmp_path: Path) -> None:
    stored = stored_model(tmp_path, tiny_llama.CHAT_TEMPLATE)
    with pytest.raises(BadRequest, match="does not support thinking"):
        Chat(served.chat("m", "hi", think=True)).check(stored)
