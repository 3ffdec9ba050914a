"""The files of a folder that make a model."""

import re
from pathlib import Path

import pytest

from pyollama.cli.errors import CommandError
from pyollama.cli.scanning import model_files

BINARY, TEXT, ZIP = b"GGUF\x03\x00", b"version https://git-lfs\n", b"PK\x03\x04\x00"


def folder_of(root: Path, **contents: bytes) -> Path:
    """A folder with files; two underscores in a name are a slash, one before the ending a dot."""
    for name, data in contents.items():
        stem, _, ending = name.replace("__", "/").rpartition("_")
        path = root / f"{stem}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def names(folder: Path) -> list[str]:
    """The files found, by their paths in the folder."""
    return [path.relative_to(folder).as_posix() for path in model_files(folder)]


@pytest.mark.parametrize(
    ("contents", "found"),
    [
        (
            {"model_safetensors": TEXT, "sub__model_safetensors": BINARY, "m_gguf": BINARY},
            ["model.safetensors", "sub/model.safetensors"],
        ),
        (
            {"model-2_safetensors": BINARY, "model-1_safetensors": BINARY},
            ["model-1.safetensors", "model-2.safetensors"],
        ),
        ({"consolidated_safetensors": BINARY, "x_gguf": BINARY}, ["consolidated.safetensors"]),
        ({"pytorch_model_bin": ZIP, "x_gguf": BINARY}, ["pytorch_model.bin"]),
        ({"pytorch_model_bin": TEXT, "x_gguf": BINARY}, ["x.gguf"]),
        ({"consolidated.00_pth": ZIP, "x_gguf": BINARY}, ["consolidated.00.pth"]),
        ({"b_gguf": BINARY, "a_gguf": BINARY, "c_bin": BINARY}, ["a.gguf", "b.gguf"]),
        ({"a_gguf": TEXT, "c_bin": BINARY}, ["c.bin"]),
    ],
)
def test_the_first_kind_of_weights_decides(
    tmp_path: Path, contents: dict[str, bytes], found: list[str]
) -> None:
    assert names(folder_of(tmp_path, **contents)) == found


@pytest.mark.parametrize(
    "contents", [{}, {"m_gguf": TEXT}, {"readme_md": TEXT}, {"sub__m_gguf": BINARY}]
)
def test_a_folder_without_weights_is_an_error(tmp_path: Path, contents: dict[str, bytes]) -> None:
    with pytest.raises(CommandError, match="no Modelfile or safetensors files found"):
        names(folder_of(tmp_path, **contents))


def test_descriptions_and_the_tokenizer_come_along(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        model_safetensors=BINARY,
        config_json=b"{}",
        sub__config_json=b"{}",
        chat_template_jinja=TEXT,
        tokenizer_model=BINARY,
        notes_txt=TEXT,
    )
    assert names(folder) == [
        "model.safetensors",
        "config.json",
        "sub/config.json",
        "chat_template.jinja",
        "tokenizer.model",
    ]


@pytest.mark.parametrize(
    ("contents", "found"),
    [
        ({"tokenizer_model": TEXT, "sub__tokenizer_model": TEXT}, ["sub/tokenizer.model"]),
        ({"tokenizer_model": BINARY, "sub__tokenizer_model": TEXT}, ["tokenizer.model"]),
        ({"sub__tokenizer_model": BINARY}, []),
    ],
)
def test_the_tokenizer_is_here_or_below(
    tmp_path: Path, contents: dict[str, bytes], found: list[str]
) -> None:
    assert names(folder_of(tmp_path, m_gguf=BINARY, **contents))[1:] == found


def test_a_page_saved_as_a_description_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, m_gguf=BINARY, config_json=b"<html><body>Not found")
    words = f"invalid content type: expected text/html for {folder}/config.json"
    with pytest.raises(CommandError, match=f"^{re.escape(words)}$"):
        names(folder)


@pytest.mark.parametrize(
    ("outside", "advice"),
    [
        ("other", ""),
        (
            "home/.cache/hub",
            "\n\nUse --local-dir <dir> when downloading model to disable caching",
        ),
    ],
)
def test_a_link_that_leads_out_of_the_folder_is_refused(
    tmp_path: Path, outside: str, advice: str
) -> None:
    folder_of(tmp_path / outside, m_gguf=BINARY)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "m.gguf").symlink_to(tmp_path / outside / "m.gguf")
    words = f"insecure path: ../{outside}/m.gguf{advice}"
    with pytest.raises(CommandError, match=f"^{re.escape(words)}$"):
        names(folder)


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    folder_of(tmp_path, blobs__weights_bin=BINARY)
    (tmp_path / "m.gguf").symlink_to(tmp_path / "blobs" / "weights.bin")
    assert names(tmp_path) == ["m.gguf"]
