"""The tree of a template. Printing a node gives its source in a normal form, as errors quote it.

List            what stands between two delimiters of a block
├── Text        as it is
├── Action      {{ pipeline }}
├── Branch      {{ if }}, {{ range }} or {{ with }}, with a list and perhaps another for else
├── Leave       {{ break }} or {{ continue }}
└── Call        {{ template "name" pipeline }}
Pipe            $declared := command | command
└── Command     operands, the first of which may be a function
    └── Literal, Dot, Nil, Field, Variable, Function, Chain, and Pipe in parentheses
"""

from dataclasses import dataclass, field
from typing import Literal as OneOf

__all__ = [
    "Action",
    "Branch",
    "Call",
    "Chain",
    "Command",
    "Dot",
    "Field",
    "Function",
    "Leave",
    "List",
    "Literal",
    "Nil",
    "Node",
    "Operand",
    "Pipe",
    "Statement",
    "Text",
    "Variable",
]


@dataclass
class Node:
    """position: the index in the source at which it starts"""

    position: int


@dataclass
class Dot(Node):
    """``.``"""

    def __str__(self) -> str:
        return "."


@dataclass
class Nil(Node):
    """``nil``"""

    def __str__(self) -> str:
        return "nil"


@dataclass
class Literal(Node):
    """A constant, with the text it was written as."""

    value: bool | int | float | str
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass
class Field(Node):
    """``.A.B``, of the dot"""

    names: list[str]

    def __str__(self) -> str:
        return "".join("." + name for name in self.names)


@dataclass
class Variable(Node):
    """``$x`` or ``$x.A.B``; the name has its dollar sign"""

    name: str
    names: list[str]

    def __str__(self) -> str:
        return self.name + "".join("." + name for name in self.names)


@dataclass
class Function(Node):
    """The name of a function."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass
class Chain(Node):
    """``(pipeline).A.B``"""

    base: "Operand"
    names: list[str]

    def __str__(self) -> str:
        return in_parentheses(self.base) + "".join("." + name for name in self.names)


@dataclass
class Command(Node):
    """Operands; a call if the first is a function."""

    operands: list["Operand"] = field(default_factory=list)

    def __str__(self) -> str:
        return " ".join(map(in_parentheses, self.operands))


@dataclass
class Pipe(Node):
    """Commands, each of which gets the value of the one before as its last argument."""

    declared: list[str]  # names of variables
    assigns: bool  # = rather than :=
    commands: list[Command] = field(default_factory=list)

    def __str__(self) -> str:
        sign = " = " if self.assigns else " := "
        head = ", ".join(self.declared) + sign if self.declared else ""
        return head + " | ".join(map(str, self.commands))


Operand = Dot | Nil | Literal | Field | Variable | Function | Chain | Pipe


@dataclass
class List(Node):
    """Statements in a row."""

    statements: list["Statement"] = field(default_factory=list)

    def __str__(self) -> str:
        return "".join(map(str, self.statements))


@dataclass
class Text(Node):
    """Text outside of actions."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass
class Action(Node):
    """A pipeline whose value is printed, unless it is given to a variable."""

    pipe: Pipe

    def __str__(self) -> str:
        return "{{" + str(self.pipe) + "}}"


@dataclass
class Branch(Node):
    """A block: if, range or with."""

    kind: OneOf["if", "range", "with"]
    pipe: Pipe
    body: List
    otherwise: List | None

    def __str__(self) -> str:
        otherwise = "" if self.otherwise is None else "{{else}}" + str(self.otherwise)
        return f"{{{{{self.kind} {self.pipe}}}}}{self.body}{otherwise}{{{{end}}}}"


@dataclass
class Leave(Node):
    """The end of a loop, or of one turn of it."""

    kind: OneOf["break", "continue"]

    def __str__(self) -> str:
        return "{{" + self.kind + "}}"


@dataclass
class Call(Node):
    """Another template, run on the value of a pipeline."""

    name: str
    text: str  # the name as it was written
    pipe: Pipe | None

    def __str__(self) -> str:
        pipe = "" if self.pipe is None else f" {self.pipe}"
        return f"{{{{template {self.text}{pipe}}}}}"


Statement = Text | Action | Branch | Leave | Call


def in_parentheses(operand: Operand) -> str:
    """An operand as it stands in a command."""
    return f"({operand})" if isinstance(operand, Pipe) else str(operand)
