"""Rotary position embedding: the angles of each pair of inputs, with their scalings.

Papers: arXiv:2104.09864 (RoPE), 2306.15595 (linear scaling), 2309.00071 (YaRN).
Shapes: T rows, P = n_rot / 2 rotated pairs of a head.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, floor, log, pi
from typing import Literal

import numpy as np

from pyollama_formats.errors import PyollamaError
from pyollama_tensor.types import F32, F64, I32

Scaling = Literal["none", "linear", "yarn"]


class RopeError(PyollamaError):
    """Rope parameters that make no sense together."""


@dataclass(frozen=True, eq=False)
class Rope:
    """How a head is rotated: pair i of position p by the angle p * frequencies[i].

    frequencies: float64 (P,), radians per position, scaled and divided by factors.
    magnitude: what cosines and sines are multiplied by (YaRN's m).
    neox: pairs are (i, i + P) as in GPT-NeoX; otherwise neighbours (2i, 2i + 1).
    """

    frequencies: F64
    magnitude: float = 1.0
    neox: bool = False

    @property
    def n_rot(self) -> int:
        """How many inputs of a head are rotated; the rest pass through."""
        return 2 * len(self.frequencies)

    def further(self) -> "Rope":
        """The same rotation for what is rotated already: magnitudes are not applied twice."""
        return replace(self, magnitude=1.0)

    def tables(self, positions: I32) -> tuple[F32, F32]:
        """Cosines and sines, each float32 (T, P), shared by all layers: do not change."""
        return _tables(self, positions.tobytes())


@lru_cache(maxsize=8)  # every layer asks for the same positions; keyed by content, not identity
def _tables(rope: Rope, positions: bytes) -> tuple[F32, F32]:
    """The tables of int32 positions, computed in float64: float32 angles are poor far out."""
    angles = np.frombuffer(positions, np.int32)[:, None] * rope.frequencies  # (T, P)
    cos = (np.cos(angles) * rope.magnitude).astype(np.float32)
    sin = (np.sin(angles) * rope.magnitude).astype(np.float32)
    return cos, sin


def rope_frequencies(
    n_rot: int,
    base: float,
    *,
    neox: bool = False,
    scaling: Scaling = "none",
    factor: float = 1.0,
    n_ctx_orig: int = 0,
    factors: F32 | None = None,
    ext_factor: float | None = None,
    attn_factor: float = 1.0,
    beta_fast: float = 32.0,
    beta_slow: float = 1.0,
) -> Rope:
    """The rotation that a model's hyperparameters describe.

    n_rot: even number of rotated inputs. base: theta of the paper, usually 10000.
    factor: how many times longer than n_ctx_orig the context has become (linear, yarn).
    factors: float32 (n_rot / 2,), divisors of each frequency (Llama 3's `rope_freqs`).
    ext_factor: how much of YaRN's mix is used, 1 if None and the scaling is yarn.
    attn_factor: an extra factor of the magnitude, as the model file gives it.
    """
    _check(n_rot, base, factor, factors)
    pair = np.arange(n_rot // 2)
    frequencies = np.float64(base) ** (-2.0 * pair / n_rot)
    if factors is not None:
        frequencies = frequencies / factors.astype(np.float64)
    ext = _extrapolation(scaling, ext_factor)
    if scaling != "none":
        mix = ext * _ramp(n_rot, base, n_ctx_orig, beta_fast, beta_slow) if ext else 0.0
        frequencies = frequencies / factor * (1.0 - mix) + frequencies * mix
    magnitude = attn_factor * (1.0 + 0.1 * log(factor) if ext and factor > 1.0 else 1.0)
    return Rope(frequencies, magnitude, neox)


def _check(n_rot: int, base: float, factor: float, factors: F32 | None) -> None:
    if n_rot <= 0 or n_rot % 2:
        raise RopeError(f"cannot rotate {n_rot} inputs: the number must be even and positive")
    if not base > 0.0 or not factor > 0.0:
        raise RopeError(f"rope base {base} and scaling factor {factor} must be positive")
    if factors is not None and factors.shape != (n_rot // 2,):
        raise RopeError(f"{factors.shape} rope factors for {n_rot // 2} pairs")
    if factors is not None and not np.all(factors > 0.0):
        raise RopeError("rope factors must be positive")


def _extrapolation(scaling: Scaling, ext_factor: float | None) -> float:
    """YaRN's ext_factor: zero for every other scaling."""
    if scaling != "yarn":
        return 0.0
    return 1.0 if ext_factor is None else ext_factor


def _ramp(n_rot: int, base: float, n_ctx_orig: int, fast: float, slow: float) -> F64:
    """1 for pairs that turn often within the original context, 0 for the slow ones, (P,).

    Fast pairs keep their frequency (they tell neighbours apart); slow ones are interpolated.
    """
    if n_ctx_orig <= 0 or not base > 1.0 or not fast > 0.0 or not slow > 0.0:
        raise RopeError("yarn needs an original context length, a base above 1, positive betas")

    def pair_turning(turns: float) -> float:
        """The pair, as a fraction, that makes so many turns in the original context."""
        return n_rot * log(n_ctx_orig / (turns * 2.0 * pi)) / (2.0 * log(base))

    low = max(0, floor(pair_turning(fast)))
    high = min(n_rot - 1, ceil(pair_turning(slow)))
    pair = np.arange(n_rot // 2)
    return 1.0 - np.clip((pair - low) / max(0.001, high - low), 0.0, 1.0)
