"""Pipelines: commands with ``|`` between them, made of operands; and the variables they declare.

Variables are checked here: a name has to be declared before it is used, in the block it is used in
or around that.
"""

from pyollama.gotemplate import nodes
from pyollama.gotemplate.functions import FUNCTIONS
from pyollama.gotemplate.lexer import Kind, Token
from pyollama.gotemplate.literals import number, unquoted
from pyollama.gotemplate.printing import quoted
from pyollama.gotemplate.reading import TokenReader

__all__ = ["PipelineParser"]

MAX_VARIABLES = 1000  # that are visible in one place

OPERANDS = {Kind.BOOL, Kind.CHARACTER, Kind.DOT, Kind.FIELD, Kind.IDENTIFIER, Kind.NUMBER}
OPERANDS |= {Kind.RAW_STRING, Kind.STRING, Kind.VARIABLE, Kind.OPEN}


class PipelineParser(TokenReader):
    """What stands inside of an action; one method for each rule."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.variables = ["$"]

    def _pipeline(self, context: str, end: Kind) -> nodes.Pipe:
        """Declarations, then commands with ``|`` between them."""
        pipe = nodes.Pipe(self.peek_word().position, [], assigns=False)
        self._declarations(pipe, context)
        while True:
            token = self.peek_word()
            if token.kind is end:
                self.next()
                self._check(pipe, context)
                return pipe
            is_nil = token.kind is Kind.KEYWORD and token.text == "nil"
            if token.kind not in OPERANDS and not is_nil:
                raise self.unexpected(self.next(), context)
            pipe.commands.append(self._command())

    def _declarations(self, pipe: nodes.Pipe, context: str) -> None:
        """``$x :=``, ``$x =``, and in a range ``$i, $x :=``."""
        while self.peek_word().kind is Kind.VARIABLE:
            start = self.at
            name = self.next().text
            token = self.peek_word()
            if token.kind not in (Kind.DECLARE, Kind.ASSIGN) and token.text != ",":
                self.at = start
                return
            self.next()
            pipe.declared.append(name)
            self.variables.append(name)
            if len(self.variables) > MAX_VARIABLES:
                raise self.fail("too many variables")
            if token.text != ",":
                pipe.assigns = token.kind is Kind.ASSIGN
                return
            self._check_list(pipe, context)

    def _check_list(self, pipe: nodes.Pipe, context: str) -> None:
        """After a comma: only a range declares two variables."""
        if context != "range" or len(pipe.declared) > 1:
            raise self.fail(f"too many declarations in {context}")
        if self.peek_word().kind not in (Kind.VARIABLE, Kind.RIGHT, Kind.CLOSE):
            raise self.fail("range can only initialize variables")

    def _check(self, pipe: nodes.Pipe, context: str) -> None:
        """Each command but the first has to be able to take a value."""
        if not pipe.commands:
            raise self.fail(f"missing value for {context}")
        for stage, command in enumerate(pipe.commands[1:], 2):
            if isinstance(command.operands[0], nodes.Literal | nodes.Dot | nodes.Nil):
                raise self.fail(f"non executable command in pipeline stage {stage}")

    def _command(self) -> nodes.Command:
        """Operands with white space between them."""
        command = nodes.Command(self.peek_word().position)
        while True:
            self.peek_word()
            operand = self._operand()
            if operand is not None:
                command.operands.append(operand)
            token = self.peek()
            if token.kind is Kind.SPACE:
                self.next()
                continue
            if token.kind is Kind.PIPE:
                self.next()
            elif token.kind not in (Kind.RIGHT, Kind.CLOSE):
                raise self.unexpected(self.next(), "operand")
            break
        if not command.operands:
            raise self.fail("empty command")
        return command

    def _operand(self) -> nodes.Operand | None:
        """A term and the fields that are asked of it; None if none is here."""
        term = self._term()
        if term is None or self.peek().kind is not Kind.FIELD:
            return term
        position = self.peek().position
        names: list[str] = []
        while self.peek().kind is Kind.FIELD:
            names.append(self.next().text[1:])
        if isinstance(term, nodes.Field):
            return nodes.Field(position, term.names + names)
        if isinstance(term, nodes.Variable):
            return nodes.Variable(position, term.name, names)
        if isinstance(term, nodes.Literal | nodes.Dot | nodes.Nil):
            raise self.fail(f"unexpected . after term {quoted(str(term))}")
        return nodes.Chain(position, term, names)

    def _term(self) -> nodes.Operand | None:
        """One constant, name, or pipeline in parentheses."""
        token = self.peek()
        if token.kind is Kind.KEYWORD and token.text == "nil":
            self.next()
            return nodes.Nil(token.position)
        if token.kind not in OPERANDS:
            return None
        self.next()
        if token.kind is Kind.OPEN:
            return self._pipeline("parenthesized pipeline", Kind.CLOSE)
        if token.kind is Kind.DOT:
            return nodes.Dot(token.position)
        if token.kind is Kind.FIELD:
            return nodes.Field(token.position, [token.text[1:]])
        if token.kind is Kind.VARIABLE:
            return self._variable(token)
        if token.kind is Kind.IDENTIFIER:
            return self._function(token)
        return nodes.Literal(token.position, self._constant(token), token.text)

    def _variable(self, token: Token) -> nodes.Variable:
        if token.text not in self.variables:
            raise self.fail(f"undefined variable {quoted(token.text)}", token)
        return nodes.Variable(token.position, token.text, [])

    def _function(self, token: Token) -> nodes.Function:
        if token.text not in FUNCTIONS:
            raise self.fail(f"function {quoted(token.text)} not defined", token)
        return nodes.Function(token.position, token.text)

    def _constant(self, token: Token) -> bool | int | float | str:
        if token.kind is Kind.BOOL:
            return token.text == "true"
        if token.kind in (Kind.STRING, Kind.RAW_STRING):
            return self._unquoted(token)
        try:
            return number(token.text)
        except ValueError as error:
            raise self.fail(str(error), token) from None

    def _unquoted(self, token: Token) -> str:
        try:
            return unquoted(token.text)
        except ValueError as error:
            raise self.fail(str(error), token) from None
