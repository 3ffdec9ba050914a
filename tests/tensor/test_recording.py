"""Passes that are recorded: what a replay computes again, and what cannot be recorded."""

import threading

import numpy as np
import pytest

from pyollama_formats.blocks import GGMLType, row_bytes
from pyollama_tensor import ops, threads
from pyollama_tensor.batch import Batch
from pyollama_tensor.cache import LayerCache
from pyollama_tensor.compiled import record
from pyollama_tensor.recording import (
    CHUNK,
    Arena,
    NotRecordable,
    Recording,
    contiguous,
    current,
    empty,
)
from pyollama_tensor.rope import rope_frequencies
from pyollama_tensor.types import F32


def ones(*shape: int) -> F32:
    return np.ones(shape, np.float32)


def test_a_replay_computes_the_pass_again_over_new_inputs() -> None:
    x, y = ones(2, 16), ones(2, 16)
    result, again = record(lambda: ops.add(ops.silu_gate(x, y), y), Arena())
    before = result.copy()
    x[:], y[:] = 2.0, 3.0
    np.testing.assert_array_equal(result, before)
    assert again() is result
    np.testing.assert_array_equal(result, ops.add(ops.silu_gate(x, y), y))


def test_what_depends_on_inputs_outside_kernels_is_computed_again() -> None:
    positions = np.array([3, 5], np.int32)
    x, rotation = ones(2, 1, 16), rope_frequencies(16, 10000.0)

    def run() -> F32:
        return ops.add(ops.rope(x, positions, rotation), ops.rope(x, positions, rotation))

    result, again = record(run, Arena())
    np.testing.assert_array_equal(result, run())
    positions[:] = 70, 2
    again()
    np.testing.assert_array_equal(result, run())


@pytest.mark.parametrize("type", [GGMLType.Q4_0, GGMLType.F16])
def test_other_tokens_have_other_rows_and_none_beyond_the_matrix(type: GGMLType) -> None:
    data = np.random.default_rng(0).integers(0, 60, (40, row_bytes(type, 32)), np.uint8)
    w, tokens = ops.make_weight(data, type, 32), np.array([3, 17], np.int32)
    result, again = record(lambda: ops.embedding(w, tokens), Arena())
    for chosen in ([3, 17], [39, 0]):
        tokens[:] = chosen
        again()
        expected = [w.dequantize(token, token + 1)[0] for token in chosen]
        np.testing.assert_array_equal(result, expected)
    tokens[1] = 40
    with pytest.raises(IndexError, match="not one of the 40 of the vocabulary"):
        again()


def test_the_same_input_is_prepared_once() -> None:
    positions, calls = np.array([3], np.int32), []

    class Counted:
        neox = False

        def tables(self, positions: object) -> tuple[F32, F32]:
            calls.append(positions)
            return ones(1, 8), ones(1, 8)

    rotation, x = Counted(), ones(1, 1, 16)

    def run() -> F32:
        once = ops.rope(x, positions, rotation)  # type: ignore[arg-type]
        return ops.rope(once, positions, rotation)  # type: ignore[arg-type]

    _, again = record(run, Arena())
    assert len(calls) == 1
    again()
    assert len(calls) == 2


def test_a_tape_knows_arrays_by_their_data_alone_also_in_tuples() -> None:
    zero, x = np.zeros(1, np.int32), ones(1, 1, 32)
    batch = Batch(zero, None, zero, zero, np.zeros((1, 1), np.int32), zero)
    cache = LayerCache(1, 1, 32, 32, "q8_0")
    with Recording(threads.new_tape(), Arena()) as recording:
        cache.write(x, x, batch)
        ops.paged_attention(x, cache, batch)
    words = set(recording.tape.tolist())
    assert {array.ctypes.data for array in cache.pages} <= words
    # What counts references would be an array's own object, and may be gone at a replay.
    assert not words & {id(array) for array in (*cache.pages, x)}


def test_a_copy_in_between_cannot_be_recorded() -> None:
    wide = ones(4, 32)
    with pytest.raises(NotRecordable, match="lies apart"):
        record(lambda: ops.add(wide[:, :16], wide[:, :16]), Arena())
    assert current() is None
    assert contiguous(wide[:, :16]).flags.c_contiguous


def test_a_pass_may_be_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "N_TAPE", 40)
    x = ones(1, 16)
    ops.add(x, x)
    with pytest.raises(NotRecordable, match="too long"):
        record(lambda: ops.add(ops.add(x, x), ops.add(x, x)), Arena())


def test_other_threads_are_not_recorded() -> None:
    x = ones(1, 16)

    def run() -> F32:
        other = threading.Thread(target=lambda: ops.add(x, x))
        other.start()
        other.join()
        return x

    result, again = record(run, Arena())
    x[:] = 5.0
    assert again() is result
    assert (x == 5.0).all()


def test_recordings_do_not_nest() -> None:
    with pytest.raises(AssertionError, match="open"):
        record(lambda: record(lambda: ones(1, 16), Arena())[0], Arena())
    assert current() is None


def test_an_arena_is_used_again_from_its_beginning() -> None:
    arena = Arena()
    first = arena.empty((3, 5), np.float32)
    second = arena.empty((7,), np.int16)
    large = arena.empty((CHUNK + 1,), np.int8)
    for array in (first, second, large):
        assert array.ctypes.data % 64 == 0
    assert not np.shares_memory(first, second)
    held = arena.nbytes
    arena.begin()
    assert np.shares_memory(arena.empty((3, 5), np.float32), first)
    assert arena.empty((CHUNK + 1,), np.int8).ctypes.data == large.ctypes.data
    assert arena.nbytes == held


def test_without_a_recording_memory_is_fresh() -> None:
    assert not np.shares_memory(empty((4,)), empty((4,)))
