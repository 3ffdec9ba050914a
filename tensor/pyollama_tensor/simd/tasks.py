"""Tasks: compiled functions as values, which compiled code passes on and calls by address.

numba can pass compiled functions too, but only as addresses in this process, and then it keeps
none of the code on disk. A task is a constant of the code that uses it.
"""

import importlib
from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_constant
from numba.extending import models, register_model, typeof_impl

from pyollama_tensor.simd.machine import I64
from pyollama_tensor.simd.vector import LLVM, word

TUPLE: Any = types.BaseTuple  # named or not
TASK = ir.FunctionType(LLVM["i32"], [ir.IntType(8).as_pointer(), I64, I64])


class Task:
    """A function that compiled code gets as an argument, such as `rows(first, last, *args)`."""

    def __init__(self, function: Callable[..., None]) -> None:
        self.function = function
        # Called from compiled code only: no wrapper for Python is needed, nor a cache of its own.
        flags: Any = {"nogil": True, "error_model": "numpy", "no_cpython_wrapper": True}
        flags["forceinline"] = True  # small parts of a kernel cost no call
        self.dispatcher: Any = numba.njit(**flags)(function)

    def __reduce__(self) -> Any:
        # Part of the cache key of compiled closures over a task: the name, nothing that varies.
        return _task_named, (self.function.__module__, self.function.__qualname__)


def _task_named(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


class TaskType(types.Opaque):
    """Type of one task: compiled code that uses another task is other code."""

    def __init__(self, dispatcher: Any) -> None:
        self.dispatcher = dispatcher
        super().__init__(name=f"task({dispatcher.py_func.__module__}.{dispatcher.__name__})")


register_model(TaskType)(models.OpaqueModel)


@typeof_impl.register(Task)
def _typeof_task(task: Task, context: Any) -> TaskType:
    return TaskType(task.dispatcher)


@lower_constant(TaskType)  # type: ignore[untyped-decorator]
def _constant_task(context: Any, builder: Any, kind: TaskType, task: Task) -> Any:
    return context.get_dummy_value()


@word
def publish(typing: Any, rows: Any, args: Any) -> Any:
    """Make a task callable by address: (address of code, address of its arguments, their bytes).

    The arguments are copied to the caller's stack, so the addresses live as long as that call.
    Arrays go without what counts their references: the caller holds them.
    """
    argtypes = (types.intp, types.intp, *args.types)
    rows.dispatcher.compile(argtypes)
    compiled = rows.dispatcher.overloads[argtypes]

    def codegen(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        context.add_linking_libs([compiled.library])
        name = builder.module.get_unique_name(f"task.{rows.dispatcher.__name__}")
        task = ir.Function(builder.module, TASK, name=name)
        task.linkage = "internal"
        body = ir.IRBuilder(task.append_basic_block("entry"))
        bundle = body.load(body.bitcast(task.args[0], values[1].type.as_pointer()))
        each = [body.extract_value(bundle, i) for i in range(len(args.types))]
        status, _ = context.call_internal_no_propagate(
            body, compiled.fndesc, compiled.signature, [task.args[1], task.args[2], *each]
        )
        body.ret(body.zext(status.is_error, LLVM["i32"]))
        bundle = _uncounted(builder, values[1], args)
        slot = cgutils.alloca_once_value(builder, bundle)
        size = I64(context.get_abi_sizeof(bundle.type))
        found = [builder.ptrtoint(task, I64), builder.ptrtoint(slot, I64), size]
        return cgutils.pack_array(builder, found)

    return types.UniTuple(types.int64, 3)(rows, args), codegen


def _uncounted(builder: Any, value: Any, kind: Any) -> Any:
    """Emit an array, or each one in a tuple, without its meminfo and its Python object."""
    if isinstance(kind, TUPLE):
        for i, each in enumerate(kind.types):
            inner = _uncounted(builder, builder.extract_value(value, i), each)
            value = builder.insert_value(value, inner, i)
    elif isinstance(kind, types.Array):
        for field in (0, 1):
            nothing = ir.Constant(value.type.elements[field], None)
            value = builder.insert_value(value, nothing, field)
    return value


@word
def apply(typing: Any, function: Any, args: Any) -> Any:
    """Call a task that came as an argument, from compiled code: function(*args)."""
    argtypes = tuple(args.types)
    function.dispatcher.compile(argtypes)
    compiled = function.dispatcher.overloads[argtypes]

    def codegen(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        context.add_linking_libs([compiled.library])
        each = [builder.extract_value(values[1], i) for i in range(len(argtypes))]
        return context.call_internal(builder, compiled.fndesc, compiled.signature, each)

    return compiled.signature.return_type(function, args), codegen


@word
def call_task(typing: Any, code: Any, args: Any, first: Any, last: Any) -> Any:
    """Run a published task over items first to last: 0, or 1 if it raised."""

    def codegen(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        function = builder.inttoptr(values[0], TASK.as_pointer())
        bundle = builder.inttoptr(values[1], ir.IntType(8).as_pointer())
        return builder.call(function, [bundle, values[2], values[3]])

    return types.int32(types.int64, types.int64, types.int64, types.int64), codegen
