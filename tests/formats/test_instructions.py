"""What commands say together: repeats, types and their errors."""

import pytest

from pyollama_formats.instructions import Modelfile, Parameter, read_instructions
from pyollama_formats.modelfile import ModelfileError, parse_modelfile


def read(text: str) -> Modelfile:
    return read_instructions(parse_modelfile("FROM base\n" + text))


def parameter(name: str, text: str) -> Parameter:
    return read(f"PARAMETER {name} {text}").parameters[name]


def test_some_instructions_accumulate_and_others_replace() -> None:
    file = read(
        "FROM ./a.gguf\nLICENSE MIT\nLICENSE BSD\nMESSAGE user hi\nMESSAGE assistant hello\n"
        "DRAFT a\nDRAFT b\nADAPTER a\nADAPTER b\nTEMPLATE a\nTEMPLATE b\nSYSTEM a\nSYSTEM b\n"
        "RENDERER a\nRENDERER b\nPARSER a\nPARSER b\nREQUIRES 0.1\nREQUIRES v0.14.0\n"
        "PARAMETER stop a\nPARAMETER stop b\nPARAMETER top_k 1\nPARAMETER top_k 2\n"
    )
    assert file == Modelfile(
        from_=["base", "./a.gguf"],
        adapter="b",
        drafts=["a", "b"],
        template="b",
        system="b",
        licenses=["MIT", "BSD"],
        messages=[("user", "hi"), ("assistant", "hello")],
        renderer="b",
        parser="b",
        requires="0.14.0",
        parameters={"stop": ["a", "b"], "top_k": 2},
    )


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("num_ctx", "4096", 4096),
        ("num_predict", "-2", -2),
        ("seed", "+9223372036854775807", 2**63 - 1),
        ("draft_num_predict", "007", 7),
        ("temperature", "0.7", 0.7),
        ("temperature", "1", 1.0),
        ("min_p", ".05", 0.05),
        ("top_p", "9e-1", 0.9),
        ("top_p", "1e-50", 0.0),
        ("temperature", "3.4028235e38", 3.4028235e38),
        ("temperature", "16777217", 16777216.0),
        ("repeat_penalty", "1.", 1.0),
        ("typical_p", "0.123456789123", 0.12345679),
        ("use_mmap", "T", True),
        ("use_mmap", "False", False),
    ],
)
def test_a_parameter_gets_the_type_of_its_name(
    name: str, text: str, value: int | float | bool
) -> None:
    read_value = parameter(name, text)
    assert read_value == value
    assert type(read_value) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("num_ctx", "1.5", r"invalid int value [1.5]"),
        ("num_ctx", "", r"invalid int value []"),
        ("num_ctx", "1_000", r"invalid int value [1_000]"),
        ("num_ctx", "１", r"invalid int value [１]"),
        ("seed", "9223372036854775808", r"invalid int value [9223372036854775808]"),
        ("seed", "9" * 5000, f"invalid int value [{'9' * 5000}]"),
        ("temperature", "warm", r"invalid float value [warm]"),
        ("temperature", "1e400", r"invalid float value [1e400]"),
        ("temperature", "1e39", r"invalid float value [1e39]"),
        ("temperature", "nan", r"invalid float value [nan]"),
        ("temperature", "0,5", r"invalid float value [0,5]"),
        ("use_mmap", "yes", r"invalid bool value [yes]"),
        ("Temperature", "1", "unknown parameter 'Temperature'"),
        ("num_gqa", "1", "unknown parameter 'num_gqa'"),
        ("", "stop x", "unknown parameter ''"),
    ],
)
def test_a_parameter_of_the_wrong_type_or_name_is_refused(
    name: str, text: str, message: str
) -> None:
    with pytest.raises(ModelfileError) as caught:
        parameter(name, text)
    assert str(caught.value) == message


def test_deprecated_parameters_are_named_and_ignored() -> None:
    file = read("PARAMETER mirostat 2\nPARAMETER f16_kv what\n")
    assert (file.parameters, file.deprecated) == ({}, ["mirostat", "f16_kv"])


@pytest.mark.parametrize("version", ["0", "1.2", "v1.2.3", "1.2.3-rc.1", "1.2.3-a+b", "1.2.3+b.0"])
def test_a_version_may_be_short_and_have_a_v(version: str) -> None:
    assert read(f"REQUIRES {version}").requires == version.removeprefix("v")


@pytest.mark.parametrize("version", ["", "x", "01.2", "1.2.3.4", "1.2-rc", "1.", "vv1", "1.2.3-"])
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(ModelfileError, match=r"valid semver \(e.g. 0.14.0\)"):
        read(f"REQUIRES {version}\n")
