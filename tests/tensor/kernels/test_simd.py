"""The vocabulary, word by word, against NumPy; and the instructions that a variant must use."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba.extending import register_jitable

from pyollama_tensor import cpu, simd
from pyollama_tensor.jit import kernel
from pyollama_tensor.types import F32, I8, I16, I32, U8, U16
from pyollama_tensor.weights import REPACKED


@kernel
def integer_words(a: I32, b: I32, out: I32) -> None:
    x, y = simd.load_i32x16(a, 0), simd.load_i32x16(b, 0)
    simd.store_i32x16(out, 0, x + y)
    simd.store_i32x16(out, 16, x - y)
    simd.store_i32x16(out, 32, x * y)
    simd.store_i32x16(out, 48, (x & y) | 5)
    simd.store_i32x16(out, 64, (x ^ y) << 3)
    simd.store_i32x16(out, 80, x >> 7)


@given(seed=st.integers(0, 2**32 - 1))
def test_integers_wrap_and_shift_without_sign(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(-(2**31), 2**31, (2, 16)).astype(np.int32)
    out = np.empty((6, 16), np.int32)
    integer_words(a, b, out)
    unsigned = (a.view(np.uint32) >> 7).view(np.int32)
    want = [a + b, a - b, a * b, (a & b) | 5, (a ^ b) << 3, unsigned]
    np.testing.assert_array_equal(out, want)


@kernel
def float_words(a: F32, b: F32, c: F32, out: F32) -> None:
    x, y, z = simd.load_f32x16(a, 0), simd.load_f32x16(b, 0), simd.load_f32x16(c, 0)
    simd.store_f32x16(out, 0, x + y)
    simd.store_f32x16(out, 16, x - y)
    simd.store_f32x16(out, 32, x * y)
    simd.store_f32x16(out, 48, x / y)
    simd.store_f32x16(out, 64, simd.fma(x, y, z))
    simd.store_f32x16(out, 80, simd.maximum(x, y))
    simd.store_f32x16(out, 96, simd.minimum(x, y))
    simd.store_f32x16(out, 112, simd.absolute(x))
    simd.store_f32x16(out, 128, simd.round_even(x))
    simd.store_f32x16(out, 144, simd.to_f32x16(simd.to_i32(simd.round_even(x))))
    simd.store_f32x16(out, 160, simd.splat_f32x16(simd.reduce_add(x)))
    simd.store_f32x16(out, 176, simd.splat_f32x16(simd.reduce_max(x)))


@given(seed=st.integers(0, 2**32 - 1))
def test_floats_are_numpys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, c = (rng.standard_normal((3, 16)) * 10).astype(np.float32)
    out = np.empty((12, 16), np.float32)
    float_words(a, b, c, out)
    whole = np.rint(a)
    want = [a + b, a - b, a * b, a / b, a * b + c, np.maximum(a, b), np.minimum(a, b)]
    want += [np.abs(a), whole, whole, np.full(16, a.sum()), np.full(16, a.max())]
    np.testing.assert_allclose(out, want, rtol=1e-5, atol=1e-5)


@kernel
def halves(a: U16, b: I16, out: F32) -> None:
    simd.store_f32x16(out, 0, simd.load_f16x16(a, 1))
    simd.store_f32x16(out, 16, simd.load_wide(a, 1))
    simd.store_f32x16(out, 32, simd.load_wide(b, 0))
    out[48] = simd.load_f16(a, 1)


@given(seed=st.integers(0, 2**32 - 1))
def test_halves_are_those_of_ieee(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.standard_normal(17).astype(np.float16)
    top = (rng.standard_normal(16).astype(np.float32).view(np.uint32) >> 16).astype(np.int16)
    out = np.empty(49, np.float32)
    halves(a.view(np.uint16), top, out)
    np.testing.assert_array_equal(out[:16], a[1:].astype(np.float32))
    np.testing.assert_array_equal(out[16:32], out[:16])
    np.testing.assert_array_equal(out[32:48], (top.astype(np.uint32) << 16).view(np.float32))
    assert out[48] == out[0]


@kernel
def exponentials(x: F32, out: F32) -> None:
    for i in range(0, x.size, 16):
        simd.store_f32x16(out, i, simd.exp_f32x16(simd.load_f32x16(x, i)))


def test_exp_is_right_to_two_units_in_the_last_place() -> None:
    x = np.linspace(-87.2, 88.2, 1 << 16, dtype=np.float32)
    out = np.empty_like(x)
    exponentials(x, out)
    assert np.abs(out / np.exp(x.astype(np.float64)) - 1).max() < 2 * 2**-23


def test_exp_saturates_instead_of_overflowing() -> None:
    x = np.repeat(np.array([-np.inf, -1e30, -100, 0, 100, 1e30, np.inf, -0.0], np.float32), 2)
    out = np.empty_like(x)
    exponentials(x, out)
    assert np.isfinite(out).all()
    assert (out[:6] < 1.3e-38).all()
    assert out[6] == out[14] == 1
    assert (out[8:14] > 1e38).all()


@register_jitable
def dots_of(n: Any, w: U8, q: I8, sums: I16, d: F32, scales: I32, out: F32) -> None:
    """Each word's result for n rows of 4 inputs, 32 lines of 16 floats apart."""
    weights, by = simd.load_i8x64(w, 0), simd.load_i32x16(scales, 0)
    one, zero = simd.splat_f32x16(1.0), simd.zeros_f32(n)
    narrow = simd.dot4(simd.start(n, sums, 2, 4), weights & 63, q, 0, 4)
    simd.store_rows(out, 0, 512, simd.add_scaled(zero, simd.total(narrow), one, d, 0, 1))
    times = simd.scaled(simd.zeros_i32(n), narrow, by)
    simd.store_rows(out, 16, 512, simd.add_scaled(zero, times, one, d, 0, 1))
    signed = simd.dot4_signed(simd.start_signed(n, sums, 0, 4), weights, q, 0, 4)
    simd.store_rows(out, 32, 512, simd.add_scaled(zero, signed, one, d, 0, 1))
    plain = simd.dot4(simd.start_zero(n), weights & 63, q, 0, 4)
    simd.store_rows(out, 64, 512, simd.add_scaled(zero, simd.total(plain), one, d, 0, 1))
    pair = simd.times_sum(simd.zeros_i32(n), by, sums, 0, 4)
    simd.store_rows(out, 48, 512, simd.add_scaled(zero, pair, one, d, 0, 1))
    for k in range(4):
        simd.store_f32x16(out, 80 + 16 * k, simd.to_f32x16(simd.byte_signed(weights, k)))
        simd.store_f32x16(out, 144 + 16 * k, simd.to_f32x16(simd.byte_unsigned(weights, k)))


@kernel
def dots(w: U8, q: I8, sums: I16, d: F32, scales: I32, out: F32) -> None:
    if len(q) == 4:
        dots_of(simd.FOUR, w, q, sums, d, scales, out)
    else:
        dots_of(simd.ONE, w, q, sums, d, scales, out)


@given(seed=st.integers(0, 2**32 - 1), extreme=st.booleans(), n_row=st.sampled_from([1, 4]))
def test_dot_products_of_sixteen_rows(seed: int, extreme: bool, n_row: int) -> None:
    rng = np.random.default_rng(seed)
    w: U8 = rng.integers(0, 256, 64, dtype=np.uint8)
    q: I8 = rng.integers(-127, 128, (n_row, 4), dtype=np.int8)
    if extreme:
        w = rng.choice(np.array([0, 127, 128, 255], np.uint8), 64)
        q = rng.choice(np.array([-127, 127], np.int8), (n_row, 4))
    x = q.astype(np.int32)
    sums = np.empty((n_row, 4), np.int16)  # as they are, and times an offset
    sums[:, 0], sums[:, 1] = x[:, :2].sum(axis=1), x[:, 2:].sum(axis=1)
    sums[:, 2:] = -8 * sums[:, :2]
    d = rng.choice(np.array([0.5, 1, 2], np.float32), n_row)
    scales = rng.integers(-128, 128, 16).astype(np.int32)
    out = np.empty((n_row, 32, 16), np.float32)
    dots(w, q, sums, d, scales, out)
    four = (w.reshape(16, 4) & 63).astype(np.int32)
    signed = w.view(np.int8).reshape(16, 4).astype(np.int32)
    offset = x @ (four - 8).T  # (n_row, 16)
    whole = [offset, offset * scales, x @ signed.T, x.sum(axis=1)[:, None] * scales, x @ four.T]
    np.testing.assert_array_equal(out[:, :5], np.stack(whole, axis=1) * d[:, None, None])
    np.testing.assert_array_equal(out[0, 5:9], signed.T)
    np.testing.assert_array_equal(out[0, 9:13], w.reshape(16, 4).T)


@kernel
def bits_of(w: U8, shift: int, mask: int, out: F32) -> None:
    found = simd.bits(simd.load_i8x64(w, 0), shift, mask)
    for k in range(4):
        simd.store_f32x16(out, 16 * k, simd.to_f32x16(simd.byte_unsigned(found, k)))


@pytest.mark.parametrize(("shift", "mask"), [(0, 15), (4, 15), (2, 3), (6, 3), (0, 255), (3, 31)])
def test_bits_are_taken_from_each_byte_alone(shift: int, mask: int) -> None:
    w: U8 = np.random.default_rng(shift).integers(0, 256, 64, dtype=np.uint8)
    out = np.empty((4, 16), np.float32)
    bits_of(w, shift, mask, out)
    np.testing.assert_array_equal(out, ((w >> shift) & mask).reshape(16, 4).T)


@kernel
def lifted(w: U8, shift: int, out: U8) -> None:
    simd.store_i8x64(out, 0, simd.lift(simd.load_i8x64(w, 0), shift))


@pytest.mark.parametrize("shift", [0, 1, 4, 7])
def test_bits_are_lifted_within_each_byte(shift: int) -> None:
    w: U8 = np.random.default_rng(shift).integers(0, 256 >> shift, 64, dtype=np.uint8)
    out = np.empty_like(w)
    lifted(w, shift, out)
    np.testing.assert_array_equal(out, w << shift)


INSPECT = """
from numba import types
from pyollama_tensor.weights import REPACKED, kernels_of
def c(element, n): return types.Array(element, n, "C")
signature = (c(types.int64, 1), c(types.uint8, 2), c(types.int8, 3), c(types.float32, 2),
             c(types.int16, 4), c(types.float32, 2))
for type in REPACKED:
    kernels = kernels_of(type)
    kernels.linear.compile(signature)
    print(kernels.linear.inspect_asm(signature))
"""
ICELAKE = (
    "64bit cmov cx8 fxsr mmx sse sse2 sse3 ssse3 sse4.1 sse4.2 popcnt avx avx2 fma f16c bmi bmi2 "
    "avx512f avx512bw avx512cd avx512dq avx512vl avx512vnni"
)


def assembly(**environment: str) -> str:
    """All repacked kernels, compiled in a child process for some processor, without running."""
    clean = {k: v for k, v in os.environ.items() if k != "PYOLLAMA_SIMD"}
    done = subprocess.run(
        [sys.executable, "-c", INSPECT],
        env=clean | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.slow
def test_the_vnni_variant_compiles_to_its_instructions(tmp_path: Path) -> None:
    features = ",".join(f"+{name}" for name in ICELAKE.split())
    code = assembly(
        NUMBA_CPU_NAME="icelake-server",
        NUMBA_CPU_FEATURES=features,
        PYOLLAMA_JIT_CACHE=str(tmp_path),
    )
    assert len(re.findall(r"\bvpdpbusd\b.*zmm", code)) >= 4 * len(REPACKED)
    assert "vpmaddubsw" not in code


def test_variants_are_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, features in [
        ("vnni", ICELAKE.split()),
        ("avx2", ["avx2", "fma", "f16c"]),
        ("portable", ["neon"]),
    ]:
        cpu.variant.cache_clear()
        monkeypatch.delenv("PYOLLAMA_SIMD", raising=False)
        monkeypatch.setattr(cpu, "cpu_features", lambda features=features: frozenset(features))
        assert cpu.variant() == name
        cpu.variant.cache_clear()
        monkeypatch.setenv("PYOLLAMA_SIMD", "portable")
        assert cpu.variant() == "portable"
    for wrong, words in [("vnni", "lacks"), ("sse9", "choose one of vnni, avx2, portable")]:
        cpu.variant.cache_clear()
        monkeypatch.setenv("PYOLLAMA_SIMD", wrong)
        with pytest.raises(cpu.UnknownVariant, match=words):
            cpu.variant()
    cpu.variant.cache_clear()
