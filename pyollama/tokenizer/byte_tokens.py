"""Spellings that SentencePiece-like vocabularies have for spaces and for single bytes."""

SPACE_MARK = "▁"


def byte_name(byte: int) -> str:
    """The text of a byte's token: `<0x0A>` for a newline."""
    return f"<0x{byte:02X}>"


def byte_value(text: str) -> bytes:
    """The byte that a token `<0xHH>` names; none if the text is something else."""
    try:
        return bytes([int(text[3:5], 16)])
    except ValueError:
        return b""
