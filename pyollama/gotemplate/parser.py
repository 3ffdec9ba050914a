"""Tokens to trees, by recursive descent: one method for each rule of the language.

A template has a tree of its own, and one for each ``define`` and ``block``. Here are statements and
definitions; what stands inside of an action is in ``pipelines``.
"""

from pyollama.gotemplate import nodes
from pyollama.gotemplate.errors import ParseError
from pyollama.gotemplate.lexer import Kind, Token
from pyollama.gotemplate.limits import MAX_SOURCE
from pyollama.gotemplate.pipelines import PipelineParser
from pyollama.gotemplate.printing import quoted

__all__ = ["MAIN", "Trees", "parse"]

MAIN = ""  # the name of the template itself

Trees = dict[str, nodes.List]
"""The tree of each template by its name."""


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


class Parser(PipelineParser):
    """Parses one template."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.trees: Trees = {}
        self.n_range = 0  # how many loops are open

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


def is_empty(tree: nodes.List) -> bool:
    """Whether a template holds nothing but white space."""
    return all(isinstance(s, nodes.Text) and not s.text.strip() for s in tree.statements)
