"""Chat templates that are recognised, and those that are left to speak for themselves."""

from collections.abc import Callable

import pytest

from pyollama.store import Store, parse_name
from pyollama.store.create.autodetect import STOP, is_chatml
from pyollama.store.types import CreateRequest

Upload = Callable[[bytes], str]
Make = Callable[..., str]
Build = Callable[..., bytes]

CHATML = (
    r"{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content']"
    r" + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
    r"{{ '<|im_start|>assistant\n' }}{% endif %}"
).replace(r"\n", "\n")
KEYS = {"tokenizer.chat_template": CHATML}
LAYER = "sha256:e3b2721cec511e3a627ae0993753abbf5c72cdf4cfcdbc8f5c33ce15c4c4e04b"
PARAMS = "sha256:f02dd72bb2423204352eabc5637b44d79d17f109fdb510a7c51455892aa2d216"


def test_chatml_is_recognised_to_the_letter() -> None:
    assert is_chatml(CHATML)
    assert not is_chatml(CHATML + " ")
    assert not is_chatml("")


def test_a_known_template_becomes_ollamas_layers(store: Store, upload: Upload, gguf: Build) -> None:
    digest = upload(gguf(KEYS))
    request = CreateRequest(model="m", files={"m.gguf": digest})
    assert [line.status for line in store.create(request)] == [
        "parsing GGUF",
        "verifying conversion",
        f"creating new layer {digest}",
        "using autodetected template chatml",
        f"creating new layer {PARAMS}",
        "writing manifest",
        "success",
    ]
    model = store.find(parse_name("m"))
    assert [layer.digest for layer in model.manifest.layers] == [digest, LAYER, PARAMS]
    assert model.parameters == {"stop": STOP}


def test_what_the_request_says_takes_its_place(store: Store, make: Make) -> None:
    make("m", KEYS, template="T", parameters={"stop": ["x"], "top_k": 1})
    model = store.find(parse_name("m"))
    kinds = [layer.media_type.rpartition(".")[2] for layer in model.manifest.layers]
    assert kinds == ["model", "template", "params"]
    assert (model.template, model.parameters) == ("T", {"stop": ["x"], "top_k": 1})
    make("n", KEYS, template="T")
    assert store.find(parse_name("n")).parameters == {"stop": STOP}


def test_a_model_made_of_another_inherits_the_layer_or_does_without(
    store: Store, make: Make
) -> None:
    make("known", KEYS)
    list(store.create(CreateRequest(model="child", from_="known")))
    assert store.find(parse_name("child")).parameters == {"stop": STOP}
    assert len(store.find(parse_name("child")).manifest.layers) == 3


@pytest.mark.parametrize("text", ["{{ messages }}", CHATML + "{% if tools %}{% endif %}"])
def test_any_other_template_is_left_to_speak_for_itself(
    store: Store, make: Make, text: str
) -> None:
    make("m", {"tokenizer.chat_template": text})
    model = store.find(parse_name("m"))
    assert (len(model.manifest.layers), model.jinja) == (1, text)
