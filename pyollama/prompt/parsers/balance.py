"""The end of a JSON object, found in text that comes in pieces."""

import re

__all__ = ["Balance"]

INTERESTING = re.compile(r'"|\{+|\}')
STRING_ENDS = re.compile(r'\\|"')


class Balance:
    """Counts braces, from an opening one on; those inside of strings do not count.

    After the end of an object it is ready for the next one.
    """

    def __init__(self) -> None:
        self.depth = 0
        self.in_string = False
        self.is_escaped = False  # the next character is

    def end(self, text: str, at: int) -> int:
        """Look at a text from a place on: where the object ends, or -1 if it needs more text."""
        if self.is_escaped and at < len(text):
            self.is_escaped = False
            at += 1
        while True:
            pattern = STRING_ENDS if self.in_string else INTERESTING
            match = pattern.search(text, at)
            if match is None:
                return -1
            at = match.end()
            if match[0] == "\\":
                self.is_escaped = at == len(text)
                at += 1
            elif match[0] == '"':
                self.in_string = not self.in_string
            else:
                self.depth += -1 if match[0] == "}" else len(match[0])
                if self.depth == 0:
                    return at
