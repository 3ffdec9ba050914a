"""The values without structure, as regular expressions; each ends in the white space after it.

A value is one lexeme: its white space belongs to it, so that a reader of the grammar, and the
parser, has nothing but values and punctuation to tell apart.
"""

SPACE = r"(?: |\n{1,2}[ \t]{0,20})?"

CHARACTER = r'(?:[^"\\\x7F\x00-\x1F]|\\(?:["\\bfnrt]|u[0-9a-fA-F]{4}))'
QUOTED = f'"{CHARACTER}*"'
INTEGRAL = "(?:0|[1-9][0-9]{0,15})"

TIME_OF_DAY = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{3})?"
OFFSET = r"(?:Z|[+\-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
DATE = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
TIME = TIME_OF_DAY + OFFSET
UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def with_space(expression: str) -> str:
    """An expression, and the white space that may follow."""
    return f"(?:{expression}){SPACE}"


PRIMITIVES = {
    "string": with_space(QUOTED),
    "number": with_space(rf"-?{INTEGRAL}(?:\.[0-9]{{1,16}})?(?:[eE][+\-]?{INTEGRAL})?"),
    "integer": with_space(f"-?{INTEGRAL}"),
    "boolean": with_space("true|false"),
    "null": with_space("null"),
}

FORMATS = {
    "date": with_space(f'"{DATE}"'),
    "time": with_space(f'"{TIME}"'),
    "date-time": with_space(f'"{DATE}T{TIME}"'),
    **{f"uuid{version}": with_space(f'"{UUID}"') for version in ("", 1, 2, 3, 4, 5)},
}
"""What the keyword `format` of a string can ask for; other formats are ignored."""


def bounded_string(shortest: int, longest: int | None) -> str:
    """Strings by their number of characters."""
    return with_space(f'"{CHARACTER}{{{shortest},{"" if longest is None else longest}}}"')
