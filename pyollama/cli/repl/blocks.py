'''Texts of several lines between triple quotes: """like this""".'''

from pyollama.cli.repl.conversation import Reader

__all__ = ["QUOTES", "read_block"]

QUOTES = '"""'


def read_block(line: str, reader: Reader) -> str:
    """The text of the block that line begins; lines are read until one ends in quotes."""
    lines = [line.removeprefix(QUOTES)]
    while not lines[-1].endswith(QUOTES):
        lines.append(reader.read(continued=True))
    return "\n".join(lines).removesuffix(QUOTES)
