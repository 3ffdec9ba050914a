"""Weights of many kinds, to quantize: ordinary ones, and those on which a quantizer could trip."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Rng = np.random.Generator


def normal(rng: Rng, shape: tuple[int, int]) -> F32:
    """What most weights look like."""
    return rng.standard_normal(shape, np.float32) * np.float32(0.02)


def outliers(rng: Rng, shape: tuple[int, int]) -> F32:
    """A heavy tail, and some weights a hundred times larger than the rest."""
    x = rng.standard_t(3, shape).astype(np.float32)
    return np.where(rng.random(shape) < 0.01, 100 * x, x)


def sparse(rng: Rng, shape: tuple[int, int]) -> F32:
    """Mostly zeros; many a group is nothing but zeros."""
    return np.where(rng.random(shape) < 0.02, normal(rng, shape), np.float32(0))


def grid(rng: Rng, shape: tuple[int, int]) -> F32:
    """Whole numbers, among which every tie of a rounding occurs."""
    return rng.integers(-8, 8, shape).astype(np.float32)


KINDS: Mapping[str, Callable[[Rng, tuple[int, int]], F32]] = {
    "normal": normal,
    "outliers": outliers,
    "sparse": sparse,
    "grid": grid,
    "positive": lambda rng, shape: np.abs(normal(rng, shape)),
    "far below zero": lambda rng, shape: normal(rng, shape) - np.float32(3),
    "constant": lambda rng, shape: np.full(shape, rng.standard_normal(), np.float32),
    "zero": lambda rng, shape: np.zeros(shape, np.float32),
    "small": lambda rng, shape: normal(rng, shape) * np.float32(1e-3),
    "next to nothing": lambda rng, shape: normal(rng, shape) * np.float32(1e-20),
    "large": lambda rng, shape: normal(rng, shape) * np.float32(1e6),
}
