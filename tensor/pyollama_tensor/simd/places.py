"""Which processor a thread runs on, and which ones it may; Linux only, elsewhere nobody knows.

A mask has a bit for each of MASK_BITS processors, in 64-bit words.
"""

import sys
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import register_jitable

from pyollama_tensor.simd.memory import pointer
from pyollama_tensor.simd.vector import LLVM, call, word
from pyollama_tensor.types import I64

ON_LINUX = sys.platform == "linux"
MASK_BITS = 1024
UNKNOWN = -1


@word
def current_cpu(typing: Any) -> Any:
    """The number of the processor that runs this thread, or UNKNOWN."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if not ON_LINUX:
            return LLVM["i32"](UNKNOWN)
        return call(builder, "sched_getcpu", LLVM["i32"])

    return types.int32(), codegen


def _mask_call(name: str) -> Any:
    """A call of the system with this thread's mask, in or out of an array; 0 if it worked."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if not ON_LINUX:
            return LLVM["i32"](UNKNOWN)
        mask = pointer(context, builder, sig, args, LLVM["i8"])
        size = ir.IntType(64)(MASK_BITS // 8)
        return call(builder, name, LLVM["i32"], LLVM["i32"](0), size, mask)

    return codegen


@word
def read_mask(typing: Any, array: Any, index: Any) -> Any:
    """Where this thread may run, into array[index:]; 0 if it worked."""
    return types.int32(array, index), _mask_call("sched_getaffinity")


@word
def write_mask(typing: Any, array: Any, index: Any) -> Any:
    """Let this thread run where array[index:] says only, from now on; 0 if it worked."""
    return types.int32(array, index), _mask_call("sched_setaffinity")


@register_jitable
def leave_cpu(cpu: int) -> None:
    """Move this thread to another processor, if it may run on any but this one."""
    mask: I64 = np.zeros(MASK_BITS // 64, np.int64)
    if not 0 <= cpu < MASK_BITS or read_mask(mask, 0) != 0:
        return
    at, allowed = cpu // 64, mask[cpu // 64]
    mask[at] = allowed & ~(np.int64(1) << np.int64(cpu % 64))
    if mask.any() and write_mask(mask, 0) == 0:
        mask[at] = allowed
        write_mask(mask, 0)
