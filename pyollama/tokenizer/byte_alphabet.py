"""GPT-2's alphabet: every byte as a printable character, so that tokens are text without spaces.

Bytes that are printable in Latin-1 stand for themselves; the other 68 become U+0100, U+0101, …
in ascending order (a space is Ġ, a newline Ċ).
"""

from pyollama.tokenizer.slices import slices


def _alphabet() -> dict[int, str]:
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {
        byte: chr(256 + place) for place, byte in enumerate(others)
    }


CHARACTERS = _alphabet()  # byte -> character
BYTES = {character: byte for byte, character in CHARACTERS.items()}


def to_alphabet(text: str) -> str:
    """The UTF-8 bytes of a text, written in the alphabet."""
    return "".join(map(_slice_to_alphabet, slices(text)))


def _slice_to_alphabet(text: str) -> str:
    # Latin-1 gives each byte the character of its number; translate then maps all at C speed.
    return text.encode().decode("latin-1").translate(CHARACTERS)


def from_alphabet(text: str) -> bytes:
    """The bytes that a text in the alphabet stands for.

    Characters outside the alphabet come out as llama.cpp writes them.
    """
    return b"".join(
        bytes([BYTES[character]]) if character in BYTES else _unknown(character, text)
        for character in text
    )


def _unknown(character: str, text: str) -> bytes:
    return f"[UNK_BYTE_0x{character.encode().hex()}{text}]".encode()
