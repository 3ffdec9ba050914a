"""The side of a model that deals in text: what turns messages into tokens, and tokens into text.

It is made of the metadata of a GGUF file alone. So it can be had without the weights, which take a
hundred times as long to load.
"""

from dataclasses import dataclass
from functools import cached_property

from pyollama.errors import EngineError, FormatError
from pyollama.grammar import TokenTable
from pyollama.prompt.jinja import ChatTemplate
from pyollama.tokenizer import Tokenizer, load_tokenizer
from pyollama_formats.gguf import GGUFFile, open_gguf

__all__ = ["TextSide", "chat_template", "load_text_side", "read_text_side"]


@dataclass(frozen=True)
class TextSide:
    """The tokenizer of a model, and the chat template of its file."""

    tokenizer: Tokenizer
    template: ChatTemplate

    @cached_property
    def token_table(self) -> TokenTable:
        """The bytes of every token, for answers that keep to a format; made when first wanted."""
        return TokenTable(self.tokenizer.pieces(), self.tokenizer.eog)


def load_text_side(path: str) -> TextSide:
    """Read the text side of a GGUF file, which may take half a second.

    Raises FormatError for a file that is damaged or has no tokenizer, EngineError for one that
    cannot be read or whose template is not valid.
    """
    try:
        with open_gguf(path) as file:
            return read_text_side(file)
    except OSError as error:
        raise EngineError(f"unable to load model: {error}") from error


def read_text_side(file: GGUFFile) -> TextSide:
    """The text side of a file that is open; raises FormatError as `load_text_side` does."""
    tokenizer = load_tokenizer(file.metadata)
    return TextSide(tokenizer, chat_template(file, tokenizer))


def chat_template(file: GGUFFile, tokenizer: Tokenizer) -> ChatTemplate:
    """The file's own chat template. Raises FormatError if it is not text."""
    source = file.metadata.get("tokenizer.chat_template")
    if source is not None and not isinstance(source, str):
        raise FormatError("tokenizer.chat_template is not a string")
    text = {
        "bos_token": "" if tokenizer.bos is None else tokenizer.token(tokenizer.bos),
        "eos_token": "" if tokenizer.eos is None else tokenizer.token(tokenizer.eos),
    }
    return ChatTemplate(source, **text)
