"""float16 to float32 and back, on processors that cannot do it themselves.

LLVM would call a function of the compiler's runtime library there, which numba does not have: the
process would abort. Every processor with AVX2 converts halves, so this is for old or emulated ones.

Values are LLVM's: one number, or a vector. Source: F. Giesen, float_to_half_fast3_rtne.
"""

import platform
from typing import Any

from llvmlite import ir

from pyollama_tensor import cpu

HALF = ir.HalfType()
ON_X86 = platform.machine().lower() in ("x86_64", "amd64", "i386", "i686")
CONVERTS = not ON_X86 or "f16c" in cpu.cpu_features()  # arm64 always can

INFINITY = 0x7F800000  # float32's bits from here on: the exponent of infinity
TOO_LARGE = (127 + 16) << 23  # 65536, the bits of the first power of two beyond float16
NORMAL = (127 - 14) << 23  # 2 ** -14, the bits of float16's smallest normal number
DENORMAL = (127 - 15 + 23 - 10 + 1) << 23  # 1/2: adding it shifts a denormal's bits into place


def _like(value: Any, scalar: Any) -> Any:
    """The type of as many of `scalar` as the value has."""
    count = getattr(value.type, "count", None)
    return scalar if count is None else ir.VectorType(scalar, count)


def _constant(value: Any, number: Any) -> Any:
    """A number, repeated if the value is a vector."""
    count = getattr(value.type, "count", None)
    return ir.Constant(value.type, number if count is None else [number] * count)


def half_to_float(builder: Any, half: Any, to: Any) -> Any:
    """Emit the float32 (of LLVM type `to`) of a float16."""
    return builder.fpext(half, to) if CONVERTS else widen(builder, half, to)


def float_to_half(builder: Any, number: Any) -> Any:
    """Emit the float16 of a float32, rounded to the nearest, halves to even."""
    if CONVERTS:
        return builder.fptrunc(number, _like(number, HALF))
    return narrow(builder, number)


def widen(builder: Any, half: Any, to: Any) -> Any:
    """Emit `half_to_float` in integers: move exponent and fraction, then mend the bias."""
    short = builder.bitcast(half, _like(half, ir.IntType(16)))
    bits = builder.zext(short, _like(half, ir.IntType(32)))
    sign = builder.shl(builder.and_(bits, _constant(bits, 0x8000)), _constant(bits, 16))
    rest = builder.shl(builder.and_(bits, _constant(bits, 0x7FFF)), _constant(bits, 13))
    number = builder.bitcast(rest, to)  # too small by 2 ** (127 - 15)
    scaled = builder.bitcast(builder.fmul(number, _constant(number, 2.0**112)), bits.type)
    special = builder.icmp_unsigned(">=", rest, _constant(bits, 0x7C00 << 13))
    finite = builder.select(special, builder.or_(rest, _constant(bits, INFINITY)), scaled)
    return builder.bitcast(builder.or_(sign, finite), to)


def narrow(builder: Any, number: Any) -> Any:
    """Emit `float_to_half` in integers: one case each for huge, ordinary and tiny numbers."""
    bits = builder.bitcast(number, _like(number, ir.IntType(32)))

    def c(value: int) -> Any:
        return _constant(bits, value)

    rest = builder.and_(bits, c(0x7FFFFFFF))
    sign = builder.lshr(builder.xor(bits, rest), c(16))
    is_nan = builder.icmp_unsigned(">", rest, c(INFINITY))
    huge = builder.select(is_nan, c(0x7E00), c(0x7C00))
    odd = builder.and_(builder.lshr(rest, c(13)), c(1))  # a tie goes to the even neighbour
    rebiased = builder.add(rest, c(((15 - 127) << 23) + 0xFFF))
    ordinary = builder.lshr(builder.add(rebiased, odd), c(13))
    sum_ = builder.fadd(builder.bitcast(rest, number.type), _constant(number, 0.5))
    tiny = builder.sub(builder.bitcast(sum_, bits.type), c(DENORMAL))
    small = builder.select(builder.icmp_unsigned("<", rest, c(NORMAL)), tiny, ordinary)
    result = builder.select(builder.icmp_unsigned(">=", rest, c(TOO_LARGE)), huge, small)
    short = builder.trunc(builder.or_(result, sign), _like(number, ir.IntType(16)))
    return builder.bitcast(short, _like(number, HALF))
