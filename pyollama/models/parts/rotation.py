"""The rotary position embedding that a GGUF's ``rope.*`` keys describe.

Papers: arXiv:2104.09864 (RoPE), 2306.15595 (linear scaling), 2309.00071 (YaRN).
"""

from dataclasses import dataclass

from pyollama.models.hyperparameters import MAX_CONTEXT, Hyperparameters, ModelError
from pyollama_tensor.ops import Array, Rope, rope_frequencies
from pyollama_tensor.rope import Scaling

SCALINGS: tuple[Scaling, ...] = ("none", "linear", "yarn")


@dataclass(frozen=True)
class RopeConfig:
    """Hyperparameters; the comment of each names its GGUF key, without the architecture."""

    n_rot: int  # rope.dimension_count
    base: float  # rope.freq_base
    scaling: Scaling  # rope.scaling.type
    factor: float  # rope.scaling.factor, rope.scale_linear in old files
    ext_factor: float | None  # rope.scaling.yarn_ext_factor, None: 1 for yarn
    attn_factor: float  # rope.scaling.attn_factor
    beta_fast: float  # rope.scaling.yarn_beta_fast
    beta_slow: float  # rope.scaling.yarn_beta_slow
    n_ctx_orig: int  # rope.scaling.original_context_length


def read_rope(keys: Hyperparameters, n_embd_head: int, n_ctx_train: int) -> RopeConfig:
    """How heads of n_embd_head inputs are rotated, every value checked. Raises ModelError."""
    n_rot = keys.integer("rope.dimension_count", 2, n_embd_head, n_embd_head)
    if n_rot % 2:
        raise ModelError(f"{keys.architecture}.rope.dimension_count is odd: {n_rot}")
    legacy_factor = keys.number("rope.scale_linear", 0.0, 1e6, 0.0)
    factor = keys.number("rope.scaling.factor", 0.0, 1e6, legacy_factor)
    ext_factor = keys.number("rope.scaling.yarn_ext_factor", -1.0, 1e3, -1.0)
    return RopeConfig(
        n_rot=n_rot,
        base=keys.number("rope.freq_base", 1e-3, 1e12, 10000.0),
        scaling=read_scaling(keys, factor),
        factor=factor or 1.0,
        ext_factor=ext_factor if ext_factor >= 0.0 else None,
        attn_factor=keys.number("rope.scaling.attn_factor", 0.0, 1e3, 1.0),
        beta_fast=keys.number("rope.scaling.yarn_beta_fast", 1e-3, 1e6, 32.0),
        beta_slow=keys.number("rope.scaling.yarn_beta_slow", 1e-3, 1e6, 1.0),
        n_ctx_orig=keys.integer(
            "rope.scaling.original_context_length", 1, MAX_CONTEXT, n_ctx_train
        ),
    )


def read_scaling(keys: Hyperparameters, factor: float) -> Scaling:
    """How positions are stretched: none, linear or yarn. Raises ModelError for others."""
    scaling = keys.text("rope.scaling.type", "linear" if factor else "none")
    for known in SCALINGS:
        if scaling == known:
            return known
    raise ModelError(f"unknown rope.scaling.type {scaling!r}")


def make_rope(config: RopeConfig, *, neox: bool = False, factors: Array | None = None) -> Rope:
    """The rotation itself.

    neox: pairs are (i, i + n_rot / 2), not neighbours.
    factors: float32 (n_rot / 2,), divisors of the frequencies, ``rope_freqs.weight`` of a file.
    """
    return rope_frequencies(
        config.n_rot,
        config.base,
        neox=neox,
        scaling=config.scaling,
        factor=config.factor,
        n_ctx_orig=config.n_ctx_orig,
        factors=factors,
        ext_factor=config.ext_factor,
        attn_factor=config.attn_factor,
        beta_fast=config.beta_fast,
        beta_slow=config.beta_slow,
    )
