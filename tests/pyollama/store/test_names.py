"""Model names: the grammar's table, display, source suffixes, and properties over any text."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.errors import BadRequest
from pyollama.store.names import Name, is_valid_part, parse_name, split_source

HEAD = "abcXYZ019_"


def part(further: str, longest: int = 80) -> st.SearchStrategy[str]:
    """Texts of one part: a head character, then any of these."""
    rest = st.text(HEAD + further, max_size=longest - 1)
    return st.builds(str.__add__, st.sampled_from(HEAD), rest)


names = st.builds(
    Name, host=part(".:-", 350), namespace=part("-"), model=part(".-"), tag=part(".-")
)


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("llama3.2", "registry.ollama.ai/library/llama3.2:latest"),
        ("mario/x:7B", "registry.ollama.ai/mario/x:7B"),
        ("h.io:5000/ns/m", "h.io:5000/ns/m:latest"),
        ("http://host/ns/m:t", "host/ns/m:t"),
        ("hf.co/u/repo:Q4_K_M", "hf.co/u/repo:Q4_K_M"),
        ("host:/a/b", "host:/a/b:latest"),
        ("_why/_the/_lucky:_stiff", "_why/_the/_lucky:_stiff"),
        ("a./ns/m:t", "a./ns/m:t"),
        ("a..b/ns/m:t", "a..b/ns/m:t"),
        ("m" * 80, "registry.ollama.ai/library/" + "m" * 80 + ":latest"),
        ("h" * 350 + "/n/m", "h" * 350 + "/n/m:latest"),
    ],
)
def test_a_valid_name_gets_its_four_parts(text: str, full: str) -> None:
    assert parse_name(text).full == full


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a b",
        "m:",
        ":t",
        "/m",
        "ns/",
        "n//m",
        "//",
        "a/b/c/d",
        "m:a:b",
        "a/b:c/d",
        "localhost:5000/m",
        "ns.x/m",
        "host/name:space/model:tag",
        "https://x/y",
        "ollama://x",
        "-hh/nn/mm:tt",
        "hh/-nn/mm:tt",
        "hh/nn/-mm:tt",
        "hh/nn/mm:-tt",
        ".m",
        "m:.t",
        "m@sha256:abc",
        "m\\n",
        "..",
        "../x",
        "x:../y",
        "a/../b",
        "é",
        "m:é",
        "m\x00",
        "m\n",
        "m" * 81,
        "n" * 81 + "/m",
        "m:" + "t" * 81,
        "h" * 351 + "/n/m",
        "!MISSING!",
    ],
)
def test_an_invalid_name_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^invalid model name$"):
        parse_name(text)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("m", "m:latest"),
        ("library/m:x", "m:x"),
        ("REGISTRY.ollama.ai/Library/m", "m:latest"),
        ("ns/m", "ns/m:latest"),
        ("other.host/library/m", "other.host/library/m:latest"),
    ],
)
def test_the_short_form_drops_defaults_from_the_left(text: str, short: str) -> None:
    assert parse_name(text).short == short


@given(names)
def test_the_full_form_of_any_name_reads_back(name: Name) -> None:
    assert parse_name(name.full) == name
    assert parse_name("https://" + name.full) == name


@given(names)
def test_the_short_form_of_any_name_reads_back_but_for_case(name: Name) -> None:
    assert parse_name(name.short).full.lower() == name.full.lower()


@given(st.text(st.sampled_from("ab.:/-_ @\\\x00é~A0"), max_size=12) | st.text(max_size=20))
def test_every_accepted_name_is_a_safe_relative_path(text: str) -> None:
    try:
        name = parse_name(text)
    except BadRequest:
        return
    path = PurePosixPath(*name.parts)
    assert len(path.parts) == 4
    assert not path.is_absolute()
    assert not {"..", "."} & set(path.parts)
    assert all(part.isascii() and not part.startswith(".") for part in path.parts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m", ("m", None)),
        (" m ", ("m", None)),
        ("m:local", ("m", "local")),
        ("m:LOCAL", ("m", "local")),
        ("m:8b: Cloud ", ("m:8b", "cloud")),
        ("m:8b-cloud", ("m:8b", "cloud")),
        ("m-cloud", ("m-cloud", None)),
        ("m:local-ish", ("m:local-ish", None)),
        ("", ("", None)),
    ],
)
def test_a_source_suffix_is_cut_off(text: str, expected: tuple[str, str | None]) -> None:
    assert split_source(text) == expected


@pytest.mark.parametrize("text", ["m:cloud:local", "m:local:cloud", " m:x-cloud:local"])
def test_two_source_suffixes_are_refused_with_the_trimmed_name(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        split_source(text)
    assert str(caught.value) == f'use either :local or :cloud, not both: "{text.strip()}"'


@given(st.text(max_size=90), st.sampled_from(["host", "namespace", "model", "tag"]))
def test_only_the_host_may_hold_a_colon_and_only_the_namespace_may_not_hold_a_dot(
    text: str, kind: str
) -> None:
    if not is_valid_part(kind, text):
        return
    assert kind == "host" or ":" not in text
    assert kind != "namespace" or "." not in text
