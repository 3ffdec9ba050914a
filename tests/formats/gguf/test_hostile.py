"""Files that lie, one lie at a time: each gets its own clear error, and early."""

import struct
from pathlib import Path

import pytest

from pyollama_formats.gguf import GGUFError, open_gguf

EDGES = [2**31, 2**63, 2**64 - 1]
F32, Q4_K = 0, 12
U32, STRING, ARRAY = 4, 8, 9


def u32(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def u64(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def string(text: bytes) -> bytes:
    return u64(len(text)) + text


def key(name: bytes, type: int, value: bytes) -> bytes:
    return string(name) + u32(type) + value


def array(type: int, count: int, content: bytes = b"") -> bytes:
    return u32(type) + u64(count) + content


def tensor(
    name: bytes = b"t", dims: tuple[int, ...] = (8,), type: int = F32, offset: int = 0
) -> bytes:
    return string(name) + u32(len(dims)) + u64(*dims) + u32(type) + u64(offset)


def header(n_tensors: int, n_keys: int, version: int = 3, magic: bytes = b"GGUF") -> bytes:
    return magic + u32(version) + u64(n_tensors, n_keys)


def with_keys(*keys: bytes) -> bytes:
    return header(0, len(keys)) + b"".join(keys)


def with_tensors(*tensors: bytes, data: int = 32, keys: tuple[bytes, ...] = ()) -> bytes:
    """A file whose data section, after the padding, has `data` bytes."""
    head = header(len(tensors), len(keys)) + b"".join(keys) + b"".join(tensors)
    return head + bytes(-len(head) % 32) + bytes(data)


def aligned(value: bytes, type: int = U32) -> bytes:
    return with_tensors(tensor(), keys=(key(b"general.alignment", type, value),))


CASES = {
    "nothing at all": (b"", "unexpected EOF"),
    "half a magic": (b"GG", "unexpected EOF"),
    "another magic": (header(0, 0, magic=b"GGML"), "invalid file magic"),
    "a zip": (header(0, 0, magic=b"PK\3\4"), "invalid file magic"),
    "version 0": (header(0, 0, version=0), "unsupported GGUF version 0"),
    "version 1": (header(0, 0, version=1), "unsupported GGUF version 1"),
    "version 99": (header(0, 0, version=99), "unsupported GGUF version 99"),
    "big-endian": (header(0, 0, version=3 << 24), "big-endian GGUF files are not supported"),
    "swapped magic": (header(0, 0, magic=b"FUGG"), "big-endian GGUF files are not supported"),
    "more keys than bytes": (header(0, 2), "unexpected EOF"),
    "more tensors than bytes": (header(2, 0), "unexpected EOF"),
    "70,000 keys": (header(0, 70_000) + bytes(13 * 70_000), "key count 70000 exceeds maximum"),
    "140,000 tensors": (
        header(140_000, 0) + bytes(24 * 140_000),
        "tensor count 140000 exceeds maximum",
    ),
    "value type 13": (with_keys(key(b"k", 13, bytes(64))), "invalid type: 13"),
    "array of type 13": (with_keys(key(b"k", ARRAY, array(13, 1, bytes(64)))), "array type: 13"),
    "array of arrays": (
        with_keys(key(b"k", ARRAY, array(ARRAY, 1, array(U32, 1, u32(1))))),
        "invalid array type: 9",
    ),
    "array of 2^26 + 1": (
        with_keys(key(b"k", ARRAY, array(U32, 2**26 + 1))),
        "GGUF array size 67108865 exceeds maximum 67108864",
    ),
    "array longer than the file": (with_keys(key(b"k", ARRAY, array(U32, 100))), "unexpected EOF"),
    "strings longer than the file": (
        with_keys(key(b"k", ARRAY, array(STRING, 100, string(b"a") * 99 + u64(9)))),
        "unexpected EOF",
    ),
    "long key": (
        with_keys(key(b"k" * 70_000, U32, u32(1))),
        "string length 70000 exceeds maximum 65536",
    ),
    "text beyond 16 MiB": (
        with_keys(key(b"k", STRING, u64(2**24 + 1))),
        "GGUF string length 16777217 exceeds maximum 16777216",
    ),
    "alignment 0": (aligned(u32(0)), "invalid GGUF alignment: 0"),
    "alignment 48": (aligned(u32(48)), "invalid GGUF alignment: 48"),
    "alignment -8": (aligned(struct.pack("<i", -8), 5), "invalid GGUF alignment: -8"),
    "alignment 2^31": (aligned(u32(2**31)), "invalid GGUF alignment: 2147483648"),
    "alignment 2^20": (aligned(u32(2**20)), "exceeds file size"),
    "alignment 2^40 of no tensors": (
        with_keys(key(b"general.alignment", 10, u64(2**40))),
        "invalid GGUF alignment: 1099511627776",
    ),
    "alignment of text": (aligned(string(b"32"), STRING), "general.alignment is not an integer"),
    "alignment true": (aligned(b"\1", 7), "general.alignment is not an integer"),
    "five dimensions": (
        with_tensors(tensor(dims=(1, 1, 1, 1, 1))),
        'tensor "t" dimensions 5 exceeds maximum 4',
    ),
    "a dimension of 0": (with_tensors(tensor(dims=(8, 0))), 'tensor "t" has a dimension of 0'),
    "elements over 2^63": (
        with_tensors(tensor(dims=(2**32, 2**32))),
        'tensor "t" elements overflow',
    ),
    "bytes over 2^63": (with_tensors(tensor(dims=(2**31, 2**31))), 'tensor "t" size overflow'),
    "half a block": (
        with_tensors(tensor(dims=(128, 2), type=Q4_K)),
        "rows of 128 elements, not a whole number of Q4_K blocks of 256",
    ),
    "a removed type": (with_tensors(tensor(type=4)), 'tensor "t" has type 4, which ggml has rem'),
    "an unknown type": (with_tensors(tensor(type=99)), 'tensor "t" has unknown type 99'),
    "an odd offset": (with_tensors(tensor(offset=4), data=64), '"t" is not aligned to 32 bytes'),
    "data beyond the end": (
        with_tensors(tensor(offset=32), data=63),
        r'tensor "t" offset\+size \(128\) exceeds file size \(127\)',
    ),
    "two at one place": (
        with_tensors(tensor(b"a"), tensor(b"b")),
        'tensors "a" and "b" overlap',
    ),
    "one inside another": (
        with_tensors(tensor(b"a", (16,)), tensor(b"b", offset=32), data=64),
        'tensors "a" and "b" overlap',
    ),
    "one name twice": (
        with_tensors(tensor(), tensor(offset=32), data=64),
        'duplicate tensor name "t"',
    ),
}
for edge in EDGES:
    CASES |= {
        f"{edge} keys": (header(0, edge) + bytes(64), "unexpected EOF"),
        f"{edge} tensors": (header(edge, 0) + bytes(64), "unexpected EOF"),
        f"{edge} elements": (
            with_keys(key(b"k", ARRAY, array(U32, edge))),
            f"GGUF array size {edge} exceeds maximum",
        ),
        f"{edge} strings": (
            with_keys(key(b"k", ARRAY, array(STRING, edge))),
            f"GGUF array size {edge} exceeds maximum",
        ),
        f"a text of {edge}": (
            with_keys(key(b"k", STRING, u64(edge) + bytes(64))),
            f"GGUF string length {edge} exceeds maximum",
        ),
        f"a key of {edge}": (
            header(0, 1) + u64(edge) + bytes(64),
            f"GGUF string length {edge} exceeds maximum",
        ),
        f"a tensor's name of {edge}": (
            header(1, 0) + u64(edge) + bytes(64),
            f"GGUF string length {edge} exceeds maximum",
        ),
        f"a token of {edge}": (
            with_keys(key(b"k", ARRAY, array(STRING, 1, u64(edge) + bytes(64)))),
            f"GGUF string length {edge} exceeds maximum",
        ),
        f"a dimension of {edge}": (
            with_tensors(tensor(dims=(8, edge))),
            "elements overflow|exceeds file size",
        ),
        f"an offset of {edge}": (
            with_tensors(tensor(offset=edge)),
            "exceeds file size|is not aligned",
        ),
    }
CASES["2^31 dimensions"] = (
    header(1, 0) + string(b"t") + u32(2**31) + bytes(64),
    f'tensor "t" dimensions {2**31} exceeds maximum 4',
)


def opened(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    open_gguf(path).close()


@pytest.mark.parametrize("case", CASES)
def test_a_lie_is_told_apart(tmp_path: Path, case: str) -> None:
    content, message = CASES[case]
    with pytest.raises(GGUFError, match=message):
        opened(tmp_path / "model.gguf", content)


def test_metadata_without_end_is_refused_before_all_of_it_is_read(tmp_path: Path) -> None:
    text = string(b"x" * (15 << 20))
    path = tmp_path / "long.gguf"
    path.write_bytes(with_keys(*(key(b"k%d" % i, STRING, text) for i in range(6))))
    with pytest.raises(GGUFError, match="GGUF metadata exceeds maximum 67108864 bytes"):
        open_gguf(path)


def test_the_honest_twins_of_those_files_are_accepted(tmp_path: Path) -> None:
    twins = [
        header(0, 0),
        header(0, 0, version=2),
        with_keys(key(b"k", ARRAY, array(STRING, 0))),
        with_keys(key(b"k", U32, u32(1)), key(b"", STRING, string(b""))),
        aligned(u32(32)),
        aligned(u64(32), 10),
        aligned(u32(1)),
        with_tensors(tensor(dims=(2, 2, 2, 1))),
        with_tensors(tensor(dims=())),
        with_tensors(tensor(dims=(512,), type=Q4_K), data=288),
        with_tensors(tensor(b"b", offset=32), tensor(b"a"), data=64),
    ]
    for content in twins:
        opened(tmp_path / "model.gguf", content)


def test_every_proper_prefix_of_a_valid_file_is_refused(tmp_path: Path) -> None:
    content = with_tensors(
        tensor(b"a"),
        tensor(b"b", (256,), Q4_K, offset=32),
        data=32 + 144,
        keys=(
            key(b"general.architecture", STRING, string(b"llama")),
            key(b"tokens", ARRAY, array(STRING, 3, string(b"x") * 3)),
            key(b"types", ARRAY, array(U32, 3, u32(1, 2, 3))),
        ),
    )
    path = tmp_path / "model.gguf"
    opened(path, content)
    for end in range(len(content)):
        with pytest.raises(GGUFError):
            opened(path, content[:end])


def test_of_two_values_for_one_key_the_last_counts(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(with_keys(key(b"k", U32, u32(1)), key(b"k", U32, u32(2))))
    with open_gguf(path) as file:
        assert file.metadata["k"] == 2
