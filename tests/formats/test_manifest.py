"""Manifests and configs, byte for byte as Ollama writes them."""

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyollama_formats import manifest
from pyollama_formats.errors import FormatError
from pyollama_formats.manifest import CONFIG_TYPE, MODEL_TYPE, Config, Draft, Layer, Manifest

DIGEST = "sha256:" + 64 * "a"


def test_a_manifest_is_written_as_go_writes_it() -> None:
    written = Manifest(
        config=Layer(media_type=CONFIG_TYPE, digest=DIGEST, size=7),
        layers=[
            Layer(media_type=MODEL_TYPE, digest=DIGEST, size=2**40, from_="llama3:latest"),
            Layer(media_type=MODEL_TYPE, digest=DIGEST, size=0, name="blk.0"),
        ],
    ).encode()
    assert written == (
        b'{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",'
        b'"config":{"mediaType":"application/vnd.docker.container.image.v1+json",'
        b'"digest":"' + DIGEST.encode() + b'","size":7},"layers":['
        b'{"mediaType":"application/vnd.ollama.image.model","digest":"' + DIGEST.encode() + b'",'
        b'"size":1099511627776,"from":"llama3:latest"},'
        b'{"mediaType":"application/vnd.ollama.image.model","digest":"' + DIGEST.encode() + b'",'
        b'"size":0,"name":"blk.0"}]}\n'
    )


def test_a_config_has_the_digest_that_ollama_gives_it() -> None:
    config = Config(
        model_format="gguf",
        model_family="test",
        model_families=["test"],
        model_type="0",
        file_type="unknown",
    )
    # Observed: what Ollama stores for a GGUF with no tensors and one key.
    expected = "99759ad5b91e723db0393d698ffbb448b1b7df5ff6377a108c49254583b1bc8c"
    assert hashlib.sha256(config.encode()).hexdigest() == expected


def test_every_field_of_a_config_has_its_place() -> None:
    config = Config(
        renderer="r",
        parser="p",
        requires="0.1",
        remote_host="h",
        remote_model="m",
        capabilities=["tools"],
        context_length=8,
        embedding_length=4,
        base_name="b",
        draft=Draft(architecture="a"),
    )
    assert config.encode() == (
        b'{"model_format":"","model_family":"","model_families":null,"model_type":"",'
        b'"file_type":"","renderer":"r","parser":"p","requires":"0.1","remote_host":"h",'
        b'"remote_model":"m","capabilities":["tools"],"context_length":8,"embedding_length":4,'
        b'"base_name":"b","draft":{"architecture":"a"},"architecture":"amd64","os":"linux"}\n'
    )


def test_text_is_escaped_as_go_escapes_it() -> None:
    written = Layer(from_='<&>\u2028\u2029"\\\x01\n\x7fé').encode()
    text = b'"from":"\\u003c\\u0026\\u003e\\u2028\\u2029\\"\\\\\\u0001\\n\x7f\xc3\xa9"'
    assert text in written


def test_an_empty_document_is_read_as_empty() -> None:
    read = Manifest.decode(b"{}")
    assert (read.layers, read.config) == ([], Layer())
    assert Config.decode(b"{}").model_families is None


def test_reading_is_as_lenient_as_go() -> None:
    text = (
        b' \r\n{"schemaVersion": 2, "config": null, "annotations": {"x": [1]},\n'
        b' "layers": [{"mediaType": "m", "digest": null, "size": 3}]} trailing {'
    )
    read = Manifest.decode(text)
    assert read.layers == [Layer(media_type="m", size=3)]
    assert Layer.decode(b'{"from": "\xff", "name": "\\ud800"}').from_ == "\ufffd"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "invalid JSON: Expecting value"),
        (b'{"layers": [', "invalid JSON: Expecting value"),
        (b"[" * 100_000, "invalid JSON: maximum recursion"),
        (b'{"schemaVersion":' + b"9" * 5000 + b"}", "invalid JSON: Exceeds the limit"),
        (b'{"config": {"size": NaN}}', "invalid JSON: NaN is not JSON"),
        (b'{"config": {"size": 1' + b"0" * 400 + b"}}", "invalid JSON: int too large"),
        (b'{"config": {"size": 9223372036854775808}}', "Expected `int`, got `float`"),
        (b"[]", "invalid manifest: Expected `object`, got `array`"),
        (b'{"layers": {}}', r"Expected `array`, got `object` - at `\$.layers`"),
        (b'{"layers": [3]}', r"Expected `object`, got `int` - at `\$.layers\[0\]`"),
        (b'{"config": {"size": "3"}}', r"Expected `int`, got `str` - at `\$.config.size`"),
    ],
)
def test_another_shape_is_an_error_that_says_where(text: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        Manifest.decode(text)


def test_numbers_of_any_size_inside_a_draft_can_be_written_again() -> None:
    read = Config.decode(b'{"draft": {"config": {"a": 1000000000000000000000, "b": [1.5, null]}}}')
    assert b'"draft":{"config":{"a":1e21,"b":[1.5,null]}}' in read.encode()


def test_a_config_of_another_shape_is_named_as_one() -> None:
    with pytest.raises(FormatError, match="invalid config: Expected `str`, got `int`"):
        Config.decode(b'{"model_format": 1}')


def test_a_document_that_is_too_large_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "MAX_DOCUMENT", 10)
    assert Config.decode(b"{}        ") == Config()
    with pytest.raises(FormatError, match="document of 11 bytes exceeds maximum 10"):
        Config.decode(b"{}         ")


@settings(deadline=None)
@given(
    texts=st.lists(st.text(st.characters(codec="utf-8")), max_size=4),
    number=st.integers(-(2**63), 2**63 - 1),
)
def test_what_is_written_is_read_back(texts: list[str], number: int) -> None:
    layers = [Layer(media_type=text, from_=text, size=number) for text in texts]
    written = Manifest(layers=layers).encode()
    assert Manifest.decode(written) == Manifest(layers=layers)
    assert json.loads(written)["layers"] == [
        {"mediaType": text, "digest": "", "size": number} | ({"from": text} if text else {})
        for text in texts
    ]
    config = Config(model_families=texts, capabilities=texts)
    assert Config.decode(config.encode()) == config


@settings(deadline=None)
@given(data=st.binary(max_size=200) | st.text().map(str.encode))
def test_no_bytes_but_a_document_or_a_format_error(data: bytes) -> None:
    try:
        Manifest.decode(data).encode()
    except FormatError as error:
        assert str(error)
