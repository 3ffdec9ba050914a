"""The names of general.file_type, against the gguf package."""

import gguf

from pyollama_formats.gguf.file_types import FILE_TYPES, file_type_name


def test_file_types_as_text() -> None:
    assert file_type_name(15) == "Q4_K_M"
    assert [file_type_name(number) for number in (0, None, 4, 999)] == ["unknown"] * 4


def test_every_name_is_that_of_its_number() -> None:
    theirs = {each.value: each.name.removeprefix("MOSTLY_") for each in gguf.LlamaFileType}
    shared = FILE_TYPES.keys() & theirs.keys()
    assert len(shared) > 30
    assert {number: FILE_TYPES[number] for number in shared} == {n: theirs[n] for n in shared}
