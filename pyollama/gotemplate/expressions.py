"""The values of pipelines: operands have values, commands call functions with them.

Variables live on a stack of names and values; the end of a block cuts it back to where it was. A
value that is not there (NO_VALUE) prints as ``<no value>``, and has only such fields.
"""

from collections.abc import Sequence

from pyollama.gotemplate import nodes
from pyollama.gotemplate.comparing import CallError
from pyollama.gotemplate.errors import ExecutionError
from pyollama.gotemplate.functions import FUNCTIONS, GoFunction
from pyollama.gotemplate.limits import Budget
from pyollama.gotemplate.printing import quoted
from pyollama.gotemplate.values import (
    NO_VALUE,
    Struct,
    Value,
    is_true,
    to_bytes,
    type_name,
)

__all__ = ["Expressions"]


class Expressions:
    """What is known while a template runs, as far as values depend on it."""

    def __init__(self, source: str, name: str) -> None:
        self.source = source
        self.budget = Budget()
        self.name = name  # of the template that runs
        self.variables: list[tuple[str, Value]] = []

    def fail(self, node: nodes.Node, message: str) -> ExecutionError:
        """The error with the place and the text of the node."""
        before = self.source[: node.position]
        line = 1 + before.count("\n")
        column = len(to_bytes(before[before.rfind("\n") + 1 :]))
        where = f":{line}:{column}: executing {quoted(self.name)} at <{node}>"
        return ExecutionError(f"template: {where}: {message}")

    # Variables

    def variable(self, node: nodes.Node, name: str) -> Value:
        """The value of the innermost variable with this name."""
        for known, value in reversed(self.variables):
            if known == name:
                return value
        raise self.fail(node, f"undefined variable: {name}")

    def assign(self, node: nodes.Node, name: str, value: Value) -> None:
        """Change the innermost variable with this name."""
        for index in range(len(self.variables) - 1, -1, -1):
            if self.variables[index][0] == name:
                self.variables[index] = name, value
                return
        raise self.fail(node, f"undefined variable: {name}")

    # Pipelines and commands

    def pipe(self, dot: Value, pipe: nodes.Pipe, *, assigns: bool = True) -> Value:
        """The value of the last command; variables take it, except those of a loop."""
        value: Value = NO_VALUE
        for stage, command in enumerate(pipe.commands):
            value = self.command(dot, command, [value] if stage else [])
            if value is None:
                value = NO_VALUE
        for name in pipe.declared if assigns else ():
            if pipe.assigns:
                self.assign(pipe, name, value)
            else:
                self.variables.append((name, value))
        return value

    def command(self, dot: Value, command: nodes.Command, final: list[Value]) -> Value:
        """One command; final holds the value of the command before, if there is one."""
        self.budget.spend(1 + len(command.operands))
        first = command.operands[0]
        if isinstance(first, nodes.Function):
            return self.call(dot, first, command, command.operands[1:], final)
        has_arguments = bool(final) or len(command.operands) > 1
        if isinstance(first, nodes.Field | nodes.Chain) or (
            isinstance(first, nodes.Variable) and first.names
        ):
            return self.operand(dot, first, has_arguments=has_arguments)
        if has_arguments:
            raise self.fail(first, f"can't give argument to non-function {first}")
        if isinstance(first, nodes.Nil):
            raise self.fail(first, "nil is not a command")
        return self.operand(dot, first)

    def operand(self, dot: Value, node: nodes.Operand, *, has_arguments: bool = False) -> Value:
        """The value of one operand."""
        if isinstance(node, nodes.Literal):
            return node.value
        if isinstance(node, nodes.Dot):
            return dot
        if isinstance(node, nodes.Nil):
            return None
        if isinstance(node, nodes.Pipe):
            return self.pipe(dot, node)
        if isinstance(node, nodes.Function):
            return self.call(dot, node, node, [], [])
        return self.fields(self.base(dot, node), node, has_arguments)

    def base(self, dot: Value, node: nodes.Field | nodes.Variable | nodes.Chain) -> Value:
        """What the fields are asked of."""
        if isinstance(node, nodes.Field):
            return dot
        if isinstance(node, nodes.Variable):
            return self.variable(node, node.name)
        return self.operand(dot, node.base)

    def fields(
        self, value: Value, node: nodes.Field | nodes.Variable | nodes.Chain, has_arguments: bool
    ) -> Value:
        """The field of a value, the field of that, and so on."""
        for index, name in enumerate(node.names):
            is_last = index == len(node.names) - 1
            value = self.field(value, name, node, has_arguments and is_last)
        return value

    def field(self, value: Value, name: str, node: nodes.Node, has_arguments: bool) -> Value:
        """A field of a struct or a key of a map; nothing else has any."""
        self.budget.spend(1)
        if value is NO_VALUE:
            return NO_VALUE
        if value is None:
            raise self.fail(node, f"nil pointer evaluating interface {{}}.{name}")
        if isinstance(value, dict):
            if has_arguments:
                raise self.fail(node, f"{name} is not a method but has arguments")
            return value.get(name)
        if isinstance(value, Struct):
            if has_arguments and name in value.fields:
                message = f"{name} has arguments but cannot be invoked as function"
                raise self.fail(node, message)
            if name in value.methods or name in value.fields:
                return value.methods[name] if name in value.methods else value.fields[name]
        raise self.fail(node, f"can't evaluate field {name} in type {type_name(value)}")

    # Functions

    def call(
        self,
        dot: Value,
        node: nodes.Function,
        at: nodes.Node,
        operands: Sequence[nodes.Operand],
        final: list[Value],
    ) -> Value:
        """The value of a function; and and or stop at the argument that decides."""
        function = FUNCTIONS[node.name]
        self.check_arity(node, function, at, len(operands) + len(final))
        if node.name in ("and", "or"):
            return self.decide(dot, node.name == "or", operands, final)
        values = [self.operand(dot, operand) for operand in operands] + final
        values = [None if value is NO_VALUE else value for value in values]
        self.check_texts(function, at, values, operands)
        try:
            return function.run(values, self.budget)
        except CallError as error:
            raise self.fail(at, f"error calling {node.name}: {error}") from None

    def check_arity(
        self, node: nodes.Function, function: GoFunction, at: nodes.Node, n: int
    ) -> None:
        """Raise ExecutionError for too few or too many arguments."""
        if n < function.least or (n > function.least and not function.variadic):
            want = f"at least {function.least}" if function.variadic else f"{function.least}"
            message = f"wrong number of args for {node.name}: want {want} got {n}"
            raise self.fail(at, message)

    def check_texts(
        self,
        function: GoFunction,
        at: nodes.Node,
        values: Sequence[Value],
        operands: Sequence[nodes.Operand],
    ) -> None:
        """Raise ExecutionError for an argument that should be a string and is none."""
        n_text = len(values) if function.texts < 0 else function.texts
        for index, value in enumerate(values[:n_text]):
            if isinstance(value, str):
                continue
            operand = operands[index] if index < len(operands) else at
            if isinstance(operand, nodes.Literal):
                raise self.fail(operand, f"expected string; found {operand}")
            if value is None:
                raise self.fail(operand, "invalid value; expected string")
            found = type_name(value)
            message = f"wrong type for value; expected string; got {found}"
            raise self.fail(operand, message)

    def decide(
        self, dot: Value, wanted: bool, operands: Sequence[nodes.Operand], final: list[Value]
    ) -> Value:
        """The first argument that is as wanted, or else the last."""
        value: Value = NO_VALUE
        for operand in operands:
            value = self.operand(dot, operand)
            if is_true(value) is wanted:
                return value
        return final[0] if final else value
