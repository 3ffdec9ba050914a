"""Trees to text: statements write what their pipelines are worth."""

from collections.abc import Iterable, Mapping, Sequence

from pyollama.gotemplate import nodes
from pyollama.gotemplate.errors import ExecutionError
from pyollama.gotemplate.expressions import Expressions
from pyollama.gotemplate.limits import MAX_DEPTH
from pyollama.gotemplate.parser import MAIN, Trees
from pyollama.gotemplate.printing import printed, quoted
from pyollama.gotemplate.values import (
    NO_VALUE,
    Value,
    is_true,
    to_bytes,
)

__all__ = ["execute"]

TOO_DEEP = "template: it calls or nests too deeply"


class Left(Exception):
    """A loop, or one turn of it, is left."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def execute(source: str, trees: Trees, data: Mapping[str, Value]) -> str:
    """The text that a template makes of its data.

    source: what the trees were parsed from, for the lines and columns of errors
    Raises ExecutionError with Go's words, and for exceeding a limit.
    """
    evaluator = Evaluator(source, trees)
    try:
        evaluator.run(MAIN, dict(data))
    except RecursionError:
        raise ExecutionError(TOO_DEEP) from None
    return to_bytes("".join(evaluator.output)).decode("utf-8", "replace")


class Evaluator(Expressions):
    """The state of a run."""

    def __init__(self, source: str, trees: Trees) -> None:
        super().__init__(source, MAIN)
        self.trees = trees
        self.output: list[str] = []
        self.depth = 0

    def run(self, name: str, data: Value) -> None:
        """A template, which sees nothing but its data."""
        outer = self.name, self.variables
        self.name, self.variables = name, [("$", data)]
        self.depth += 1
        self.statements(data, self.trees[name])
        self.depth -= 1
        self.name, self.variables = outer

    def statements(self, dot: Value, node: nodes.List) -> None:
        """Statements in a row."""
        for statement in node.statements:
            self.statement(dot, statement)

    def statement(self, dot: Value, node: nodes.Statement) -> None:
        """One statement."""
        self.budget.spend(1)
        if isinstance(node, nodes.Text):
            self.output.append(self.budget.write(node.text))
        elif isinstance(node, nodes.Action):
            value = self.pipe(dot, node.pipe)
            if not node.pipe.declared:
                self.write(value)
        elif isinstance(node, nodes.Branch):
            self.branch(dot, node)
        elif isinstance(node, nodes.Call):
            self.call_template(dot, node)
        else:
            raise Left(node.kind)

    def write(self, value: Value) -> None:
        """Print a value."""
        text = "<no value>" if value is NO_VALUE else printed(value)
        self.output.append(self.budget.write(text))

    def branch(self, dot: Value, node: nodes.Branch) -> None:
        """A block; what it declares is gone after it."""
        n_variable = len(self.variables)
        if node.kind == "range":
            self.loop(dot, node)
        else:
            value = self.pipe(dot, node.pipe)
            if is_true(value):
                self.statements(value if node.kind == "with" else dot, node.body)
            elif node.otherwise:
                self.statements(dot, node.otherwise)
        del self.variables[n_variable:]

    def loop(self, dot: Value, node: nodes.Branch) -> None:
        """A loop over a list, a map in the order of its keys, or the integers below a number."""
        assigned = node.pipe.declared if node.pipe.assigns else []
        n_variable = len(self.variables)
        value = self.pipe(dot, node.pipe, assigns=False)
        turned = False
        for index, item in self.items(node, value):
            turned = True
            self.budget.spend(1)
            del self.variables[n_variable:]
            self.set_loop_variables(node, index, item, assigned)
            try:
                self.statements(item, node.body)
            except Left as left:
                if left.kind == "break":
                    break
        del self.variables[n_variable:]
        if not turned and node.otherwise:
            self.statements(dot, node.otherwise)

    def set_loop_variables(
        self, node: nodes.Branch, index: Value, item: Value, assigned: Sequence[str]
    ) -> None:
        """One variable is the item; of two the first is the index or key."""
        names = node.pipe.declared
        for name, value in zip(names, (item,) if len(names) == 1 else (index, item), strict=False):
            if assigned:
                self.assign(node, name, value)
            else:
                self.variables.append((name, value))

    def items(self, node: nodes.Branch, value: Value) -> Iterable[tuple[Value, Value]]:
        """What a loop goes over."""
        if isinstance(value, list | bytes):
            return enumerate(value)
        if isinstance(value, dict):
            self.budget.spend(len(value))
            return sorted(value.items())
        if isinstance(value, int) and not isinstance(value, bool):
            return ((number, number) for number in range(value))
        if value is None or value is NO_VALUE:
            return ()
        raise self.fail(node.pipe, f"range can't iterate over {printed(value)}")

    def call_template(self, dot: Value, node: nodes.Call) -> None:
        """Run another template on a value."""
        if node.name not in self.trees:
            raise self.fail(node, f"template {quoted(node.name)} not defined")
        if self.depth >= MAX_DEPTH:
            raise self.fail(node, f"exceeded maximum template depth ({MAX_DEPTH})")
        self.run(node.name, NO_VALUE if node.pipe is None else self.pipe(dot, node.pipe))
