"""A place among the tokens, and the errors that name it."""

from pyollama.gotemplate.errors import ParseError
from pyollama.gotemplate.lexer import Kind, Token, tokens
from pyollama.gotemplate.printing import quoted

__all__ = ["TokenReader"]

SHOWN = 10  # characters of a token that an error quotes


class TokenReader:
    """The tokens of a template, read one by one."""

    def __init__(self, source: str) -> None:
        self.tokens = list(tokens(source))
        self.at = 0
        self.action_line = 0  # where the action began; 0 outside of one

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


def shown(token: Token) -> str:
    """A token as errors name it."""
    if token.kind is Kind.EOF:
        return "EOF"
    if token.kind is Kind.KEYWORD:
        return f"<{token.text}>"
    if len(token.text) > SHOWN:
        return quoted(token.text[:SHOWN]) + "..."
    return quoted(token.text)
