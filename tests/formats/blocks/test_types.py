"""The table of element types, against the gguf package's."""

import subprocess
import sys

import gguf
import pytest

from pyollama_formats.blocks import REMOVED, GGMLType, row_bytes
from pyollama_formats.errors import FormatError

# Q8_1 holds activations and never occurs in a file; gguf still lists its older layout with two
# float32 where ggml has two halves.
SIZES = {int(type): sizes for type, sizes in gguf.GGML_QUANT_SIZES.items()} | {9: (32, 36)}


@pytest.mark.parametrize("number", sorted(SIZES))
def test_every_type_of_gguf_has_the_same_number_name_and_sizes(number: int) -> None:
    type = GGMLType(number)
    assert type.name == gguf.GGMLQuantizationType(number).name
    assert (type.block_size, type.type_size) == SIZES[number]


def test_only_types_newer_than_the_gguf_package_are_not_in_its_table() -> None:
    assert {type.name for type in GGMLType} - {type.name for type in gguf.GGMLQuantizationType} <= {
        "Q2_0"
    }


def test_numbers_are_known_or_removed_or_unknown() -> None:
    numbers = {int(type) for type in GGMLType}
    assert not numbers & REMOVED
    assert numbers | REMOVED == set(range(43))


def test_a_row_is_a_whole_number_of_blocks() -> None:
    assert row_bytes(GGMLType.Q4_K, 512) == 288
    assert row_bytes(GGMLType.F32, 3) == 12
    with pytest.raises(FormatError, match="a row of 100 elements is not a whole number of Q4_0"):
        row_bytes(GGMLType.Q4_0, 100)


def test_importing_blocks_does_not_import_gguf() -> None:
    program = (
        "import sys, pyollama_formats.blocks;"
        "print(sorted({'gguf', 'numba', 'requests', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
