"""Mutated files, opened in a child process: an error in words or a file in order, never a crash."""

import random
import select
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import write_gguf

SECONDS = 10  # for one small file: ample on a busy machine, nothing beside a hang
PROGRAM = Path(__file__).with_name("fuzz_child.py")
EDGES = [0, 1, 4, 8, 9, 2**8, 2**16, 2**31, 2**32, 2**63, 2**64 - 1]


pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="waiting on a pipe for so long and no longer needs select"
)


class Child:
    """The process that opens the files, started again when it has died."""

    def __init__(self, folder: Path, program: Path = PROGRAM) -> None:
        self.path = folder / "mutated.gguf"
        self.program = program
        self.process = self.start()

    def start(self) -> "subprocess.Popen[str]":
        pipe = subprocess.PIPE
        command = [sys.executable, str(self.program)]
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def open(self, content: bytes) -> str:
        """The child's answer to a file; its death or its silence fails the test."""
        self.path.write_bytes(content)
        assert self.process.stdin
        assert self.process.stdout
        with suppress(BrokenPipeError):  # it died: what it said is read below
            self.process.stdin.write(f"{self.path}\n")
            self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
        answer = self.process.stdout.readline() if ready else "silence"
        if not answer.startswith(("ok", "error")):
            errors = self.stop()
            self.process = self.start()
            pytest.fail(f"the reader died or hung: {answer.strip()} {errors[-2000:]}")
        return answer

    def stop(self) -> str:
        """End the process; gives what it wrote to standard error."""
        self.process.kill()
        return self.process.communicate()[1]


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    child = Child(tmp_path_factory.mktemp("fuzz"))
    yield child
    child.stop()


def valid(folder: Path) -> bytes:
    metadata = {
        "general.architecture": "llama",
        "general.alignment": 32,
        "llama.block_count": 2,
        "llama.rope.freq_base": 10000.0,
        "tokenizer.ggml.tokens": [f"token{i}" for i in range(20)],
        "tokenizer.ggml.scores": np.linspace(0, 1, 20, dtype=np.float32),
        "tokenizer.ggml.add_bos_token": True,
    }
    rows = np.zeros((4, 64), np.float32)
    tensors = {
        "token_embd.weight": (rows, GGMLType.Q8_0),
        "blk.0.attn_q.weight": (rows.reshape(2, 2, 64), GGMLType.F16),
        "output_norm.weight": (rows[0], GGMLType.F32),
    }
    write_gguf(folder / "valid.gguf", metadata, tensors)
    return (folder / "valid.gguf").read_bytes()


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return valid(tmp_path_factory.mktemp("seed"))


def flip(content: bytearray, at: int, number: int) -> None:
    """Another byte."""
    content[at] = number & 0xFF


def plant(content: bytearray, at: int, number: int) -> None:
    """A number of the dangerous kind over eight bytes."""
    content[at : at + 8] = struct.pack("<Q", EDGES[number % len(EDGES)])


def plant_small(content: bytearray, at: int, number: int) -> None:
    """A number of the dangerous kind over four bytes, as types and alignments are."""
    content[at : at + 4] = struct.pack("<I", EDGES[number % len(EDGES)] & 0xFFFFFFFF)


def truncate(content: bytearray, at: int, number: int) -> None:
    """The end is missing."""
    del content[at:]


def remove(content: bytearray, at: int, number: int) -> None:
    """A few bytes in the middle are missing, and all that follows has moved."""
    del content[at : at + number % 40]


def splice(content: bytearray, at: int, number: int) -> None:
    """A piece from elsewhere in the file is inserted."""
    start = number % len(content)
    content[at:at] = content[start : start + 40]


MUTATIONS: list[Callable[[bytearray, int, int], None]] = [
    flip,
    plant,
    plant_small,
    truncate,
    remove,
    splice,
]


def mutate(content: bytes, changes: list[tuple[int, int, int]]) -> bytes:
    """Apply (mutation, place, number) one after the other."""
    mutated = bytearray(content)
    for kind, place, number in changes:
        if mutated:
            MUTATIONS[kind](mutated, place % len(mutated), number)
    return bytes(mutated)


CHANGES = st.lists(
    st.tuples(st.integers(0, len(MUTATIONS) - 1), st.integers(0, 2**16), st.integers(0, 2**16)),
    min_size=1,
    max_size=4,
)


def test_the_unchanged_file_is_in_order(child: Child, seed: bytes) -> None:
    assert child.open(seed) == "ok\n"


@settings(max_examples=150, deadline=None)
@given(changes=CHANGES)
def test_a_mutated_file_is_refused_in_words_or_read(
    child: Child, seed: bytes, changes: list[tuple[int, int, int]]
) -> None:
    child.open(mutate(seed, changes))


@pytest.mark.slow
def test_every_edge_at_every_place_of_the_header(child: Child, seed: bytes) -> None:
    """Mutations drawn from all places rarely meet a count; this meets each with some edge."""
    header = seed.index(b"output_norm.weight") + 50
    answers = {child.open(mutate(seed, [(1, at, at // 3)])).split(" ")[0] for at in range(header)}
    assert answers == {"ok\n", "error"}


@pytest.mark.slow
@pytest.mark.parametrize("round", range(4))
def test_thousands_of_mutations_in_a_row(child: Child, seed: bytes, round: int) -> None:
    rng = random.Random(round)
    for _ in range(2000):
        changes = [
            (rng.randrange(len(MUTATIONS)), rng.randrange(2**16), rng.randrange(2**16))
            for _ in range(rng.randint(1, 3))
        ]
        child.open(mutate(seed, changes))


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("input(); raise SystemExit('gone')", "gone"),
        ("input(); import time; time.sleep(60)", "silence"),
    ],
)
def test_a_child_that_dies_or_hangs_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, message: str
) -> None:
    monkeypatch.setattr(f"{__name__}.SECONDS", 0.3 if message == "silence" else SECONDS)
    (tmp_path / "program.py").write_text(program)
    child = Child(tmp_path, tmp_path / "program.py")
    with pytest.raises(pytest.fail.Exception, match=f"died or hung: .*{message}"):
        child.open(b"")
    child.stop()


def test_the_child_cannot_allocate_much(tmp_path: Path) -> None:
    """Where the limit holds, a gigabyte ends the child: a large allocation would be seen."""
    if sys.platform != "linux":
        pytest.skip("the limit is only set on Linux")
    program = PROGRAM.read_text().replace("for line in sys.stdin:", "while bytearray(2**30):")
    (tmp_path / "program.py").write_text(program)
    child = Child(tmp_path, tmp_path / "program.py")
    with pytest.raises(pytest.fail.Exception, match="MemoryError"):
        child.open(b"")
    child.stop()
