"""Text from tokens as they are generated, one by one."""

from collections.abc import Collection

from pyollama.tokenizer.base import Tokenizer
from pyollama.tokenizer.utf8 import incremental_decoder


class StreamDecoder:
    """Turns token ids into text that never ends in half a character.

    preserved: ids of control tokens whose text is wanted nevertheless (tool and thinking marks).
    """

    def __init__(self, tokenizer: Tokenizer, preserved: Collection[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._preserved = frozenset(preserved)
        self._decoder = incremental_decoder()

    def push(self, id: int) -> str:
        """The characters that this token completes."""
        return self._decoder.decode(self._tokenizer.piece(id, special=id in self._preserved))

    def flush(self) -> str:
        """What is left when no token follows: U+FFFD for each byte of an unfinished character."""
        return self._decoder.decode(b"", final=True)
