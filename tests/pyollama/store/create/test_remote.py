"""Stand-ins of remote models: their URLs, their config, and what they are made from."""

import pytest

from pyollama.errors import BadRequest
from pyollama.store import Store, parse_name
from pyollama.store.create.remote import remote_url
from pyollama.store.types import CreateRequest

ZERO = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("ollama.com", "https://ollama.com:443"),
        ("http://ollama.com", "https://ollama.com:443"),
        ("https://ollama.com", "https://ollama.com:11434"),
        ("h", "http://h:11434"),
        ("h:80", "http://h:80"),
        ("https://h:1/", "https://h:1"),
        ("https://h/a/../b", "https://h:11434/b"),
        ("[::1]:5", "http://[::1]:5"),
        ("[::1]", "http://[::1]:11434"),
        ("http://", "http://localhost:11434"),
        ("/a//b/", "http://localhost:11434/a/b"),
        ("user@h", "http://user@h:11434"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9"),
    ],
)
def test_a_host_becomes_a_url_with_a_port(text: str, url: str) -> None:
    assert remote_url(text) == url


@pytest.mark.parametrize(
    "text", ["a b", "http://[::1", "h:x", "http://h/%zz", "h\x7f", "http://h:1:2", "h\n"]
)
def test_what_is_no_host_is_a_bad_remote(store: Store, text: str) -> None:
    with pytest.raises(BadRequest, match=r"^bad remote$"):
        list(store.create(CreateRequest(model="m", from_="big", remote_host=text)))
    assert list(store.list()) == []


def test_a_stand_in_has_a_config_and_no_weights(store: Store) -> None:
    request = CreateRequest(model="m", from_="big:7b", remote_host="h", system="s")
    lines = [line.status for line in store.create(request)]
    assert lines[-2:] == ["writing manifest", "success"]
    model = store.find(parse_name("m"))
    assert (model.config.remote_host, model.config.remote_model) == ("http://h:11434", "big:7b")
    assert (model.config.model_format, model.model_layer, model.system) == ("", None, "s")
    (entry,) = store.tags().models
    assert (entry.remote_host, entry.remote_model) == ("http://h:11434", "big:7b")
    assert entry.capabilities == []


def test_a_model_of_the_cloud_makes_a_stand_in_by_itself(store: Store) -> None:
    list(store.create(CreateRequest(model="m", from_="big:CLOUD")))
    config = store.find(parse_name("m")).config
    assert (config.remote_host, config.remote_model) == ("https://ollama.com:443", "big")
    list(store.create(CreateRequest(model="n", from_="m", system="s")))
    assert store.find(parse_name("n")).config.remote_host == "https://ollama.com:443"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"from_": "a b", "remote_host": "h h"}, "invalid model name"),
        ({"from_": "big:cloud:local"}, 'use either :local or :cloud, not both: "big:cloud:local"'),
        (
            {"from_": "big", "remote_host": "h", "draft_files": {"d.gguf": ZERO}},
            "DRAFT cannot be used with remote models",
        ),
        (
            {"from_": "big", "remote_host": "h", "info": {"context_length": "x"}},
            'info field "context_length" must be a number',
        ),
    ],
)
def test_what_cannot_stand_in_is_refused(
    store: Store, fields: dict[str, object], message: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        list(store.create(CreateRequest(model="m", **fields)))  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_files_make_no_stand_in(store: Store) -> None:
    with pytest.raises(BadRequest, match=r"^unknown type$"):
        list(store.create(CreateRequest(model="m", files={}, remote_host="h")))
