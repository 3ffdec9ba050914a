"""What a weight says of itself, and what it refuses."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pyollama_formats.blocks import GGMLType, quantize
from pyollama_tensor import jit, ops
from pyollama_tensor.types import U8
from pyollama_tensor.weights import (
    REPACKED,
    Records,
    WeightError,
    embedding,
    kernels_of,
    linear,
    make_weight,
    warmup_name,
)


def q8_rows(n_out: int, n_in: int) -> U8:
    values = np.random.default_rng(n_out).standard_normal((n_out, n_in))
    return quantize(values, GGMLType.Q8_0)


def test_a_weight_knows_its_shape_and_memory() -> None:
    w = make_weight(q8_rows(20, 64), GGMLType.Q8_0, 64)
    assert (w.n_in, w.n_out, w.type) == (64, 20, GGMLType.Q8_0)
    assert w.nbytes == 2 * 16 * 2 * 34  # 20 rows take two groups of 16


@pytest.mark.parametrize("n_out", [16, 40, 4096])
def test_records_begin_with_a_cache_line(n_out: int) -> None:
    w = make_weight(q8_rows(n_out, 64), GGMLType.Q8_0, 64)
    assert isinstance(w, Records)
    assert w.data.ctypes.data % 64 == 0
    assert w.data.flags.c_contiguous


@pytest.mark.parametrize("type", REPACKED)
def test_records_take_no_more_than_three_percent_more_than_the_file(type: GGMLType) -> None:
    kernels = kernels_of(type)
    assert 1.03 * 16 * type.type_size >= kernels.SIZE
    assert type.type_size == kernels.FILE_SIZE
    assert type.block_size == kernels.BLOCK


def test_rows_without_repacking_are_not_copied() -> None:
    data = np.ones((4, 32), np.float32).view(np.uint8)
    w = make_weight(data, GGMLType.F32, 32)
    data.view(np.float32)[:] = 2.0
    assert linear(np.ones((1, 32), np.float32), w).tolist() == [[64.0] * 4]


def test_repacked_rows_do_not_need_their_source() -> None:
    data = q8_rows(16, 32)
    w = make_weight(data, GGMLType.Q8_0, 32)
    assert isinstance(w, Records)
    before = w.dequantize(0, 16)
    data[:] = 0
    np.testing.assert_array_equal(w.dequantize(0, 16), before)


@pytest.mark.parametrize(
    ("shape", "type", "n_in"),
    [
        ((4, 34), GGMLType.Q8_0, 31),
        ((4, 34), GGMLType.Q8_0, 0),
        ((4, 34), GGMLType.Q8_0, 64),
        ((4, 33), GGMLType.Q8_0, 32),
        ((34,), GGMLType.Q8_0, 32),
        ((4, 16), GGMLType.F32, 5),
    ],
)
def test_bytes_that_make_no_such_matrix_are_refused(
    shape: tuple[int, ...], type: GGMLType, n_in: int
) -> None:
    with pytest.raises(WeightError):
        make_weight(np.zeros(shape, np.uint8), type, n_in)


def test_inputs_of_another_width_are_refused() -> None:
    w = make_weight(q8_rows(4, 64), GGMLType.Q8_0, 64)
    with pytest.raises(WeightError, match="64 inputs"):
        linear(np.zeros((1, 32), np.float32), w)


@pytest.mark.parametrize("token", [-1, 4, 2**31 - 1])
def test_a_token_beyond_the_vocabulary_is_refused(token: int) -> None:
    w = make_weight(q8_rows(4, 64), GGMLType.Q8_0, 64)
    with pytest.raises(IndexError):
        ops.embedding(w, np.array([0, token], np.int32))


def test_warming_up_a_format_compiles_all_that_it_needs() -> None:
    kernels = kernels_of(GGMLType.Q8_0)
    jit.warmup(names=[warmup_name(GGMLType.Q8_0)])
    compiled = [kernels.linear, kernels.transposed, kernels.interleave]
    before = [len(each.signatures) for each in compiled]
    w = make_weight(q8_rows(20, 64), GGMLType.Q8_0, 64)
    for n_row in (1, 40):
        linear(np.ones((n_row, 64), np.float32), w)
    embedding(w, np.array([3], np.int32))
    assert before == [len(each.signatures) for each in compiled] == [1, 1, 1]


def test_no_tokens_give_no_rows() -> None:
    w = make_weight(q8_rows(4, 64), GGMLType.Q8_0, 64)
    assert ops.embedding(w, np.zeros(0, np.int32)).shape == (0, 64)
    assert linear(np.zeros((0, 64), np.float32), w).shape == (0, 4)


def test_tensors_can_be_repacked_in_threads_at_once() -> None:
    sources = [q8_rows(n, 256) for n in range(100, 108)]
    with ThreadPoolExecutor(4) as threads:
        weights = list(threads.map(lambda data: make_weight(data, GGMLType.Q8_0, 256), sources))
    for w, data in zip(weights, sources, strict=True):
        alone = make_weight(data, GGMLType.Q8_0, 256)
        np.testing.assert_array_equal(w.dequantize(0, w.n_out), alone.dequantize(0, w.n_out))
