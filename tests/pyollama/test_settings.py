"""The environment: Ollama's rules for hosts, booleans, numbers and durations."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.durations import FOREVER
from pyollama.settings import UNHEEDED, Host, Settings, warn_of_unheeded

MINUTE = 60 * 1_000_000_000


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        ("1.2.3.4:1234", "http://1.2.3.4:1234"),
        (":1234", "http://:1234"),
        (":", "http://:11434"),
        ("example.com", "http://example.com:11434"),
        ("example.com:80", "http://example.com:80"),
        ("http://h", "http://h:80"),
        ("https://h", "https://h:443"),
        ("http://h:5", "http://h:5"),
        ("https://h/p", "https://h:443/p"),
        ("h:1/p/", "http://h:1/p"),
        ("::1", "http://[::1]:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:1337", "http://[::1]:1337"),
        ("h:66000", "http://h:11434"),
        ("h:-1", "http://h:11434"),
        ("http://h:abc", "http://h:80"),
        (" 1.2.3.4 ", "http://1.2.3.4:11434"),
        ('"1.2.3.4"', "http://1.2.3.4:11434"),
    ],
)
def test_ollama_host_in_all_its_forms(text: str, url: str) -> None:
    assert Host.parse(text).url == url
    assert Settings.from_environ({"OLLAMA_HOST": text}).host.url == url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:11434"),
        (":1234", "http://127.0.0.1:1234"),
        ("[::]:99", "http://[::1]:99"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
    ],
)
def test_a_client_reaches_an_unspecified_address_through_loopback(text: str, url: str) -> None:
    assert Host.parse(text).client.url == url


@pytest.mark.parametrize("text", ["h:66000", "h:-1", "http://h:abc"])
def test_a_port_that_is_none_is_warned_of(text: str, caplog: pytest.LogCaptureFixture) -> None:
    Host.parse(text)
    assert ["in OLLAMA_HOST, using" in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("LocalHost:1", True),
        ("0.0.0.0", False),
        (":1", False),
        ("example.com", False),
        ("10.0.0.1", False),
    ],
)
def test_a_loopback_address_is_known_as_one(text: str, loopback: bool) -> None:
    assert Host.parse(text).is_loopback is loopback


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("", 5 * MINUTE),
        ("300", 5 * MINUTE),
        ("1h", 60 * MINUTE),
        ("0", 0),
        ("-1", FOREVER),
        ("-5m", FOREVER),
        ("x", 5 * MINUTE),
        (" '90s' ", 90 * MINUTE // 60),
        ("1.5", 5 * MINUTE),
    ],
)
def test_keep_alive(text: str, nanoseconds: int) -> None:
    assert Settings.from_environ({"OLLAMA_KEEP_ALIVE": text}).keep_alive == nanoseconds


@pytest.mark.parametrize(
    ("text", "nanoseconds"), [("0", FOREVER), ("-1s", FOREVER), ("30s", MINUTE // 2)]
)
def test_a_load_timeout_of_nothing_is_no_limit(text: str, nanoseconds: int) -> None:
    assert Settings.from_environ({"OLLAMA_LOAD_TIMEOUT": text}).load_timeout == nanoseconds


@pytest.mark.parametrize(
    ("text", "value"),
    [("", False), ("0", False), ('"1"', True), ("banana", True), ("F", False), ("true", True)],
)
def test_a_boolean_is_false_only_in_gos_forms(text: str, value: bool) -> None:
    assert Settings.from_environ({"OLLAMA_NOPRUNE": text}).no_prune is value


@pytest.mark.parametrize(
    ("text", "prune"), [("", False), ("0", True), (" 'false' ", True), ("1", False), ("no", False)]
)
def test_full_pruning_has_to_be_asked_for(text: str, prune: bool) -> None:
    assert Settings.from_environ({"OLLAMA_NOPRUNE": text}).prune is prune
    assert not Settings.from_environ({}).prune


def test_numbers_that_cannot_be_read_give_the_default_and_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert Settings.from_environ({"OLLAMA_MAX_QUEUE": "-3"}).max_queue == 512
    assert "OLLAMA_MAX_QUEUE" in caplog.text
    assert Settings.from_environ({"OLLAMA_NUM_PARALLEL": "4"}).num_parallel == 4


def test_the_store_is_under_home_unless_told_otherwise(tmp_path: Path) -> None:
    assert Settings.from_environ({"HOME": "/h"}).models == Path("/h/.ollama/models")
    assert Settings.from_environ({"OLLAMA_MODELS": str(tmp_path)}).models == tmp_path


def test_origins_and_debug_levels() -> None:
    settings = Settings.from_environ({"OLLAMA_ORIGINS": "http://a,*", "OLLAMA_DEBUG": "2"})
    assert settings.origins == ("http://a", "*")
    assert settings.debug == 2
    assert Settings.from_environ({"OLLAMA_DEBUG": "yes"}).debug == 1


@given(
    st.dictionaries(
        st.sampled_from(["OLLAMA_HOST", "OLLAMA_KEEP_ALIVE", "OLLAMA_MAX_QUEUE", "OLLAMA_DEBUG"]),
        st.text(max_size=30) | st.from_regex(r"[0-9]{1,40}[a-z.:]*", fullmatch=True),
    )
)
def test_no_environment_is_an_error(environ: dict[str, str]) -> None:
    settings = Settings.from_environ(environ)
    assert 0 <= settings.host.port <= 65535
    assert 0 <= settings.keep_alive <= FOREVER


def test_variables_without_effect_are_told(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_unheeded({"OLLAMA_VULKAN": "1", "OLLAMA_HOST": "x"})
    assert [record.getMessage() for record in caplog.records] == [
        "OLLAMA_VULKAN has no effect: models run on the processor",
    ]


def test_what_is_heeded_or_empty_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_unheeded({"OLLAMA_KV_CACHE_TYPE": "q8_0", "OLLAMA_FLASH_ATTENTION": ""})
    assert not caplog.records


@pytest.mark.parametrize(
    ("value", "type"),
    [("", "f16"), ("f16", "f16"), ("q8_0", "q8_0"), (" 'Q4_0' ", "q4_0"), ("q5_1", "f16")],
)
def test_a_cache_type_is_one_of_three(
    value: str, type: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert Settings.from_environ({"OLLAMA_KV_CACHE_TYPE": value}).kv_cache_type == type
    told = [record.getMessage() for record in caplog.records]
    expected = "invalid value 'q5_1' for OLLAMA_KV_CACHE_TYPE, using f16"
    assert told == ([expected] if value == "q5_1" else [])


def test_every_variable_without_effect_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "variables.md").read_text("utf-8")
    assert all(f"`{name}`" in text for name in UNHEEDED)
