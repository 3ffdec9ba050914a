"""What threads need of the machine: atomic integers, pauses and flush-to-zero.

Atomic words work on an int64 array and are sequentially consistent.
"""

import os
import sys
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from pyollama_tensor import cpu
from pyollama_tensor.simd.memory import pointer
from pyollama_tensor.simd.vector import LLVM, call, word

I64 = ir.IntType(64)
VOID = ir.VoidType()
ON_X86 = cpu.variant() != "portable"


@word
def atomic_add(typing: Any, array: Any, index: Any, amount: Any) -> Any:
    """Add to array[index]; gives the value before."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        amount_ = context.cast(builder, args[2], sig.args[2], types.int64)
        return builder.atomic_rmw(
            "add", pointer(context, builder, sig, args, I64), amount_, "seq_cst"
        )

    return types.int64(array, index, amount), codegen


@word
def atomic_load(typing: Any, array: Any, index: Any) -> Any:
    """Read array[index], never from a register."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load_atomic(pointer(context, builder, sig, args, I64), "seq_cst", 8)

    return types.int64(array, index), codegen


@word
def atomic_store(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write array[index]: what was written before is seen by whoever reads this."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        number = context.cast(builder, args[2], sig.args[2], types.int64)
        builder.store_atomic(number, pointer(context, builder, sig, args, I64), "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(array, index, value), codegen


@word
def atomic_swap(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write array[index]; gives the value before."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        number = context.cast(builder, args[2], sig.args[2], types.int64)
        return builder.atomic_rmw(
            "xchg", pointer(context, builder, sig, args, I64), number, "seq_cst"
        )

    return types.int64(array, index, value), codegen


@word
def pause(typing: Any) -> Any:
    """Wait a few cycles inside a spinning loop."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if ON_X86:
            call(builder, "llvm.x86.sse2.pause", VOID)
        return context.get_dummy_value()

    return types.void(), codegen


@word
def sched_yield(typing: Any) -> Any:
    """Let another thread run on this core, where the system has such a call."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if os.name == "posix":
            call(builder, "sched_yield", LLVM["i32"])
        elif sys.platform == "win32":
            call(builder, "SwitchToThread", LLVM["i32"])
        return context.get_dummy_value()

    return types.void(), codegen


FLUSH = 0x8040  # MXCSR: flush results to zero, treat denormal operands as zero


def _mxcsr(builder: Any, name: str, slot: Any) -> None:
    call(builder, f"llvm.x86.sse.{name}", VOID, builder.bitcast(slot, LLVM["i8"].as_pointer()))


@word
def flush_to_zero(typing: Any) -> Any:
    """Treat denormals as zero in this thread: each costs ~150 cycles. Gives the mode before."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if not ON_X86:
            return LLVM["i32"](0)
        slot = cgutils.alloca_once(builder, LLVM["i32"])
        _mxcsr(builder, "stmxcsr", slot)
        before = builder.load(slot)
        builder.store(builder.or_(before, LLVM["i32"](FLUSH)), slot)
        _mxcsr(builder, "ldmxcsr", slot)
        return before

    return types.int32(), codegen


@word
def restore_mode(typing: Any, mode: Any) -> Any:
    """Set the floating-point mode that `flush_to_zero` gave back."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if ON_X86:
            slot = cgutils.alloca_once_value(builder, args[0])
            _mxcsr(builder, "ldmxcsr", slot)
        return context.get_dummy_value()

    return types.void(types.int32), codegen
