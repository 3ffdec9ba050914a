"""Tokens to trees, by recursive descent: one method for each rule of the language.

A template has a tree of its own, and one for each ``define`` and ``block``. Variables are checked
here: a name has to be declared before it is used, in the block it is used in or around that.
"""

from pyollama.gotemplate import nodes
from pyollama.gotemplate.errors import ParseError
from pyollama.gotemplate.functions import FUNCTIONS
from pyollama.gotemplate.lexer import Kind, Token, tokens
from pyollama.gotemplate.limits import MAX_SOURCE
from pyollama.gotemplate.literals import number, unquoted
from pyollama.gotemplate.printing import quoted

__all__ = ["MAIN", "Trees", "parse"]

MAIN = ""  # the name of the template itself
MAX_VARIABLES = 1000  # that are visible in one place
SHOWN = 10  # characters of a token that an error quotes

Trees = dict[str, nodes.List]
"""The tree of each template by its name."""

OPERANDS = {Kind.BOOL, Kind.CHARACTER, Kind.DOT, Kind.FIELD, Kind.IDENTIFIER, Kind.NUMBER}
OPERANDS |= {Kind.RAW_STRING, Kind.STRING, Kind.VARIABLE, Kind.OPEN}


def parse(source: str) -> Trees:
    """The trees of a template and of those that it defines.

    Raises ParseError with Go's words, and for a text that is too long or nested too deeply.
    """
    if len(source) > MAX_SOURCE:
        raise ParseError("template: it is too long")
    try:
        return Parser(source).run()
    except RecursionError:
        raise ParseError("template: it is nested too deeply") from None


class Parser:
    """A place among the tokens, and what is known there."""

    def __init__(self, source: str) -> None:
        self.tokens = list(tokens(source))
        self.at = 0
        self.trees: Trees = {}
        self.variables = ["$"]
        self.n_range = 0  # how many loops are open
        self.action_line = 0  # where the action began; 0 outside of one

    def run(self) -> Trees:
        """Statements and definitions, up to the end of the text."""
        main = nodes.List(0)
        while self.peek().kind is not Kind.EOF:
            if self._is_definition():
                self._define()
            else:
                main.statements += self._statement(main.statements)
        self._add(MAIN, main)
        return self.trees

    # Tokens

    def next(self) -> Token:
        """The next token, which is passed; the last stays."""
        token = self.tokens[self.at]
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def peek(self) -> Token:
        """The next token."""
        return self.tokens[self.at]

    def peek_word(self) -> Token:
        """The next token that is not white space, before which the place is then."""
        while self.peek().kind is Kind.SPACE:
            self.next()
        return self.peek()

    def next_word(self) -> Token:
        """The next token that is not white space."""
        self.peek_word()
        return self.next()

    def fail(self, message: str, token: Token | None = None) -> ParseError:
        """The error with the line that it is on."""
        line = (token or self.tokens[max(self.at - 1, 0)]).line
        return ParseError(f"template: :{line}: {message}")

    def unexpected(self, token: Token, context: str) -> ParseError:
        """The error for a token that cannot stand here."""
        if token.kind is not Kind.ERROR:
            return self.fail(f"unexpected {shown(token)} in {context}", token)
        extra = ""
        if self.action_line not in (0, token.line):
            extra = f" in action started at :{self.action_line}"
            if token.text.endswith(" action"):
                extra = extra.removeprefix(" in action")
        return self.fail(token.text + extra, token)

    # Definitions

    def _is_definition(self) -> bool:
        """Whether ``{{ define`` comes next."""
        if self.peek().kind is not Kind.LEFT:
            return False
        index = self.at + 1
        while self.tokens[index].kind is Kind.SPACE:
            index += 1
        word = self.tokens[index]
        return word.kind is Kind.KEYWORD and word.text == "define"

    def _define(self) -> None:
        """``{{ define "name" }} … {{ end }}``"""
        self.next()
        self.action_line = self.next_word().line
        name = self._name(self.next_word(), "define clause")
        token = self.next_word()
        if token.kind is not Kind.RIGHT:
            raise self.unexpected(token, "define clause")
        body = self._body("define clause")
        self._add(name, body)

    def _body(self, context: str) -> nodes.List:
        """The statements of another template, which sees none of the variables of this one."""
        outer = self.variables, self.n_range
        self.variables, self.n_range = ["$"], 0
        body, end = self._list()
        if end != "end":
            raise self.fail(f"unexpected {{{{{end}}}}} in {context}")
        self.variables, self.n_range = outer
        return body

    def _name(self, token: Token, context: str) -> str:
        if token.kind not in (Kind.STRING, Kind.RAW_STRING):
            raise self.unexpected(token, context)
        return self._unquoted(token)

    def _add(self, name: str, tree: nodes.List) -> None:
        """Keep a tree; an empty one replaces none, and a full one only an empty one."""
        known = self.trees.get(name)
        if known is not None and not is_empty(known):
            if not is_empty(tree):
                raise self.fail(f"template: multiple definition of template {quoted(name)}")
            return
        self.trees[name] = tree

    # Statements

    def _statement(self, before: list[nodes.Statement]) -> list[nodes.Statement]:
        """A statement of the top, where no block is open to be ended."""
        statement = self._text_or_action()
        if isinstance(statement, str):
            raise self.fail(f"unexpected {{{{{statement}}}}}")
        return [statement]

    def _list(self) -> tuple[nodes.List, str]:
        """The statements of a block, and the word that ends them: end or else."""
        found = nodes.List(self.peek().position)
        while self.peek_word().kind is not Kind.EOF:
            statement = self._text_or_action()
            if isinstance(statement, str):
                return found, statement
            found.statements.append(statement)
        raise self.fail("unexpected EOF", self.peek())

    def _text_or_action(self) -> nodes.Statement | str:
        """A statement, or the word end or else."""
        token = self.next_word()
        if token.kind is Kind.TEXT:
            return nodes.Text(token.position, token.text)
        if token.kind is not Kind.LEFT:
            raise self.unexpected(token, "input")
        self.action_line = token.line
        statement = self._action()
        self.action_line = 0
        return statement

    def _action(self) -> nodes.Statement | str:
        """What stands between two delimiters."""
        token = self.peek_word()
        word = token.text if token.kind is Kind.KEYWORD else ""
        if word in ("if", "range", "with"):
            self.next()
            return self._branch(word)
        if word in ("break", "continue"):
            self.next()
            return self._leave(token)
        if word in ("template", "block"):
            self.next()
            return self._call() if word == "template" else self._block()
        if word == "end":
            self.next()
            self._close("end")
            return "end"
        if word == "else":
            self.next()
            return self._else()
        return nodes.Action(token.position, self._pipeline("command", Kind.RIGHT))

    def _close(self, context: str) -> None:
        """The right delimiter."""
        token = self.next_word()
        if token.kind is not Kind.RIGHT:
            raise self.unexpected(token, context)

    def _else(self) -> str:
        """``{{ else }}``; if or with may follow, and are left to the block."""
        token = self.peek_word()
        if token.kind is Kind.KEYWORD and token.text in ("if", "with"):
            return "else"
        self._close("else")
        return "else"

    def _leave(self, token: Token) -> nodes.Leave:
        """``{{ break }}`` or ``{{ continue }}``"""
        after = self.next_word()
        if after.kind is not Kind.RIGHT:
            raise self.unexpected(after, f"{{{{{token.text}}}}}")
        if not self.n_range:
            raise self.fail(f"{{{{{token.text}}}}} outside {{{{range}}}}")
        return nodes.Leave(token.position, "break" if token.text == "break" else "continue")

    def _branch(self, kind: str) -> nodes.Branch:
        """``{{ if pipeline }} … {{ else }} … {{ end }}``; so are range and with."""
        n_variable = len(self.variables)
        pipe = self._pipeline(kind, Kind.RIGHT)
        self.n_range += kind == "range"
        body, end = self._list()
        self.n_range -= kind == "range"
        otherwise = self._otherwise(kind) if end == "else" else None
        del self.variables[n_variable:]
        if kind == "range":
            return nodes.Branch(pipe.position, "range", pipe, body, otherwise)
        return nodes.Branch(pipe.position, "if" if kind == "if" else "with", pipe, body, otherwise)

    def _otherwise(self, kind: str) -> nodes.List:
        """What follows ``{{ else``: a chained block of the same kind, or a list."""
        token = self.peek_word()
        if token.kind is Kind.KEYWORD:  # in the action of the else itself
            if token.text != kind:
                raise self.unexpected(token, "else")
            self.next()
            return nodes.List(token.position, [self._branch(kind)])
        found, end = self._list()
        if end != "end":
            raise self.fail("expected end; found {{else}}")
        return found

    def _call(self) -> nodes.Call:
        """``{{ template "name" pipeline }}``"""
        token = self.next_word()
        name = self._name(token, "template clause")
        pipe = None
        if self.peek_word().kind is Kind.RIGHT:
            self.next()
        else:
            pipe = self._pipeline("template clause", Kind.RIGHT)
        return nodes.Call(token.position, name, token.text, pipe)

    def _block(self) -> nodes.Call:
        """``{{ block "name" pipeline }} … {{ end }}``: a definition and its call."""
        token = self.next_word()
        name = self._name(token, "block clause")
        pipe = self._pipeline("block clause", Kind.RIGHT)
        body = self._body("block clause")
        self._add(name, body)
        return nodes.Call(token.position, name, token.text, pipe)

    # Pipelines

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


def is_empty(tree: nodes.List) -> bool:
    """Whether a template holds nothing but white space."""
    return all(isinstance(s, nodes.Text) and not s.text.strip() for s in tree.statements)


def shown(token: Token) -> str:
    """A token as errors name it."""
    if token.kind is Kind.EOF:
        return "EOF"
    if token.kind is Kind.KEYWORD:
        return f"<{token.text}>"
    if len(token.text) > SHOWN:
        return quoted(token.text[:SHOWN]) + "..."
    return quoted(token.text)
