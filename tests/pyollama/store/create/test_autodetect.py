"""Chat templates that are recognised, and those that are left to speak for themselves."""

import time
from collections import Counter
from collections.abc import Callable

import pytest

from pyollama.store import Store, parse_name
from pyollama.store.create.autodetect import known, recognised
from pyollama.store.create.named import NAMED
from pyollama.store.types import CreateRequest

Upload = Callable[[bytes], str]
Make = Callable[..., str]
Build = Callable[..., bytes]

CHATML = (
    r"{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content']"
    r" + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
    r"{{ '<|im_start|>assistant\n' }}{% endif %}"
).replace(r"\n", "\n")
STOP = NAMED["chatml"].parameters["stop"]
KEYS = {"tokenizer.chat_template": CHATML}
LAYER = "sha256:e3b2721cec511e3a627ae0993753abbf5c72cdf4cfcdbc8f5c33ce15c4c4e04b"
PARAMS = "sha256:f02dd72bb2423204352eabc5637b44d79d17f109fdb510a7c51455892aa2d216"


def test_each_format_has_as_many_known_templates_as_were_published() -> None:
    names = Counter([name for _, name in known().texts] + list(known().fingerprints.values()))
    assert names == {name: 1 for name in NAMED if name != "vicuna"} | {
        "chatml": 11,
        "phi-3": 3,
        **dict.fromkeys(("zephyr", "mistral-instruct", "llama2-chat", "chatqa"), 2),
        **dict.fromkeys(("llama3-instruct", "falcon-instruct"), 2),
    }


def test_every_known_text_is_recognised_as_its_own_format() -> None:
    for text, name in known().texts:
        assert recognised(text) == name


def test_fewer_than_a_hundred_changes_do_not_matter() -> None:
    assert recognised(CHATML) == "chatml"
    assert recognised(CHATML + "#" * 99) == "chatml"
    assert recognised("#" * 99 + CHATML) == "chatml"
    assert recognised(CHATML + "\u4e16" * 99) == "chatml"
    assert recognised(CHATML + "#" * 230) is None
    assert recognised("") is None


def test_the_nearest_one_wins() -> None:
    (text,) = (text for text, name in known().texts if name == "solar-instruct")
    assert recognised(text.replace("###", "%%%")) == "solar-instruct"


@pytest.mark.parametrize("length", [500, 30_000, 1_000_000])
def test_recognising_takes_no_time(length: int) -> None:
    known()
    text = ("{% for message in messages %}" * length)[:length]
    began = time.perf_counter()
    assert recognised(text) is None
    assert time.perf_counter() - began < 0.2


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


def test_parameters_that_are_no_stop_strings_come_along(store: Store, make: Make) -> None:
    (text,) = (text for text, name in known().texts if name == "llama3-instruct")
    make("m", {"tokenizer.chat_template": text}, parameters={"temperature": 0.5})
    stop = ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    assert store.find(parse_name("m")).parameters == {"stop": stop, "temperature": 0.5}


def test_a_template_with_tools_keeps_the_word_though_it_is_near(store: Store, make: Make) -> None:
    text = CHATML + "{% if tools %}{% endif %}"
    make("m", {"tokenizer.chat_template": text})
    model = store.find(parse_name("m"))
    assert (len(model.manifest.layers), model.jinja, model.uses_go_template) == (3, text, False)


@pytest.mark.parametrize("text", ["{{ messages }}", CHATML + "#" * 230])
def test_any_other_template_is_left_to_speak_for_itself(
    store: Store, make: Make, text: str
) -> None:
    make("m", {"tokenizer.chat_template": text})
    model = store.find(parse_name("m"))
    assert (len(model.manifest.layers), model.jinja) == (1, text)
