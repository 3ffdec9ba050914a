"""Which instructions this processor offers, and which variant of the kernels to compile for it.

Variants, best first: ``vnni`` (AVX-512 with the vpdpbusd dot product), ``avx2`` (with FMA and
F16C) and ``portable`` (plain LLVM vectors, any processor). PYOLLAMA_SIMD forces one by name.
"""

import os
from functools import cache

from llvmlite import binding

from pyollama_formats.errors import PyollamaError

NEEDS = {
    "vnni": frozenset({"avx512f", "avx512bw", "avx512vl", "avx512vnni", "fma", "f16c"}),
    "avx2": frozenset({"avx2", "fma", "f16c"}),
    "portable": frozenset[str](),
}


class UnknownVariant(PyollamaError):
    """PYOLLAMA_SIMD names no variant, or one that this processor cannot run."""


@cache
def cpu_name() -> str:
    """LLVM's name of the processor that kernels are compiled for; numba's own override counts."""
    return os.environ.get("NUMBA_CPU_NAME") or str(binding.get_host_cpu_name())


@cache
def cpu_features() -> frozenset[str]:
    """LLVM names of the instruction sets that kernels may use; numba's own override counts."""
    override = os.environ.get("NUMBA_CPU_FEATURES")
    if override is not None:
        return frozenset(name[1:] for name in override.split(",") if name.startswith("+"))
    return frozenset(name for name, present in binding.get_host_cpu_features().items() if present)


@cache
def variant() -> str:
    """Name the variant to compile: the one that PYOLLAMA_SIMD forces, or the best there is."""
    forced = os.environ.get("PYOLLAMA_SIMD")
    if not forced:
        return next(name for name, needed in NEEDS.items() if needed <= cpu_features())
    if forced not in NEEDS:
        raise UnknownVariant(f"PYOLLAMA_SIMD={forced}: choose one of {', '.join(NEEDS)}")
    missing = NEEDS[forced] - cpu_features()
    if missing:
        raise UnknownVariant(f"PYOLLAMA_SIMD={forced}: this processor lacks {sorted(missing)}")
    return forced
