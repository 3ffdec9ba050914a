"""Definitions of a grammar, collected one by one and printed as Lark text.

Two kinds: a terminal is a regular expression, which the lexer matches as a whole and at its
longest; a rule is made of terminals and rules. llguidance tells them apart by case.
"""

from pyollama.grammar.errors import GrammarError

MAX_DEFINITIONS = 8_000  # llguidance takes about 50 us for each
MAX_TEXT = 1_000_000  # characters of all definitions


class Definitions:
    """A grammar in the making. Raises GrammarError once it grows too large."""

    def __init__(self) -> None:
        self._terminals: dict[str, str] = {}  # body: name
        self._rules: dict[str, str] = {}  # name: body
        self._n_rule = 0
        self._n_character = 0

    def terminal(self, body: str) -> str:
        """The name of the terminal with that body; equal ones are one."""
        if body not in self._terminals:
            self._count(body)
            self._terminals[body] = f"T{len(self._terminals)}"
        return self._terminals[body]

    def expression(self, regex: str) -> str:
        """The name of the terminal that a regular expression defines."""
        assert "/" not in regex, "a slash ends an expression: write it as a code point"
        return self.terminal(f"/{regex}/")

    def new_rule(self) -> str:
        """A name for a rule that is defined later, so that it can refer to itself."""
        self._n_rule += 1
        return f"r{self._n_rule}"

    def define(self, name: str, body: str) -> None:
        """Say what a rule is made of."""
        self._count(body)
        self._rules[name] = body

    def rule(self, body: str) -> str:
        """The name of a new rule with that body."""
        name = self.new_rule()
        self.define(name, body)
        return name

    def text(self, start: str) -> str:
        """The grammar whose texts are those of one symbol."""
        lines = [f"start: {start}"]
        lines += [f"{name}: {body}" for name, body in self._rules.items()]
        lines += [f"{name}: {body}" for body, name in self._terminals.items()]
        return "\n".join(lines) + "\n"

    def _count(self, body: str) -> None:
        self._n_character += len(body)
        if (
            len(self._terminals) + len(self._rules) >= MAX_DEFINITIONS
            or self._n_character > MAX_TEXT
        ):
            raise GrammarError("the grammar of this schema is too large")
